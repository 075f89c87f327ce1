// SPDX-License-Identifier: Apache-2.0
// Mappings of output-stationary arrays, and of arrays without shadow weights.
#include <fmt/format.h>

#include "catch.hpp"
#include "compiler/gemm_mapping.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"

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

ChipSpec chip_of(const std::string& name, std::vector<std::string> overrides) {
  overrides.emplace_back("mxu.dataflow=output_stationary");
  return load_chip(name, overrides).spec;
}

void check_mapping(const ChipSpec& chip, const GemmShape& shape, Bytes vmem) {
  const GemmMapping g = map_gemm(chip, shape, vmem, "op");
  INFO(chip.name << " " << describe(g, chip));
  const MxuParams& mxu = chip.mxu;
  CHECK((g.tiles_m() * g.tile_m() >= g.m && (g.tiles_m() - 1) * g.tile_m() < g.m));
  CHECK((g.tiles_n(mxu) * g.tile_n(mxu) >= g.n && (g.tiles_n(mxu) - 1) * g.tile_n(mxu) < g.n));
  CHECK((g.blocks_k() * g.block_k >= g.k && (g.blocks_k() - 1) * g.block_k < g.k));
  // A block of sums belongs to one part of a tile, and a step to one K block.
  CHECK((g.mxu_m % mxu.rows == 0 || g.mxu_m < mxu.rows));
  CHECK(g.block_k % macs_per_pe(mxu, shape.type) == 0);
  CHECK(2 * g.mxu_m * g.col_blocks <= mxu.acc_depth);
  // Streams come from VMEM, whether the chip has a weight FIFO or not.
  const Bytes in = size_of(shape.type);
  const Bytes bytes = g.lhs_slots * g.tile_m() * g.block_k * in +
                      g.rhs_slots * g.tile_n(mxu) * g.block_k * in +
                      g.out_slots * g.mxu_m * g.col_blocks * mxu.cols * size_of(shape.out_type);
  CHECK(bytes <= vmem);
  CHECK((g.lhs_slots >= (g.lhs_resident ? g.blocks_k() : 2) && g.rhs_slots >= 2));
  CHECK(g.estimate == estimate_gemm(chip, shape, g));
  CHECK(g.estimate >= ceil_div(g.m * g.n * g.k, peak_macs_per_cycle(chip, shape.type)));
}

}  // namespace

TEST_CASE("an output-stationary mapping cuts parts into whole blocks of the array") {
  for (const char* count : {"1", "2", "3", "4"}) {
    const ChipSpec tiny = chip_of("tiny-4x4", {std::string("mxu.count=") + count});
    for (const std::int64_t m : {1, 2, 5, 33}) {
      for (const std::int64_t k : {1, 5, 70}) {
        for (const std::int64_t n : {1, 9, 100}) {
          for (const Bytes vmem : {4096, 60000}) check_mapping(tiny, shape_of(m, k, n), vmem);
        }
      }
    }
  }
  const ChipSpec chip = chip_of("tpu-v5e", {});
  for (const std::int64_t m : {1, 127, 129, 2049}) {
    for (const std::int64_t k : {1, 129, 3000}) {
      for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
        check_mapping(chip, shape_of(m, k, 5003, type), 4 * kMiB);
      }
    }
  }
  check_mapping(chip_of("tpu-v1", {}), shape_of(300, 1500, 600, DataType::kInt8), 20 * kMiB);
}

TEST_CASE("accumulators shallower than the array take parts of fewer rows") {
  const ChipSpec chip = chip_of("tiny-4x4", {"mxu.acc_depth=6"});  // tiles of 3 of the 4 rows
  check_mapping(chip, shape_of(9, 9, 9), 4096);
  CHECK(map_gemm(chip, shape_of(9, 9, 9), 4096, "op").mxu_m <= 3);
}

TEST_CASE("without shadow weights K is whole where VMEM holds it") {
  const GemmShape shape = shape_of(64, 500, 64);
  const auto blocks = [&](Bytes vmem) {
    const ChipSpec chip = chip_of("tiny-4x4", {"mxu.shadow_weights=false"});
    return map_gemm(chip, shape, vmem, "op").blocks_k();
  };
  // The smallest part is a block of the array: 4 rows that stay, two slots of 4 columns, a result.
  constexpr Bytes kLeast = 2 * (4 * 500 + 2 * 4 * 500 + 4 * 4);
  CHECK(blocks(kLeast) == 1);
  CHECK(blocks(kLeast - 1) > 1);
}

TEST_CASE("without shadow weights M is whole where the accumulators hold two tiles of it") {
  const auto tiles = [](const char* depth) {
    const ChipSpec chip = load_chip("tiny-4x4", {"mxu.shadow_weights=false", "vmem.size=64 MiB",
                                                 std::string("mxu.acc_depth=") + depth})
                              .spec;
    return map_gemm(chip, shape_of(300, 70, 50), chip.vmem.size, "op").tiles_m();
  };
  CHECK(tiles("600") == 1);
  CHECK(tiles("598") == 2);
}

TEST_CASE("a product that takes the array only little time may cut M with shadow weights") {
  const auto tiles = [](const char* shadow) {
    const ChipSpec chip = load_chip("tiny-4x4", {std::string("mxu.shadow_weights=") + shadow,
                                                 "vmem.size=64 MiB", "mxu.acc_depth=65536"})
                              .spec;
    return map_gemm(chip, shape_of(4000, 4, 4), chip.vmem.size, "op").tiles_m();
  };
  CHECK(tiles("true") > 1);
  CHECK(tiles("false") == 1);
}
