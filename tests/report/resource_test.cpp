// SPDX-License-Identifier: Apache-2.0
#include "sim/report/resource.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("the kind of a unit is its name without core and number") {
  CHECK(unit_kind("core0.mxu12") == "mxu");
  CHECK(unit_kind("core0.vpu") == "vpu");
  CHECK(unit_kind("core10.sequencer") == "sequencer");
  CHECK(unit_kind("hbm.ch3") == "hbm");
  CHECK(unit_kind("") == "");
}

TEST_CASE("the largest demand binds, and none where nothing is needed") {
  CHECK(Demand{2, 1, 1, 1}.binding() == Resource::kMxu);
  CHECK(Demand{1, 2, 1, 1}.binding() == Resource::kVpu);
  CHECK(Demand{1, 1, 2, 1}.binding() == Resource::kXlu);
  CHECK(Demand{1, 1, 1, 2}.binding() == Resource::kHbm);
  CHECK(Demand{}.binding() == Resource::kLatency);
}

TEST_CASE("rows of the resource table are in the enumerators' order") {
  for (std::size_t k = 0; k < kResources.size(); ++k) {
    CHECK(static_cast<std::size_t>(kResources[k].value) == k);
  }
}
