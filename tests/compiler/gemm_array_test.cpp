// SPDX-License-Identifier: Apache-2.0
#include "compiler/gemm_array.hpp"

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "isa/timing.hpp"

using namespace systole;

namespace {

// R = 8 rows by C = 6 columns.
ChipSpec chip_of(Dataflow dataflow, bool shadow) {
  ChipSpec chip = load_chip("tiny-4x4", {"mxu.rows=8", "mxu.cols=6"}).spec;
  chip.mxu.dataflow = dataflow;
  chip.mxu.shadow_weights = shadow;
  return chip;
}

GemmShape shape_of(std::int64_t m, std::int64_t k, std::int64_t n) {
  GemmShape shape;
  shape.m = m, shape.k = k, shape.n = n;
  shape.epilogue = {VectorOp::kCopy};
  return shape;
}

// One tile: M rows, all column blocks, K in blocks of `block_k`.
GemmMapping one_tile(const GemmShape& shape, std::int64_t block_k) {
  GemmMapping g;
  g.m = shape.m, g.n = shape.n, g.k = shape.k;
  g.mxu_m = shape.m;
  g.col_blocks = ceil_div(shape.n, 6);
  g.block_k = block_k;
  return g;
}

}  // namespace

TEST_CASE("without shadow weights the array's work is the weight-stationary closed form") {
  const ChipSpec chip = chip_of(Dataflow::kWeightStationary, false);
  for (const std::int64_t m : {1, 8, 100}) {
    for (const std::int64_t k : {1, 8, 9, 50}) {
      for (const std::int64_t n : {1, 6, 7, 40}) {
        const GemmShape shape = shape_of(m, k, n);
        const ArrayWork work = array_work(chip, shape, one_tile(shape, round_up(k, 8)));
        const std::int64_t folds = ceil_div(k, 8) * ceil_div(n, 6);
        const Cycles hidden = std::max<Cycles>(8 - m, 0);  // rows fewer than the load's lines
        CHECK(work.folds == folds);
        CHECK(work.cycles == folds * (2 * 8 + 6 + m - 2 + hidden));
      }
    }
  }
}

TEST_CASE("without shadow weights an output-stationary fold pays its unload") {
  const ChipSpec chip = chip_of(Dataflow::kOutputStationary, false);
  for (const std::int64_t m : {1, 8, 9, 50}) {
    for (const std::int64_t k : {1, 8, 100}) {
      for (const std::int64_t n : {1, 6, 7, 40}) {
        const GemmShape shape = shape_of(m, k, n);
        const ArrayWork work = array_work(chip, shape, one_tile(shape, k));
        const std::int64_t folds = ceil_div(m, 8) * ceil_div(n, 6);
        CHECK(work.folds == folds);
        CHECK(work.cycles == folds * (k + unload_cycles(8, 6)));
      }
    }
  }
}

TEST_CASE("with shadow weights a fold takes its steps or the shift chain's rows") {
  const ChipSpec chip = chip_of(Dataflow::kOutputStationary, true);
  for (const std::int64_t k : {1, 7, 8, 9, 100}) {
    const GemmShape shape = shape_of(16, k, 12);
    CHECK(array_work(chip, shape, one_tile(shape, k)).cycles == 4 * std::max<Cycles>(k, 8));
  }
}

TEST_CASE("sums of several blocks leave the array after each K block, those of one only once") {
  const ChipSpec chip = chip_of(Dataflow::kOutputStationary, false);
  const GemmShape four = shape_of(16, 40, 12);
  CHECK(array_work(chip, four, one_tile(four, 10)).cycles == 4 * (40 + 4 * unload_cycles(8, 6)));
  const GemmShape one = shape_of(8, 40, 6);
  CHECK(array_work(chip, one, one_tile(one, 10)).cycles == 40 + unload_cycles(8, 6));
  CHECK(array_work(chip, one, one_tile(one, 10)).folds == 4);
}

TEST_CASE("the MXU with the most blocks counts") {
  ChipSpec chip = chip_of(Dataflow::kOutputStationary, true);
  chip.mxu.count = 4;
  const GemmShape shape = shape_of(50, 100, 40);  // 7 x 7 blocks of 8 x 6
  GemmMapping g = one_tile(shape, 100);
  g.split_m = g.split_n = 2;
  g.mxu_m = 16;      // tiles of 32 rows: 2 + 2 blocks, then 2 + 1
  g.col_blocks = 2;  // tiles of 4 blocks: 2 + 2, then 2 + 1
  CHECK(array_work(chip, shape, g).cycles == (2 + 2) * (2 + 2) * 100);
  CHECK(array_work(chip, shape, g).folds == 16);
}

TEST_CASE("steps wider than the port take a cycle per port width") {
  ChipSpec chip = chip_of(Dataflow::kOutputStationary, true);
  const GemmShape shape = shape_of(8, 100, 6);
  chip.vmem.port_width = 16;  // a column of lhs: 8 elements of 2 bytes
  CHECK(array_work(chip, shape, one_tile(shape, 100)).cycles == 100);
  chip.vmem.port_width = 15;
  CHECK(array_work(chip, shape, one_tile(shape, 100)).cycles == 200);
}

TEST_CASE("a PE of several MACs takes as many elements of K in a step") {
  ChipSpec chip = chip_of(Dataflow::kOutputStationary, true);
  chip.mxu.macs_bf16 = 4;
  const GemmShape shape = shape_of(8, 101, 6);
  CHECK(array_work(chip, shape, one_tile(shape, 104)).cycles == 26 * 2);  // 64 B of 32 B ports
}
