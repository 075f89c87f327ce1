// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "catch.hpp"
#include "sim/rtl/rtl_models.hpp"
#include "sim/witness/fidelity.hpp"

using namespace systole;

TEST_CASE("random chips have every size that RTL is built for") {
  // The list does not depend on the build, so that a seed draws the same chips everywhere.
  const std::vector<ArraySize> sizes = array_sizes();
  for (const RtlModel& model : rtl_models()) {
    INFO(model.rows << " x " << model.cols);
    CHECK(std::any_of(sizes.begin(), sizes.end(), [&](const ArraySize& size) {
      return size.rows == model.rows && size.cols == model.cols;
    }));
  }
  CHECK(sizes.size() > 1);
}
