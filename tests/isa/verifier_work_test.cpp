// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_work.hpp"

#include <limits>

#include "catch.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

// Three rounds of: 4 x 8 bytes from HBM, a 3 x 4 x 2 matmul, 2 x 8 bytes to HBM; and a table's
// four rows of 8 bytes, one of them twice.
const std::string kRounds = R"(loop count=3
  dma0 load dst=vmem[0, pitch=8]:bf16 src=hbm[0, pitch=128]:bf16 rows=4 cols=4 wait=(c*2) signal=(a) for=gemm
  mxu0 wload src=vmem[0, pitch=8]:bf16 depth=4 cols=2 wait=(a) for=gemm
  mxu0 matmul dst=acc0[0, pitch=16]:fp32 lhs=vmem[0, pitch=8]:bf16 rows=3 depth=4 cols=2 signal=(b) for=gemm
  dma0 store dst=hbm[8192, pitch=128]:bf16 src=vmem[0, pitch=8]:bf16 rows=2 cols=4 wait=(b) signal=(c*2) for=gemm
end
)";
constexpr std::int64_t kMacs = 3 * 3 * 4 * 2;
constexpr std::int64_t kRead = 3 * 4 * 8;
constexpr std::int64_t kWritten = 3 * 2 * 8;

std::string claiming(std::int64_t macs, std::int64_t read, std::int64_t write,
                     const std::string& instructions = kRounds) {
  Program program = program_of(instructions);
  program.ops[0].macs = macs;
  program.ops[0].read_bytes = read;
  program.ops[0].write_bytes = write;
  return finding(program);
}

}  // namespace

TEST_CASE("an op may claim the MACs that its matmuls execute, and not one more") {
  CHECK(claiming(kMacs, 0, 0) == "");
  CHECK(claiming(kMacs + 1, 0, 0) ==
        "t.sasm: op gemm: found 73 MACs; expected at most the 72 that its instructions execute");
  CHECK_THAT(claiming(std::numeric_limits<std::int64_t>::max(), 0, 0),
             Contains("9223372036854775807 MACs"));
}

TEST_CASE("an op may claim the bytes that its instructions move, and not one more") {
  CHECK(claiming(0, kRead, kWritten) == "");
  CHECK(claiming(0, kRead + 1, 0) ==
        "t.sasm: op gemm: found 97 bytes read; expected at most the 96 that its instructions read "
        "from HBM");
  CHECK(claiming(0, 0, kWritten + 1) ==
        "t.sasm: op gemm: found 49 bytes written; expected at most the 48 that its instructions "
        "write to HBM");
}

TEST_CASE("a gather and a scatter move a row for each entry of the table") {
  const std::string gather =
      "dma0 gather dst=vmem[0, pitch=8]:bf16 src=hbm[0, pitch=128]:bf16 index=rows[0] rows=4 "
      "cols=4 signal=(a) for=gemm\n";
  const std::string scatter =
      "dma1 scatter dst=hbm[8192, pitch=128]:bf16 src=vmem[0, pitch=8]:bf16 index=rows[1] rows=3 "
      "cols=4 wait=(a) for=gemm\n";
  CHECK(claiming(0, 32, 24, gather + scatter) == "");
  CHECK_THAT(claiming(0, 33, 0, gather + scatter), Contains("33 bytes read"));
  CHECK_THAT(claiming(0, 0, 25, gather + scatter), Contains("25 bytes written"));
}

TEST_CASE(
    "work counts for the op that an instruction serves, where its guard holds and it has work") {
  const auto load = [](const std::string& fields) {
    return claiming(0, 8, 0, "dma0 load dst=vmem[0]:bf16 src=hbm[0]:bf16 rows=1 " + fields + "\n");
  };
  CHECK(load("cols=4 for=gemm") == "");
  CHECK_THAT(load("cols=3 for=gemm"), Contains("at most the 6"));
  CHECK_THAT(load("cols=4"), Contains("at most the 0"));
  CHECK_THAT(load("cols=4 if=(-1 >= 0) for=gemm"), Contains("at most the 0"));
  CHECK_THAT(load("cols=clamp(-1, 4) for=gemm"), Contains("at most the 0"));
  Program program = program_of(kRounds);
  program.ops.insert(program.ops.begin(), {"other", "gemm", DataType::kBf16, 1, 1, 0, 0});
  CHECK_THAT(finding(program), !Contains("op gemm"));  // its instructions serve the other op now
  program.ops[0].macs = kMacs + 1;
  CHECK_THAT(finding(program), Contains("op other: found 73 MACs"));
}

TEST_CASE("a sum of work beyond 64 bits is not less than any claim") {
  Program program = program_of("");
  program.ops[0].macs = std::numeric_limits<std::int64_t>::max();
  OpWork work(program);
  const std::int64_t largest = std::int64_t{1} << 31;
  CHECK_THROWS_AS(work.check("t"), Error);
  for (int n = 0; n < 100; ++n) work.add_matmul(0, {largest, largest, largest});
  CHECK_NOTHROW(work.check("t"));
}

TEST_CASE("ops repeat at least once, and no figure is negative") {
  const auto changed = [](auto&& change) {
    Program program = program_of("");
    change(program);
    return finding(program);
  };
  CHECK(changed([](Program& p) { p.tokens = 0; }) == "");
  CHECK(changed([](Program& p) { p.tokens = -1; }) ==
        "t.sasm: workload test: found tokens=-1; expected 0 (not a model) or more");
  CHECK(changed([](Program& p) { p.ops[0].count = 1; }) == "");
  CHECK(changed([](Program& p) { p.ops[0].count = 0; }) ==
        "t.sasm: op gemm: found count=0; expected 1 or more");
  CHECK_THAT(changed([](Program& p) { p.ops[0].macs = -1; }), Contains("macs=-1; expected 0"));
  CHECK_THAT(changed([](Program& p) { p.ops[0].read_bytes = -1; }), Contains("read=-1"));
  CHECK_THAT(changed([](Program& p) { p.ops[0].write_bytes = -1; }), Contains("write=-1"));
}
