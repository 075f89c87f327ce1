// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "pe/compare.hpp"

using namespace systole;

namespace {

ChipSpec os_chip(bool shadow = true) {
  ChipSpec chip = pe_chip(4, 3);
  chip.mxu.dataflow = Dataflow::kOutputStationary;
  chip.mxu.shadow_weights = shadow;
  return chip;
}

}  // namespace

TEST_CASE("a multiply and its unload take the same cycles with a module per PE") {
  for (const std::int64_t depth : {1, 2, 5, 30}) {
    for (const std::int64_t rows : {1, 3, 4}) {
      MxuBench bench(os_chip());
      bench.multiply(rows, depth, 3).unload(rows, 3);
      check_same(os_chip(), bench.finish());
    }
  }
}

TEST_CASE("partial sums are unloaded in part") {
  MxuBench bench(os_chip());
  bench.multiply(3, 4, 2).unload(2, 1).multiply(4, 4, 3).unload(4, 2, false, 1);
  check_same(os_chip(), bench.finish());
}

TEST_CASE("an unload hides behind the next multiply of at least as many steps as rows") {
  for (const bool shadow : {true, false}) {
    for (const std::int64_t depth : {1, 2, 3, 4, 5, 9}) {
      MxuBench bench(os_chip(shadow));
      for (std::int64_t tile = 0; tile < 4; ++tile) {
        bench.multiply(4, depth, 3).unload(4, 3, tile % 2 == 0, tile / 2 * 8);
      }
      check_same(os_chip(shadow), bench.finish());
    }
  }
}

TEST_CASE("multiplies go on with their sums") {
  MxuBench bench(os_chip());
  bench.multiply(4, 3, 3).multiply(4, 1, 3, false).multiply(4, 6, 3, false).unload(4, 3);
  bench.multiply<MultiplyTransposed>(4, 6, 3).multiply(4, 2, 3, false).unload(4, 3, false);
  check_same(os_chip(), bench.finish());
}

TEST_CASE("int8 takes two MACs per PE and step") {
  MxuBench bench(os_chip(), DataType::kInt8);
  bench.multiply(4, 7, 3).unload(4, 3).multiply(2, 1, 3).multiply(2, 4, 3, false);
  bench.unload(2, 3, false);
  check_same(os_chip(), bench.finish());
}

TEST_CASE("steps wider than the port enter in the last cycle of their interval") {
  for (const Bytes port : {1, 3, 5, 6, 7, 8}) {
    for (const bool shadow : {true, false}) {
      ChipSpec chip = os_chip(shadow);
      chip.vmem.port_width = port;
      MxuBench bench(chip);
      bench.multiply(4, 3, 3).unload(4, 3).multiply(1, 5, 3).unload(1, 3, false);
      check_same(chip, bench.finish());
    }
  }
}

TEST_CASE("output-stationary arrays of one row, one column and one PE work") {
  for (const auto& [rows, cols] : {std::pair{1, 1}, {1, 5}, {5, 1}}) {
    for (const bool shadow : {true, false}) {
      ChipSpec chip = pe_chip(rows, cols);
      chip.mxu.dataflow = Dataflow::kOutputStationary;
      chip.mxu.shadow_weights = shadow;
      MxuBench bench(chip);
      bench.multiply(rows, 3, cols).unload(rows, cols).multiply(rows, 1, cols);
      bench.multiply(rows, 1, cols, false).unload(rows, cols, false);
      check_same(chip, bench.finish());
    }
  }
}
