// SPDX-License-Identifier: Apache-2.0
#include "isa/assembly.hpp"

#include <random>

#include "catch.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/random_program.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

std::string data_file(const std::string& name) {
  return read_file(std::string(SYSTOLE_TEST_DATA) + "/" + name);
}

// The message for a text that does not parse; empty where it does.
std::string refusal(std::string_view text) {
  try {
    parse_program(text, "t.sasm");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    return error.what();
  }
  return {};
}
std::string refusal_of_line(const std::string& line) {
  return refusal(std::string(kHeader) + line + "\n");
}

}  // namespace

TEST_CASE("the text of every form of instruction prints back as it was") {
  const std::string text = data_file("every_form.sasm");
  const std::string without_comment = text.substr(text.find('\n') + 1);
  CHECK(print_program(parse_program(text, "every_form.sasm")) == without_comment);
}

TEST_CASE("any program reads back equal, and prints the same again") {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Program program = RandomProgram(seed).draw();
    const std::string text = print_program(program);
    INFO("seed " << seed);
    const Program again = parse_program(text, "random");
    REQUIRE(again == program);
    REQUIRE(print_program(again) == text);
  }
}

TEST_CASE("a number in text is the shortest that reads back as the same double") {
  Program program = program_of("vpu0 vector op=fill dst=vmem[0]:fp32 rows=1 cols=1 imm=0.1");
  const auto imm = [&](double value) {
    std::get<Vector>(program.streams[0][0].body).imm = value;
    return print_instruction(program, program.streams[0][0]);
  };
  const std::string fill = "vpu0 vector op=fill dst=vmem[0]:fp32 rows=1 cols=1";
  CHECK(imm(0.1) == fill + " imm=0.1");
  CHECK(imm(1.0 / 3) == fill + " imm=0.3333333333333333");
  CHECK(imm(1e300) == fill + " imm=1e+300");
  CHECK(imm(-0.0) == fill + " imm=-0");
  CHECK(imm(0.0) == fill);
}

TEST_CASE("terms of one index add up, and blanks and comments do not matter") {
  const Program a = program_of(
      "loop count = 2+3 # five\n dma0 load dst=vmem[ 4 + i0 + 8*i0 ] :bf16 "
      "src=hbm[-1*i0]:bf16 rows=1 cols=1\nend");
  const Program b = program_of(
      "loop count=5\r\ndma0 load cols=1 rows=1 dst=vmem[4+9*i0]:bf16 "
      "src=hbm[-i0]:bf16\nend");
  CHECK(a == b);
}

TEST_CASE("a number may reach both ends of 64 bits and no farther") {
  const auto workload = [](const std::string& n) { return ".systole 1\n.workload w tokens=" + n; };
  CHECK(refusal(workload("9223372036854775807")).empty());
  CHECK(refusal(workload("9223372036854775808")) ==
        "t.sasm:2:20: found '9223372036854775808'; expected a whole number of 64 bits");
  CHECK(refusal(workload("-9223372036854775808")).empty());
  const auto loop = [](const std::string& n) { return refusal_of_line("loop count=" + n); };
  CHECK(loop("-9223372036854775808*i0").empty());
  CHECK(loop("9223372036854775807*i0").empty());
  CHECK(loop("9223372036854775808*i0").find("beyond 64 bits") != std::string::npos);
  CHECK(loop("9223372036854775807+1").find("beyond 64 bits") != std::string::npos);
  CHECK(loop("i7").empty());
  CHECK(loop("i8").find("expected a whole number, or an index i0 to i7") != std::string::npos);
}

TEST_CASE("an error says line, column, what was found and the nearest name") {
  const auto line = std::count(kHeader.begin(), kHeader.end(), '\n') + 1;
  const auto at = [&](int column) {
    return "t.sasm:" + std::to_string(line) + ":" + std::to_string(column);
  };
  CHECK(refusal_of_line("dma0 laod rows=1") ==
        at(6) + ": found 'laod'; expected an instruction; did you mean 'load'?");
  CHECK(refusal_of_line("dma0 load row=1") ==
        at(11) + ": found 'row'; expected a field of load; did you mean 'rows'?");
  CHECK(refusal_of_line("dma0 load rows=1 rows=1") ==
        at(18) + ": found 'rows' a second time; expected each field once");
  CHECK(refusal_of_line("loop") ==
        at(5) + ": found the end of the line; expected 'count=' (iterations of loop)");
  CHECK(refusal_of_line("vpu0 sync wait=(aa)") ==
        at(17) + ": found 'aa'; expected the name of a semaphore; did you mean 'a'?");
  CHECK(refusal_of_line("vpu0 sync for=gem") ==
        at(15) + ": found 'gem'; expected the name of an op; did you mean 'gemm'?");
  CHECK(refusal_of_line("loop count=lookup(size, 0)") ==
        at(19) + ": found 'size'; expected the name of a table; did you mean 'sizes'?");
  CHECK(refusal_of_line("mxu sync") ==
        at(1) + ": found 'mxu'; expected a unit with its number, mxu0");
  CHECK(refusal_of_line("xpu0 sync").starts_with(at(1) + ": found 'xpu0'; expected a unit"));
  CHECK(refusal_of_line("dma0 load dst=vram[0]:bf16")
            .starts_with(at(15) + ": found 'vram'; expected a memory"));
  CHECK(refusal_of_line("dma0 load dst=vmem[0]:bf17 ") ==
        at(23) + ": found 'bf17'; expected a data type; did you mean 'bf16'?");
  CHECK(refusal_of_line("vpu0 vector op=mull").find("did you mean 'mul'?") != std::string::npos);
  CHECK(refusal_of_line("vpu0 vector imm=nan").find("expected a number") != std::string::npos);
  CHECK(refusal_of_line("vpu0 sync wait=(a,a,a,a,a)").find("at most 4") != std::string::npos);
  CHECK(refusal_of_line("halt halt").starts_with(at(6)));
  CHECK(refusal_of_line(".simbol s") ==
        at(2) + ": found 'simbol'; expected a directive; did you mean 'symbol'?");
  CHECK(refusal_of_line(".semaphore a initial=0") ==
        at(12) + ": found the name a a second time; expected a new name");
}

TEST_CASE("a constant has a fill and its frequencies in parentheses") {
  const auto symbol = [](const std::string& fields) {
    return ".systole 1\n.symbol c role=constant type=fp32 address=0 rows=1 cols=2 pitch=8 " +
           fields;
  };
  const Program program = parse_program(symbol("frequencies=( 1,.5 ) fill=sin"), "t.sasm");
  CHECK(program.symbols[0].fill == Fill::kSin);
  CHECK(program.symbols[0].frequencies == std::vector<double>{1, 0.5});
  CHECK_THAT(print_program(program), Contains(" pitch=8 fill=sin frequencies=(1, 0.5)\n"));
  CHECK_THAT(refusal(symbol("fill=cosine")), Contains("found 'cosine'; expected a fill"));
  CHECK_THAT(refusal(symbol("fill=coss")), Contains("did you mean 'cos'?"));
  CHECK_THAT(refusal(symbol("frequencies=()")), Contains("found ')'; expected a number"));
  CHECK_THAT(refusal(symbol("frequencies=(1, nan)")), Contains("expected a number"));
  CHECK_THAT(refusal(symbol("frequencies=(1, 2")), Contains("expected ')'"));
  CHECK_THAT(refusal(symbol("frequencies=1")), Contains("expected '('"));
  CHECK_THAT(refusal(symbol("frequencies=(1) frequencies=(1)")), Contains("a second time"));
}

TEST_CASE("a symbol is row-major unless its layout is given") {
  const auto symbol = [](const std::string& fields) {
    return ".systole 1\n.symbol s role=input type=bf16 address=0 rows=3 cols=2 pitch=8" + fields +
           "\n";
  };
  CHECK(parse_program(symbol(""), "t.sasm").symbols[0].layout == TensorLayout::kRowMajor);
  const Program program = parse_program(symbol(" layout=column_major"), "t.sasm");
  CHECK(program.symbols[0].layout == TensorLayout::kColumnMajor);
  CHECK_THAT(print_program(program), Contains(" pitch=8 layout=column_major\n"));
  CHECK_THAT(print_program(parse_program(symbol(" layout=row_major"), "t.sasm")),
             Contains(" pitch=8\n"));
  CHECK_THAT(refusal(symbol(" layout=columns")), Contains("found 'columns'; expected a layout"));
}

TEST_CASE("a program begins with its version, and instructions with a stream") {
  CHECK(refusal("") == "t.sasm:1:1: found the end of the text; expected '.systole 1'");
  CHECK(refusal(".systole 2\n") == "t.sasm:1:10: found version '2'; expected version 1");
  CHECK(refusal(".systole 1\nhalt\n") ==
        "t.sasm:2:1: found 'halt'; expected '.stream' before instructions");
  CHECK(refusal("# a comment\n\n.systole 1").empty());
  CHECK(refusal(".systole 1\n.semaphore s\n").find("expected 'initial='") != std::string::npos);
  CHECK(refusal(std::string(".systole 1\n.stream\n\0", 20)) ==
        "t.sasm:3:1: found byte 0x00; expected an instruction or a directive");
}

TEST_CASE("changed texts parse or are refused, and what parses prints and reads back") {
  const std::string text = data_file("every_form.sasm");
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string changed = text;
    for (auto n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at = random() % changed.size();
      switch (random() % 4) {
        case 0: changed[at] = static_cast<char>(random()); break;
        case 1: changed.erase(at, 1 + random() % 9); break;
        case 2: changed.insert(at, changed.substr(random() % changed.size(), random() % 30)); break;
        default: changed[at] = "0987654321-+*()[]%,i\""[random() % 21]; break;
      }
    }
    try {
      const Program program = parse_program(changed, "changed");
      REQUIRE(parse_program(print_program(program), "printed") == program);
    } catch (const Error& error) {
      REQUIRE(error.code() == ExitCode::kBadInput);
      ++refused;
    }
  }
  CHECK(refused > 1000);
  CHECK(refused < 4000);
}
