// SPDX-License-Identifier: Apache-2.0
#include "isa/footprint.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

// "field begin rows x row_bytes / pitch" with r, w or rw of each access of the first instruction.
std::vector<std::string> accesses(const std::string& text, const Indices& i = {}) {
  const Program program = program_of(text);
  std::vector<std::string> result;
  for (const TileAccess& a : footprint(program.streams[0][0], i, program.tables)) {
    const std::string access = a.access == Access::kRead    ? "r"
                               : a.access == Access::kWrite ? "w"
                                                            : "rw";
    result.push_back(std::string(a.field) + " " + std::to_string(a.region.begin) + " " +
                     std::to_string(a.region.rows) + "x" + std::to_string(a.region.row_bytes) +
                     "/" + std::to_string(a.region.pitch) + " " + access);
  }
  return result;
}

using Accesses = std::vector<std::string>;

}  // namespace

TEST_CASE("a load writes its destination and reads its source") {
  CHECK(accesses("dma0 load dst=vmem[64+(8*i0)%16, pitch=8]:bf16 src=hbm[8*i0, pitch=128]:bf16 "
                 "rows=4 cols=3",
                 {3}) == Accesses{"dst 72 4x6/8 w", "src 24 4x6/128 r"});
}

TEST_CASE("a matmul reads its accumulators only where first does not hold") {
  const std::string matmul =
      "mxu0 matmul dst=acc0[0, pitch=16]:int32 lhs=vmem[0, pitch=8]:int8 rows=2 depth=8 cols=3 "
      "first=(-i0 >= 0)";
  CHECK(accesses(matmul, {0}) == Accesses{"dst 0 2x12/16 w", "lhs 0 2x8/8 r"});
  CHECK(accesses(matmul, {1}) == Accesses{"dst 0 2x12/16 rw", "lhs 0 2x8/8 r"});
}

TEST_CASE("weights lie depth by cols, transposed ones cols by depth") {
  CHECK(accesses("mxu0 wload src=vmem[0, pitch=8]:bf16 depth=4 cols=3") ==
        Accesses{"src 0 4x6/8 r"});
  CHECK(accesses("mxu0 wloadt src=vmem[0, pitch=8]:bf16 depth=4 cols=3") ==
        Accesses{"src 0 3x8/8 r"});
}

TEST_CASE("a broadcast row is one row, a broadcast column one element of each row") {
  CHECK(accesses("vpu0 vector op=mul_add dst=vmem[0, pitch=16]:fp32 a=vmem[64, pitch=16]:fp32 "
                 "b=vmem[128]:fp32:row c=vmem[192, pitch=4]:fp32:col rows=3 cols=4") ==
        Accesses{"dst 0 3x16/16 w", "a 64 3x16/16 r", "b 128 1x16/0 r", "c 192 3x4/4 r"});
}

TEST_CASE("a reduction writes one element per row, a transposition swaps extents") {
  CHECK(
      accesses(
          "xlu0 reduce op=sum dst=vmem[0, pitch=4]:fp32 a=vmem[64, pitch=16]:fp32 rows=3 cols=4") ==
      Accesses{"dst 0 3x4/4 w", "a 64 3x16/16 r"});
  CHECK(accesses(
            "xlu0 transpose dst=vmem[0, pitch=8]:bf16 src=vmem[64, pitch=8]:bf16 rows=3 cols=4") ==
        Accesses{"dst 0 4x6/8 w", "src 64 3x8/8 r"});
}

TEST_CASE("a gather reads one row per table entry, a scatter writes one") {
  CHECK(accesses("dma0 gather dst=vmem[0, pitch=4]:bf16 src=hbm[1000, pitch=100]:bf16 "
                 "index=rows[1] rows=2 cols=2") ==
        Accesses{"dst 0 2x4/4 w", "src 1000 1x4/100 r", "src 1700 1x4/100 r"});
  CHECK(accesses("dma0 scatter dst=hbm[1000, pitch=100]:bf16 src=vmem[0, pitch=4]:bf16 "
                 "index=rows[3] rows=1 cols=2") == Accesses{"dst 1200 1x4/100 w", "src 0 1x4/4 r"});
}

TEST_CASE("an extent of 0 leaves nothing to access") {
  const std::string load =
      "dma0 load dst=vmem[0, pitch=8]:bf16 src=hbm[0, pitch=8]:bf16 cols=4 rows=clamp(4-4*i0, 4)";
  CHECK(accesses(load, {0}).size() == 2);
  CHECK(accesses(load, {1}).empty());
}

TEST_CASE("a region ends behind its last row, not behind its last pitch") {
  CHECK(Region{Space::kVmem, 0, 100, 3, 8, 16}.end() == 100 + 2 * 16 + 8);
  CHECK(Region{Space::kVmem, 0, 100, 0, 0, 16}.end() == 100);
}
