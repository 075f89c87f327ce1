// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "pe/compare.hpp"

using namespace systole;

namespace {

ChipSpec ws_chip(bool shadow = true, std::int64_t lines = 1) {
  ChipSpec chip = pe_chip(4, 3);
  chip.mxu.shadow_weights = shadow;
  chip.mxu.weight_rows_per_cycle = lines;
  return chip;
}

}  // namespace

TEST_CASE("a matmul takes the same cycles and gives the same sums with a module per PE") {
  for (const std::int64_t m : {1, 3, 4, 5, 20}) {
    check_same(ws_chip(), MxuBench(ws_chip()).wload(4, 3).matmul(m, 4, 3).finish());
  }
}

TEST_CASE("partial tiles pass through all PEs") {
  for (const std::int64_t depth : {1, 3, 4}) {
    for (const std::int64_t cols : {1, 2, 3}) {
      check_same(ws_chip(), MxuBench(ws_chip()).wload(depth, cols).matmul(5, depth, cols).finish());
    }
  }
  // A matmul may use less than was loaded.
  check_same(ws_chip(), MxuBench(ws_chip()).wload(4, 3).matmul(5, 2, 1).finish());
}

TEST_CASE("matmuls with the same weights follow each other without a gap at every PE") {
  MxuBench bench(ws_chip());
  bench.wload(4, 3).matmul(2, 4, 3).matmul(1, 4, 3, true, 2).matmul(7, 4, 3, true, 3);
  check_same(ws_chip(), bench.finish());
}

TEST_CASE("the swap of weights travels with the wavefront") {
  for (const bool shadow : {true, false}) {
    for (const std::int64_t lines : {1, 2, 3, 4, 9}) {
      for (const std::int64_t m : {1, 2, 3, 4, 5, 9}) {
        const ChipSpec chip = ws_chip(shadow, lines);
        MxuBench bench(chip);
        for (std::int64_t tile = 0; tile < 4; ++tile) {
          bench.wload(4, 3, 24 * tile).matmul(m, 4, 3, tile % 2 == 0, tile / 2 * 16);
        }
        check_same(chip, bench.finish());
      }
    }
  }
}

TEST_CASE("transposed and plain weight loads follow each other") {
  for (const bool shadow : {true, false}) {
    for (const std::int64_t lines : {1, 2, 5}) {
      const ChipSpec chip = ws_chip(shadow, lines);
      MxuBench bench(chip);
      bench.wloadt(4, 3).matmul(2, 4, 3).wload(4, 3, 24).matmul(1, 4, 3, false);
      bench.wloadt(3, 2, 64).wload(4, 3, 24).wloadt(2, 3, 96).matmul(3, 2, 3, true, 8);
      check_same(chip, bench.finish());
    }
  }
}

TEST_CASE("weights that nothing used are loaded over") {
  for (const bool shadow : {true, false}) {
    const ChipSpec chip = ws_chip(shadow);
    check_same(chip, MxuBench(chip).wload(4, 3).wload(4, 3, 24).matmul(2, 4, 3).finish());
  }
}

TEST_CASE("a chain adds to the accumulators row after row") {
  MxuBench bench(ws_chip());
  bench.wload(4, 3).matmul(1, 4, 3);
  for (int k = 0; k < 5; ++k) bench.matmul(1, 4, 3, false);
  check_same(ws_chip(), bench.finish());
}

TEST_CASE("int8 wraps around and takes two MACs per PE") {
  const ChipSpec chip = ws_chip();  // macs_int8 is 2
  MxuBench bench(chip, DataType::kInt8);
  bench.wload(8, 3).matmul(6, 8, 3).wload(7, 2, 48).matmul(6, 5, 2, false).matmul(2, 7, 2, true, 8);
  check_same(chip, bench.finish());
}

TEST_CASE("operands wider than the port enter in the last cycle of their interval") {
  for (const Bytes port : {1, 2, 3, 5, 6, 7, 8}) {
    for (const std::int64_t lines : {1, 3}) {
      for (const bool shadow : {true, false}) {
        ChipSpec chip = ws_chip(shadow, lines);
        chip.vmem.port_width = port;
        MxuBench bench(chip);
        bench.wload(4, 3).matmul(3, 4, 3).wload(4, 3, 24).matmul(2, 4, 3, false);
        bench.wloadt(4, 3, 64).matmul(2, 4, 3, true, 8);
        check_same(chip, bench.finish());
      }
    }
  }
}

TEST_CASE("arrays of one row, one column and one PE work") {
  for (const auto& [rows, cols] : {std::pair{1, 1}, {1, 5}, {5, 1}}) {
    ChipSpec chip = pe_chip(rows, cols);
    for (const bool shadow : {true, false}) {
      chip.mxu.shadow_weights = shadow;
      MxuBench bench(chip);
      bench.wload(rows, cols).matmul(3, rows, cols).wloadt(rows, cols, 64);
      bench.matmul(1, rows, cols, false).matmul(2, rows, cols, true, 4);
      check_same(chip, bench.finish());
    }
  }
}

TEST_CASE("two MXUs have accumulators and weights of their own") {
  MxuBench bench(ws_chip());
  bench.wload(4, 3).wload(4, 3, 24, kMxu1).matmul(5, 4, 3);
  bench.matmul(7, 4, 3, true, 0, 8192, kMxu1).wload(4, 3, 64).matmul(2, 4, 3, false);
  check_same(ws_chip(), bench.finish());
}

TEST_CASE("fp8 products add up in fp32 in every PE") {
  for (const DataType type : {DataType::kFp8E4m3, DataType::kFp8E5m2}) {
    ChipSpec chip = ws_chip();
    chip.mxu.macs_fp8 = 3;
    MxuBench bench(chip, type);
    bench.wload(12, 3).matmul(6, 11, 3).wloadt(5, 2, 48).matmul(6, 5, 2, false);
    check_same(chip, bench.finish());
    chip.mxu.dataflow = Dataflow::kOutputStationary;
    MxuBench stationary(chip, type);
    stationary.multiply(4, 11, 3).unload(4, 3).multiply<MultiplyTransposed>(2, 4, 3);
    check_same(chip, stationary.unload(2, 3, false).finish());
  }
}
