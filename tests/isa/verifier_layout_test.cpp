// SPDX-License-Identifier: Apache-2.0
// Where symbols lie, and what constants hold.
#include "catch.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

TEST_CASE("symbols lie in HBM and overlap only where both are scratch") {
  const auto with = [](const std::string& symbol) {
    return finding(
        parse_program(".systole 1\n.symbol s role=scratch type=bf16 address=1024 rows=4 "
                      "cols=8 pitch=16\n.symbol " +
                          symbol + "\n.stream\nhalt",
                      "t"));
  };
  CHECK(with("t role=scratch type=bf16 address=1040 rows=1 cols=1 pitch=2") == "");
  CHECK(with("t role=output type=bf16 address=1088 rows=1 cols=1 pitch=2") == "");
  CHECK_THAT(with("t role=output type=bf16 address=1086 rows=1 cols=1 pitch=2"),
             Contains("symbol t: found an overlap with symbol s"));
  CHECK_THAT(with("t role=weight type=bf16 address=1000 rows=1 cols=13 pitch=2"),
             Contains("symbol s: found an overlap with symbol t"));
  CHECK(with("t role=input type=bf16 address=65520 rows=1 cols=8 pitch=16") == "");
  CHECK_THAT(with("t role=input type=bf16 address=65520 rows=1 cols=9 pitch=18"),
             Contains("symbol t: found an end outside of HBM"));
  CHECK_THAT(with("t role=input type=bf16 address=0 rows=4 cols=8 pitch=16 count=2 stride=62"),
             Contains("copies that overlap"));
  CHECK_THAT(with("t role=input type=bf16 address=0 rows=4 cols=9 pitch=16"),
             Contains("rows that overlap"));
  CHECK_THAT(with("t role=input type=bf16 address=1 rows=4 cols=8 pitch=16"),
             Contains("address 1"));
  CHECK_THAT(
      with("t role=input type=bf16 address=0 rows=9223372036854775807 cols=9223372036854775807 "
           "pitch=9223372036854775806 count=9223372036854775807 stride=9223372036854775806"),
      Contains("symbol t: found"));
  ChipSpec chip = small_chip();
  chip.core.count = 2;
  chip.hbm.per_core = true;
  CHECK(finding(program_of(""), chip) == "");
  chip.hbm.size = 40000;
  CHECK_THAT(finding(program_of(""), chip), Contains("addresses below 20000"));
}

TEST_CASE("an output may lie in a state's place, element by element, and nowhere else in it") {
  const auto with = [](const std::string& role, const std::string& place) {
    return finding(
        parse_program(".systole 1\n.symbol s role=" + role +
                          " type=bf16 address=1024 rows=4 cols=8 pitch=16\n.symbol t role=output " +
                          place + "\n.stream\nhalt",
                      "t"));
  };
  const std::string same = "type=bf16 address=1024 rows=4 cols=8 pitch=16";
  CHECK(with("state", same) == "");
  CHECK_THAT(with("input", same), Contains("an overlap"));
  for (const char* other : {"type=bf16 address=1024 rows=3 cols=8 pitch=16",
                            "type=bf16 address=1026 rows=4 cols=7 pitch=16",
                            "type=bf16 address=1024 rows=4 cols=7 pitch=16",
                            "type=fp32 address=1024 rows=4 cols=4 pitch=16",
                            "type=bf16 address=1024 rows=4 cols=8 pitch=18"}) {
    CHECK_THAT(with("state", other), Contains("an overlap"));
  }
}

TEST_CASE("columns of a column-major symbol lie a pitch apart, in HBM, and do not overlap") {
  const auto with = [](const std::string& symbol) {
    return finding(
        parse_program(".systole 1\n.symbol s role=weight type=bf16 address=1024 rows=4 "
                      "cols=8 pitch=8 layout=column_major\n.symbol t role=weight " +
                          symbol + " layout=column_major\n.stream\nhalt",
                      "t"));
  };
  // s takes 8 columns of 8 bytes: 1024 .. 1088.
  CHECK(with("type=bf16 address=1088 rows=1 cols=1 pitch=2") == "");
  CHECK_THAT(with("type=bf16 address=1086 rows=1 cols=1 pitch=2"),
             Contains("symbol t: found an overlap with symbol s"));
  CHECK(with("type=bf16 address=0 rows=4 cols=9 pitch=8") == "");
  CHECK_THAT(with("type=bf16 address=0 rows=5 cols=9 pitch=8"), Contains("columns that overlap"));
  CHECK(with("type=bf16 address=65520 rows=8 cols=1 pitch=2") == "");
  CHECK_THAT(with("type=bf16 address=65520 rows=9 cols=1 pitch=2"),
             Contains("symbol t: found an end outside of HBM"));
  CHECK(with("type=bf16 address=0 rows=4 cols=8 pitch=8 count=2 stride=64") == "");
  CHECK_THAT(with("type=bf16 address=0 rows=4 cols=8 pitch=8 count=2 stride=62"),
             Contains("copies that overlap"));
}

TEST_CASE("copies of stacked symbols may interleave, byte by byte, and not overlap") {
  const auto with = [](int address, int rows, const std::string& role = "weight") {
    return finding(parse_program(
        ".systole 1\n.symbol s role=weight type=bf16 address=1024 rows=4 cols=8 pitch=16 count=3 "
        "stride=128\n.symbol t role=" +
            role + " type=bf16 address=" + std::to_string(address) +
            " rows=" + std::to_string(rows) + " cols=8 pitch=16 count=3 stride=128\n.stream\nhalt",
        "t"));
  };
  CHECK(with(1024 + 64, 4) == "");
  CHECK(with(1024 + 64 + 256, 4) == "");
  CHECK_THAT(with(1024 + 62, 4), Contains("symbol t: found an overlap with symbol s"));
  CHECK_THAT(with(1024 + 66, 4), Contains("symbol s: found an overlap with symbol t"));
  CHECK_THAT(with(1024 + 62, 4, "scratch"), Contains("symbol t: found an overlap"));
}

TEST_CASE("a store may go between the copies of a weight and not touch one") {
  const auto store = [](int address) {
    return finding(parse_program(
        ".systole 1\n.symbol w role=weight type=bf16 address=1024 rows=1 cols=8 pitch=16 count=3 "
        "stride=32\n.symbol y role=state type=bf16 address=1040 rows=1 cols=8 pitch=16 count=3 "
        "stride=32\n.stream\ndma0 store dst=hbm[" +
            std::to_string(address) + "]:bf16 src=vmem[0]:bf16 rows=1 cols=8\nhalt",
        "t"));
  };
  CHECK(store(1040) == "");
  CHECK(store(1104) == "");
  CHECK_THAT(store(1102), Contains("a store into symbol w; expected outputs, states and scratch"));
  CHECK_THAT(store(1074), Contains("a store into symbol w"));
  CHECK(store(1008) == "");
  CHECK_THAT(store(1010), Contains("a store into symbol w"));
}

TEST_CASE("symbols have at most 65536 copies together") {
  const auto with = [](int copies) {
    ChipSpec chip = small_chip();
    chip.hbm.size = 1 << 20;
    return finding(parse_program(".systole 1\n.symbol s role=weight type=int8 address=0 rows=1 "
                                 "cols=1 pitch=1\n.symbol t role=weight type=int8 address=1 rows=1 "
                                 "cols=1 pitch=1 stride=1 count=" +
                                     std::to_string(copies) + "\n.stream\nhalt",
                                 "t"),
                   chip);
  };
  CHECK(with(65535) == "");
  CHECK_THAT(with(65536), Contains("symbol t: found 65536 copies; expected at most 65536 of all"));
}

TEST_CASE("a constant is fp32 waves of one frequency per column, and only read") {
  const auto with = [](const std::string& fields, const std::string& code = "") {
    return finding(parse_program(".systole 1\n.symbol c address=0 rows=2 cols=2 pitch=8 " + fields +
                                     "\n.stream\n" + code + "halt",
                                 "t"));
  };
  const std::string good = "role=constant type=fp32 fill=cos frequencies=(1, 0.5)";
  CHECK(with(good) == "");
  CHECK_THAT(with(good, "dma0 store dst=hbm[8]:fp32 src=vmem[0]:fp32 rows=1 cols=1\n"),
             Contains("a store into symbol c"));
  CHECK_THAT(with("role=constant type=fp32 frequencies=(1, 0.5)"),
             Contains("symbol c: found fill uniform of role constant; expected cos or sin for a "
                      "constant, uniform for others"));
  CHECK_THAT(with("role=weight type=fp32 fill=sin frequencies=(1, 0.5)"),
             Contains("fill sin of role weight"));
  CHECK_THAT(with("role=constant type=bf16 fill=cos frequencies=(1, 0.5)"),
             Contains("a constant of type bf16; expected fp32"));
  CHECK_THAT(with("role=constant type=fp32 fill=cos frequencies=(1)"),
             Contains("1 frequencies; expected 2: one per column"));
  CHECK_THAT(with("role=constant type=fp32 fill=cos frequencies=(1, 2, 3)"),
             Contains("3 frequencies; expected 2"));
  CHECK_THAT(with("role=weight type=fp32 frequencies=(1, 2)"),
             Contains("2 frequencies; expected 0"));
  CHECK_THAT(with("role=constant type=fp32 fill=cos frequencies=(1, inf)"),
             Contains("frequency inf; expected one whose angles are finite"));
  CHECK_THAT(with("role=constant type=fp32 fill=cos offset=1e10 frequencies=(1, 1e300)"),
             Contains("frequency 1e+300"));
  CHECK(with("role=constant type=fp32 fill=cos offset=1e7 frequencies=(1, 1e300)") == "");
}
