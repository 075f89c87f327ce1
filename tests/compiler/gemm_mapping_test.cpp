// SPDX-License-Identifier: Apache-2.0
#include "compiler/gemm_mapping.hpp"

#include <fmt/format.h>

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

GemmShape shape_of(std::int64_t m, std::int64_t k, std::int64_t n,
                   DataType type = DataType::kBf16) {
  GemmShape shape;
  shape.m = m, shape.k = k, shape.n = n;
  shape.type = shape.out_type = type;
  shape.epilogue = {VectorOp::kCopy};
  return shape;
}

// What the buffers of a mapping take, as the kernel lays them out: rings of lhs blocks, weight
// blocks and finished parts, and two places for each operand of the epilogue.
Bytes vmem_of(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& g) {
  const Bytes in = size_of(shape.type);
  const std::int64_t tile_n = g.col_blocks * g.split_n * chip.mxu.cols;
  const std::int64_t tile_m = g.mxu_m * g.split_m;
  Bytes bytes = g.lhs_slots * tile_m * g.block_k * in;
  if (chip.mxu.weight_fifo == 0) bytes += g.rhs_slots * tile_n * g.block_k * in;
  bytes += g.out_slots * g.mxu_m * g.col_blocks * chip.mxu.cols * size_of(shape.out_type);
  bytes += 2 * (tile_n * shape.row_operand_bytes + tile_m * tile_n * shape.full_operand_bytes);
  return bytes;
}

void check_mapping(const ChipSpec& chip, const GemmShape& shape, Bytes vmem) {
  INFO(fmt::format("{}: {}x{}x{} {} in {} bytes, {} MXUs", chip.name, shape.m, shape.k, shape.n,
                   name_of(shape.type), vmem, chip.mxu.count));
  const GemmMapping g = map_gemm(chip, shape, vmem, "op");
  INFO(describe(g, chip));
  CHECK((g.m == shape.m && g.n == shape.n && g.k == shape.k));
  CHECK(g.split_m * g.split_n == chip.mxu.count);
  REQUIRE((g.mxu_m >= 1 && g.col_blocks >= 1 && g.block_k >= 1));

  // Every element lies in a tile, and no tile is empty.
  CHECK((g.tiles_m() * g.tile_m() >= g.m && (g.tiles_m() - 1) * g.tile_m() < g.m));
  CHECK((g.tiles_n(chip.mxu) * g.tile_n(chip.mxu) >= g.n &&
         (g.tiles_n(chip.mxu) - 1) * g.tile_n(chip.mxu) < g.n));
  CHECK((g.blocks_k() * g.block_k >= g.k && (g.blocks_k() - 1) * g.block_k < g.k));
  const std::int64_t depth = weight_tile_depth(chip.mxu, shape.type);
  CHECK(g.block_k % depth == 0);
  if (chip.mxu.weight_fifo > 0) CHECK(g.block_k == depth);

  CHECK(vmem_of(chip, shape, g) <= vmem);
  CHECK(2 * g.mxu_m * g.col_blocks <= chip.mxu.acc_depth);
  CHECK(g.lhs_slots >= (g.lhs_resident ? g.blocks_k() : 2));
  CHECK(g.out_slots >= chip.mxu.count);
  CHECK((chip.mxu.weight_fifo > 0 ? g.rhs_slots == chip.mxu.weight_fifo : g.rhs_slots >= 2));

  CHECK(g.candidates >= 1);
  CHECK(g.estimate == estimate_gemm(chip, shape, g));
  CHECK(g.estimate >= ceil_div(g.m * g.n * g.k, peak_macs_per_cycle(chip, shape.type)));
  const double bytes = static_cast<double>((g.m * g.k + g.k * g.n) * size_of(shape.type) +
                                           g.m * g.n * size_of(shape.out_type));
  CHECK(static_cast<double>(g.estimate) >= bytes / hbm_bytes_per_cycle(chip) - 1);
}

void check_shapes(const ChipSpec& chip, DataType type, Bytes vmem) {
  for (const std::int64_t m : {1, 5, 128, 300, 2049}) {
    for (const std::int64_t k : {1, 127, 128, 129, 3000}) {
      for (const std::int64_t n : {1, 129, 512, 5003}) {
        check_mapping(chip, shape_of(m, k, n, type), vmem);
      }
    }
  }
}

// The least VMEM that the search accepts.
Bytes least_vmem(const ChipSpec& chip, const GemmShape& shape) {
  Bytes refused = 0;
  Bytes taken = chip.vmem.size;
  while (taken - refused > 1) {
    const Bytes middle = (refused + taken) / 2;
    try {
      map_gemm(chip, shape, middle, "op");
      taken = middle;
    } catch (const Error&) {
      refused = middle;
    }
  }
  return taken;
}

}  // namespace

TEST_CASE("a gemm's mapping fits, covers the product and is no faster than the array") {
  const ChipSpec tiny = load_chip("tiny-4x4", {}).spec;
  for (const std::int64_t m : {1, 2, 3, 33}) {
    for (const std::int64_t k : {1, 4, 5, 70}) {
      for (const std::int64_t n : {1, 4, 9, 100}) {
        for (const Bytes vmem : {1024, 4096, 60000}) {
          check_mapping(tiny, shape_of(m, k, n), vmem);
          check_mapping(tiny, shape_of(m, k, n, DataType::kInt8), vmem);
        }
      }
    }
  }
  for (const char* name : {"tpu-v3", "tpu-v4i", "tpu-v5e"}) {
    const ChipSpec chip = load_chip(name, {}).spec;
    check_shapes(chip, DataType::kBf16, chip.vmem.size / 2);
    check_shapes(chip, DataType::kBf16, 2 * kMiB);
  }
  check_shapes(load_chip("tpu-v5e", {}).spec, DataType::kInt8, 4 * kMiB);
}

TEST_CASE("a mapping fits a weight FIFO's chip") {
  const ChipSpec chip = load_chip("tpu-v1", {}).spec;
  check_shapes(chip, DataType::kInt8, chip.vmem.size);
  check_shapes(chip, DataType::kInt8, kMiB);
}

TEST_CASE("a mapping fits arrays that are not square") {
  for (const auto& [rows, cols] : {std::pair{"64", "256"}, std::pair{"256", "32"}}) {
    const ChipSpec chip =
        load_chip("tpu-v5e", {std::string("mxu.rows=") + rows, std::string("mxu.cols=") + cols})
            .spec;
    check_shapes(chip, DataType::kBf16, 4 * kMiB);
  }
  const ChipSpec odd = load_chip("tiny-4x4", {"mxu.rows=3", "mxu.cols=5"}).spec;
  check_shapes(odd, DataType::kBf16, 60000);
}

TEST_CASE("a mapping uses any number of MXUs, all of them") {
  for (int count = 1; count <= 8; ++count) {
    const ChipSpec chip = load_chip("tpu-v4i", {"mxu.count=" + std::to_string(count)}).spec;
    check_shapes(chip, DataType::kBf16, 4 * kMiB);
  }
}

TEST_CASE("a mapping makes room for epilogue operands, wide results and transposed weights") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  GemmShape shape = shape_of(700, 900, 1100);
  shape.out_type = DataType::kFp32;
  shape.transpose_rhs = true;
  shape.epilogue = {VectorOp::kAdd, VectorOp::kGeluTanh, VectorOp::kAdd};
  shape.row_operand_bytes = 4;
  shape.full_operand_bytes = 2;
  for (const Bytes vmem : {700 * kKiB, kMiB, 8 * kMiB}) check_mapping(chip, shape, vmem);
}

TEST_CASE("more VMEM never makes the estimate worse") {
  const ChipSpec chip = load_chip("tpu-v4i", {}).spec;
  const GemmShape shape = shape_of(1000, 2000, 3000);
  Cycles before = map_gemm(chip, shape, kMiB, "op").estimate;
  for (const Bytes vmem : {2 * kMiB, 4 * kMiB, 8 * kMiB, 16 * kMiB}) {
    const Cycles now = map_gemm(chip, shape, vmem, "op").estimate;
    CHECK(now <= before);
    before = now;
  }
}

TEST_CASE("an lhs panel stays in VMEM with slots for all of it, where that pays") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  const GemmMapping g = map_gemm(chip, shape_of(512, 2048, 20000), chip.vmem.size, "op");
  REQUIRE(g.lhs_resident);
  CHECK(g.lhs_slots * g.block_k * g.tile_m() >= 512 * 2048);
  REQUIRE(g.tiles_n(chip.mxu) > 1);
  GemmMapping streamed = g;
  streamed.lhs_resident = false;
  CHECK(estimate_gemm(chip, shape_of(512, 2048, 20000), streamed) >= g.estimate);
}

TEST_CASE("a product needs one lhs block, two weight blocks and one result, and no byte less") {
  const ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  // Two rows (a VPU block) of one weight tile: lhs 2 x 4, weights 4 x 4 twice, result 2 x 4.
  CHECK(least_vmem(chip, shape_of(1, 4, 4)) == 2 * (8 + 2 * 16 + 8));
  // Two K blocks: two lhs blocks, whether the panel stays or streams.
  CHECK(least_vmem(chip, shape_of(1, 8, 4)) == 2 * (2 * 8 + 2 * 16 + 8));
  GemmShape bias = shape_of(1, 4, 4);
  bias.row_operand_bytes = 2;
  CHECK(least_vmem(chip, bias) == 2 * (8 + 2 * 16 + 8) + 2 * 4 * 2);
  for (const std::int64_t m : {3, 40}) {
    for (const std::int64_t k : {5, 61}) {
      const GemmShape shape = shape_of(m, k, 50);
      const Bytes least = least_vmem(chip, shape);
      check_mapping(chip, shape, least);
      CHECK_THROWS_AS(map_gemm(chip, shape, least - 1, "op"), Error);
    }
  }
}

TEST_CASE("a product that does not fit is refused with its name and sizes") {
  const ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  CHECK_THROWS_WITH(map_gemm(chip, shape_of(1, 4, 5), 50, "h.mlp.fc"),
                    starts_with("h.mlp.fc: ") && contains("1 x 5 x 4") && contains("50 bytes") &&
                        contains("tiny-4x4"));
}

TEST_CASE("accumulators hold two tiles of one row each, or no product is taken") {
  ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  chip.mxu.acc_depth = 2;
  check_mapping(chip, shape_of(9, 9, 9), 4096);
  chip.mxu.acc_depth = 1;
  CHECK_THROWS_WITH(map_gemm(chip, shape_of(9, 9, 9), 4096, "op"), contains("1 accumulator rows"));
}
