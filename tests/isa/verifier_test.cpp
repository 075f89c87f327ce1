// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier.hpp"

#include "catch.hpp"
#include "isa/files.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

const std::string kLoad = "dma0 load dst=vmem[0, pitch=8]:bf16 src=hbm[0, pitch=128]:bf16 ";

std::string vector_of(const std::string& fields) { return "vpu0 vector " + fields; }

}  // namespace

TEST_CASE("a tile may end at the last byte of its memory and not one element later") {
  const auto load = [](int address) {
    return finding("dma0 load dst=vmem[" + std::to_string(address) +
                   "]:bf16 src=hbm[0]:bf16 rows=1 cols=8");
  };
  CHECK(load(4096 - 16) == "");
  CHECK(
      load(4096 - 14) ==
      "t.sasm: instruction 0 of stream 0 (dma0 load dst=vmem[4082]:bf16): found 1 rows of 16 bytes "
      "from byte 4082, 0 apart; expected bytes 0 to 4095 of vmem");
  CHECK(load(0) == "");
  CHECK_THAT(load(-2), Contains("from byte -2"));
  const auto rows = [](int n) {
    return finding(
        "dma0 load dst=vmem[0, pitch=1024]:bf16 src=hbm[0, pitch=128]:bf16 cols=512 rows=" +
        std::to_string(n));
  };
  CHECK(rows(4) == "");
  CHECK_THAT(rows(5), Contains("5 rows of 1024 bytes"));
}

TEST_CASE("bounds are checked for every iteration, and the finding names the first bad one") {
  const auto loop = [](int count) {
    return finding(
        "loop count=3\nloop count=" + std::to_string(count) +
        "\ndma0 load dst=vmem[1024*i1]:bf16 src=hbm[0]:bf16 rows=1 cols=512 if=(i0-1 >= 0)"
        " wait=(c) signal=(c)\nend\nend");
  };
  CHECK(loop(4) == "");
  CHECK_THAT(loop(5), Contains("instruction 2 of stream 0 (dma0 load dst=vmem[1024*i1]:bf16) at "
                               "i0=1, i1=4: found 1 rows of 1024 bytes from byte 4096"));
}

TEST_CASE("a program for another chip is refused with the names of both") {
  Program program = program_of("");
  program.chip = "tpu-v9";
  program.chip_hash = kSmallHash;
  CHECK(finding(program) == "");
  program.chip_hash = 0;
  CHECK(finding(program) == "");
  program.chip_hash = kSmallHash + 1;
  CHECK(finding(program) ==
        "t.sasm: found a program for chip tpu-v9 (hash 0x000000000000005b); expected one for small "
        "(hash 0x000000000000005a), or for any");
}

TEST_CASE("loops nest eight deep, close, and end before the one halt") {
  const auto nest = [](int depth) {
    std::string text;
    for (int d = 0; d < depth; ++d) text += "loop count=1\n";
    for (int d = 0; d < depth; ++d) text += "end\n";
    return finding(text);
  };
  CHECK(nest(8) == "");
  CHECK_THAT(nest(9), Contains("a loop inside 8 others"));
  CHECK_THAT(finding("end"), Contains("an end without a loop"));
  CHECK_THAT(finding("loop count=1"), Contains("1 loops without an end"));
  CHECK_THAT(finding("halt"), Contains("halt before the end of the stream"));
  Program program = program_of("");
  program.streams[0].pop_back();
  CHECK_THAT(finding(program), Contains("without instructions"));
  program.streams.clear();
  CHECK_THAT(finding(program),
             Contains("0 streams; expected 1 to 1: one for each core of small in use"));
  program.streams.resize(2, {Instruction{{}, Halt{}, {}, {}, {}, -1}});
  CHECK_THAT(finding(program), Contains("2 streams; expected 1 to 1"));
}

TEST_CASE("sums use indices of open loops and stay within 62 bits") {
  CHECK(finding("loop count=2\nloop count=i0\nend\nend") == "");
  CHECK_THAT(finding("loop count=2\nloop count=i1\nend\nend"),
             Contains("index i1; expected an index of the 1 open loops"));
  const std::string half = std::to_string(std::int64_t{1} << 61);
  CHECK(finding("loop count=3 if=(-1 >= 0)\nvpu0 sync if=(" + half + "*i0 >= 0)\nend") == "");
  CHECK_THAT(finding("loop count=4 if=(-1 >= 0)\nvpu0 sync if=(" + half + "*i0 >= 0)\nend"),
             Contains("beyond 2^62"));
}

TEST_CASE("a run is bounded, whatever the counts of empty loops") {
  CHECK(finding("loop count=67108864 if=(-1 >= 0)\nend") == "");
  CHECK_THAT(finding("loop count=67108865 if=(-1 >= 0)\nend"),
             Contains("a loop of unbounded count"));
  CHECK_THAT(finding("loop count=2\nloop count=67108864\nend\nend"),
             Contains("at most 67108864 instructions"));
  // Iterations that repeat earlier ones count less, but all of them are at most 536870912 steps.
  std::string body = "vpu0 sync wait=(c)\nvpu0 sync signal=(c)\n";
  for (int n = 0; n < 4; ++n) body += "vpu0 sync\n";
  CHECK(finding("loop count=67108864\n" + body + "end") == "");
  CHECK_THAT(finding("loop count=67108864\nvpu0 sync\n" + body + "end"),
             Contains("at most 67108864 instructions"));
  CHECK(finding("loop count=0\nvpu0 sync wait=(a)\nend") == "");
  CHECK(finding("loop count=-7\nvpu0 sync wait=(a)\nend") == "");
}

TEST_CASE("a look-up lies in its table: for loops at any index, elsewhere when executed") {
  CHECK(finding("loop count=2\nloop count=lookup(sizes, i0)\nend\nend") == "");
  CHECK_THAT(finding("loop count=3\nloop count=lookup(sizes, i0)\nend\nend"),
             Contains("entries 0 to 2; expected entries 0 to 1 of table sizes"));
  const auto load = [](const std::string& guard) {
    return finding("loop count=3\n" + kLoad +
                   "rows=lookup(sizes, i0) cols=4 wait=(c*2) signal=(c*2)" + guard + "\nend");
  };
  CHECK_THAT(load(""), Contains("at i0=2: found a look-up of entries 2 to 2; expected entries of "
                                "table sizes, which has 2"));
  CHECK(load(" if=(1-i0 >= 0)") == "");
}

TEST_CASE("units exist and take the instruction") {
  CHECK(finding("dma1 sync") == "");
  CHECK_THAT(finding("dma2 sync"), Contains("unit dma2; expected one of the 2 dma units of small"));
  CHECK_THAT(finding("mxu0 load dst=vmem[0]:bf16 src=hbm[0]:bf16 rows=1 cols=1"),
             Contains("unit mxu0; expected a unit of kind dma"));
  CHECK_THAT(finding("sync"), Contains("unit sequencer; expected a unit with a queue"));
  CHECK_THAT(finding("vpu0 loop count=1\nend"), Contains("unit of kind sequencer"));
  ChipSpec chip = small_chip();
  chip.xlu.count = 0;
  CHECK_THAT(finding("xlu0 sync", chip), Contains("one of the 0 xlu units"));
}

TEST_CASE("operands lie in memories that the instruction reaches") {
  CHECK_THAT(
      finding("dma0 load dst=hbm[0]:bf16 src=hbm[0]:bf16 rows=1 cols=1"),
      Contains("(dma0 load dst=hbm[0]:bf16): found an operand in hbm; expected vmem or fifo"));
  CHECK_THAT(finding(vector_of("op=copy dst=acc2[0, pitch=16]:fp32 a=vmem[0]:fp32 rows=1 cols=1")),
             Contains("memory acc2; expected a number below 2"));
  CHECK_THAT(finding("dma0 load dst=vmem1[0]:bf16 src=hbm[0]:bf16 rows=1 cols=1"),
             Contains("memory vmem1"));
}

TEST_CASE("addresses and pitches are multiples of the element") {
  CHECK_THAT(finding("dma0 load dst=vmem[1]:bf16 src=hbm[0]:bf16 rows=1 cols=1"),
             Contains("address 1; expected a multiple of 2"));
  CHECK_THAT(finding("dma0 load dst=vmem[0, pitch=9]:bf16 src=hbm[0]:bf16 rows=1 cols=1"),
             Contains("pitch 9; expected a multiple of 2"));
  CHECK_THAT(
      finding("dma0 load dst=vmem[0, pitch=6]:bf16 src=hbm[0, pitch=128]:bf16 rows=2 cols=4"),
      Contains("rows of 8 bytes written 6 apart"));
  CHECK(finding("dma0 load dst=vmem[0, pitch=8]:bf16 src=hbm[0, pitch=6]:bf16 rows=2 cols=4") ==
        "");
}

TEST_CASE("accumulators hold 32-bit rows, a row's width apart") {
  const auto copy = [](const std::string& acc, int cols) {
    return finding(vector_of("op=copy dst=" + acc +
                             " a=vmem[0, pitch=64]:fp32 rows=2 cols=" + std::to_string(cols)));
  };
  CHECK(copy("acc0[0, pitch=16]:fp32", 4) == "");
  CHECK_THAT(copy("acc0[0, pitch=16]:fp32", 5), Contains("rows of 16 bytes"));
  CHECK_THAT(copy("acc0[4, pitch=16]:fp32", 4),
             Contains("16 bytes from byte 4 of an accumulator row"));
  CHECK(copy("acc0[4, pitch=16]:fp32", 3) == "");
  CHECK_THAT(copy("acc0[0, pitch=32]:fp32", 4), Contains("pitch 32; expected 16"));
  CHECK_THAT(copy("acc0[0, pitch=16]:bf16", 4), Contains("bf16 in accumulators"));
  CHECK(copy("acc0[224, pitch=16]:fp32", 4) == "");
  CHECK_THAT(copy("acc0[240, pitch=16]:fp32", 4), Contains("bytes 0 to 255 of acc"));
}

TEST_CASE("types agree, and the chip takes them") {
  CHECK_THAT(finding("dma0 load dst=vmem[0]:fp32 src=hbm[0]:bf16 rows=1 cols=1"),
             Contains("fp32 from bf16; expected the same type"));
  CHECK_THAT(finding("mxu0 wload src=vmem[0, pitch=16]:fp32 depth=1 cols=1"),
             Contains("operands of type fp32; expected a type that the MXUs of small take"));
  ChipSpec chip = small_chip();
  chip.mxu.macs_bf16 = 0;
  const std::string load = "mxu0 wload src=vmem[0, pitch=8]:bf16 depth=4 cols=4";
  CHECK(finding(load) == "");
  CHECK_THAT(finding(load, chip), Contains("operands of type bf16"));
  chip = small_chip();
  const std::string transposed = "mxu0 wloadt src=vmem[0, pitch=8]:bf16 depth=4 cols=4";
  CHECK(finding(transposed, chip) == "");
  chip.mxu.transposed_load = false;
  CHECK_THAT(finding(transposed, chip), Contains("a transposed weight load"));
  chip.vpu.transcendental = false;
  CHECK_THAT(finding(vector_of("op=exp dst=vmem[0]:fp32 a=vmem[4]:fp32 rows=1 cols=1"), chip),
             Contains("operation exp; expected one without transcendentals"));
  CHECK(finding(vector_of("op=relu dst=vmem[0]:fp32 a=vmem[4]:fp32 rows=1 cols=1"), chip) == "");
}

TEST_CASE("a vector operation has the operands that it reads") {
  const std::string one = "op=add dst=vmem[0]:fp32 a=vmem[0]:fp32 rows=1 cols=1";
  CHECK_THAT(finding(vector_of(one)), Contains("no operand b; expected 2 operands of add"));
  CHECK(finding(vector_of(one + " b=vmem[4]:fp32")) == "");
  CHECK_THAT(finding(vector_of(one + " b=vmem[4]:fp32 c=vmem[8]:fp32")), Contains("an operand c"));
  CHECK_THAT(finding(vector_of("op=fill dst=vmem[0]:fp32 rows=1 cols=1 mask=causal(0, 0)")),
             Contains("a mask"));
  CHECK_THAT(finding(vector_of("op=quantize dst=vmem[0]:fp32 a=vmem[0]:fp32 rows=1 cols=1")),
             Contains("quantisation to fp32"));
  const auto by = [](const std::string& type) {
    return finding(vector_of("op=quantize_by dst=vmem[0]:" + type +
                             " a=vmem[16]:fp32 b=vmem[32]:fp32:col rows=1 cols=1"));
  };
  CHECK(by("int8") == "");
  CHECK(by("int32") == "");
  CHECK_THAT(by("bf16"), Contains("quantisation to bf16; expected an integer type"));
  CHECK_THAT(finding(vector_of("op=mul_sub dst=vmem[0]:fp32 a=vmem[0]:fp32 b=vmem[0]:fp32 rows=1 "
                               "cols=1")),
             Contains("no operand c; expected 3 operands of mul_sub"));
  CHECK_THAT(finding(vector_of("op=copy dst=vmem[0]:fp32:row a=vmem[0]:fp32 rows=1 cols=1")),
             Contains("a broadcast operand"));
  CHECK_THAT(finding(vector_of("op=copy dst=vmem[0]:fp32 a=vmem[0]:fp32 rows=1 cols=1 "
                               "mask=window(0, 0, 0)")),
             Contains("window 0; expected 1 or more"));
}

TEST_CASE("weights fit the array, and a matmul fits its weights") {
  const auto weights = [](const std::string& extents) {
    return finding("mxu0 wload src=vmem[0, pitch=8]:int8 " + extents);
  };
  CHECK(weights("depth=8 cols=4") == "");  // int8: two weights per PE
  CHECK_THAT(weights("depth=9 cols=4"), Contains("9 x 4 weights; expected at most 8 x 4"));
  CHECK_THAT(weights("depth=8 cols=5"), Contains("8 x 5 weights"));
  const auto matmul = [](const std::string& load, const std::string& extents) {
    return finding(load +
                   "\nmxu0 matmul dst=acc0[0, pitch=16]:fp32 lhs=vmem[64, pitch=8]:bf16 rows=2 " +
                   extents);
  };
  const std::string load = "mxu0 wload src=vmem[0, pitch=8]:bf16 depth=3 cols=2";
  CHECK(matmul(load, "depth=3 cols=2") == "");
  CHECK_THAT(matmul(load, "depth=4 cols=2"),
             Contains("a matmul of depth 4 and 2 cols; expected at most 3 and 2"));
  CHECK_THAT(matmul(load, "depth=3 cols=3"), Contains("a matmul of depth 3 and 3 cols"));
  CHECK_THAT(matmul("", "depth=1 cols=1"), Contains("a matmul without weights"));
  CHECK_THAT(matmul("mxu1 wload src=vmem[0, pitch=8]:bf16 depth=3 cols=2", "depth=1 cols=1"),
             Contains("a matmul without weights"));
  CHECK_THAT(matmul("mxu0 wload src=vmem[0, pitch=8]:int8 depth=3 cols=2", "depth=1 cols=1"),
             Contains("bf16 operands; expected int8, as the weights"));
  CHECK_THAT(matmul("mxu0 wload src=vmem[0, pitch=8]:bf16 depth=0 cols=2", "depth=1 cols=1"),
             Contains("a matmul without weights"));
  CHECK_THAT(
      finding(load +
              "\nmxu0 matmul dst=acc1[0, pitch=16]:fp32 lhs=vmem[0]:bf16 rows=1 depth=1 cols=1"),
      Contains("memory acc1; expected that of mxu0"));
  CHECK_THAT(
      finding(load +
              "\nmxu0 matmul dst=acc0[0, pitch=16]:int32 lhs=vmem[0]:bf16 rows=1 depth=1 cols=1"),
      Contains("bf16 accumulated in int32; expected fp32"));
}

TEST_CASE("extents are not negative, an instruction without work is not checked further") {
  CHECK_THAT(finding("loop count=3\n" + kLoad + "rows=1-i0 cols=4 wait=(c) signal=(c)\nend"),
             Contains("at i0=2: found rows=-1"));
  CHECK(finding("loop count=3\n" + kLoad + "rows=clamp(1-i0, 4) cols=4 wait=(c) signal=(c)\nend") ==
        "");
  CHECK(finding("dma0 load dst=vmem[1000000]:bf16 src=hbm[0]:bf16 rows=0 cols=1") == "");
}

TEST_CASE("inputs and weights are not stored into, outputs and scratch are") {
  const auto store = [](int address, int pitch) {
    return finding("dma0 store src=vmem[0, pitch=8]:bf16 dst=hbm[" + std::to_string(address) +
                   ", pitch=" + std::to_string(pitch) + "]:bf16 rows=2 cols=4");
  };
  CHECK(store(8192, 128) == "");
  CHECK(store(16384, 128) == "");
  CHECK_THAT(store(0, 128), Contains("a store into symbol x"));
  CHECK_THAT(store(4094, 128), Contains("a store into symbol w"));
  CHECK(store(4096, 128) == "");
}

TEST_CASE("rows that a table names are bounded one by one") {
  const auto gather = [](const std::string& index, int rows) {
    return finding(
        "dma0 gather dst=vmem[0, pitch=8]:bf16 src=hbm[65536-1024, pitch=128]:bf16 index=" + index +
        " cols=4 rows=" + std::to_string(rows));
  };
  CHECK(gather("rows[0]", 4) == "");
  CHECK_THAT(gather("rows[0]", 5), Contains("a look-up of entries 0 to 4"));
  CHECK_THAT(gather("rows[1]", 4), Contains("a look-up of entries 1 to 4"));
  CHECK_THAT(gather("rows[-1]", 1), Contains("a look-up of entries -1 to -1"));
  Program program = program_of(
      "dma0 gather dst=vmem[0, pitch=8]:bf16 src=hbm[65536-1024, pitch=128]:bf16 index=rows[0] "
      "cols=4 rows=4");
  program.tables[0].values[2] = 8;
  CHECK_THAT(finding(program), Contains("from byte 65536"));
  program.tables[0].values[2] = std::int64_t{1} << 60;
  CHECK_THAT(finding(program), Contains("a table"));
}

TEST_CASE("the double buffer of the tests passes") {
  const std::string text = read_file(SYSTOLE_TEST_DATA "/double_buffer.sasm");
  CHECK(finding(parse_program(text, "double_buffer.sasm")) == "");
}
