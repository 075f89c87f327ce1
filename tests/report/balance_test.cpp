// SPDX-License-Identifier: Apache-2.0
#include "sim/report/balance.hpp"

#include "catch.hpp"

using namespace systole;

namespace {

UnitResult unit(const std::string& name, Cycles busy) {
  return {name, {{"busy", busy}, {"wait:core0.dma0", 1000 - busy}}, 0};
}

}  // namespace

TEST_CASE("busy cycles of a core are those of its units, by kind; memories are no core's") {
  const Balance balance =
      balance_of({unit("core0.sequencer", 9), unit("core0.mxu0", 100), unit("core0.mxu1", 60),
                  unit("core0.vpu", 7), unit("core0.xlu0", 2), unit("core0.xlu1", 3),
                  unit("core0.dma0", 10), unit("core1.mxu0", 80), unit("core1.mxu1", 80),
                  unit("core1.vpu", 1), unit("hbm.ch0", 500), unit("cmem.port0", 400)});
  REQUIRE(balance.cores.size() == 2);
  CHECK(balance.cores[0].name == "core0");
  CHECK((balance.cores[0].mxu == 160 && balance.cores[0].vpu == 7));
  CHECK((balance.cores[0].xlu == 5 && balance.cores[0].dma == 10));
  CHECK((balance.cores[1].name == "core1" && balance.cores[1].mxu == 160));
  CHECK(balance.of_cores == 1.0);
  CHECK(balance.of_mxus == 0.6);
}

TEST_CASE("where no MXU works, cores are compared by their VPUs") {
  const Balance balance = balance_of(
      {unit("core0.mxu0", 0), unit("core0.vpu", 40), unit("core1.mxu0", 0), unit("core1.vpu", 10)});
  CHECK(balance.of_cores == 0.25);
  CHECK_FALSE(balance.of_mxus.has_value());
}

TEST_CASE("a core without work is at 0, and nothing is compared where none has any") {
  CHECK(balance_of({unit("core0.mxu0", 5), unit("core1.mxu0", 0)}).of_cores == 0.0);
  CHECK(balance_of({unit("core0.mxu0", 5), unit("core1.mxu0", 0)}).of_mxus == 0.0);
  const Balance none = balance_of({unit("core0.mxu0", 0), unit("core0.vpu", 0)});
  CHECK_FALSE(none.of_cores.has_value());
  CHECK_FALSE(none.of_mxus.has_value());
}

TEST_CASE("a single unit is even with itself") {
  const Balance balance = balance_of({unit("core0.mxu0", 5)});
  CHECK(balance.of_cores == 1.0);
  CHECK(balance.of_mxus == 1.0);
}
