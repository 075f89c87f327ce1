// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph_verifier.hpp"

#include <cmath>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

// Tensors: 0 %x, 1 %w, 2 %h0, 3 %v (stacked), 4 %h, 5 %last, 6 %next, 7 %y.
Graph sound() {
  return parse_graph(R"(graph "g" tokens=4
input %x bf16[4, 8]
weight %w bf16[8, 8]
%h0 = gemm(%x, %w) then add(%x) then relu()
repeat 3 {
  weight %v bf16[8, 8]
  carry %h = %h0 -> %last
  %next = matmul(%h, %v)
  yield %next
}
%y = scale(%last) {factor=2}
output %y)",
                     "g.sgr");
}

std::string finding(const Graph& graph) {
  try {
    verify_graph(graph, "pass");
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::kBadInput);
    return e.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a sound graph has no finding") { CHECK(finding(sound()) == "none"); }

TEST_CASE("every number of a tensor is in range") {
  Graph g = sound();
  SECTION("operand") { g.sections[2].ops[0].operands[0].tensor = 8; }
  SECTION("negative operand") { g.sections[1].ops[0].operands[0].tensor = -1; }
  SECTION("result") { g.sections[2].ops[0].result = 8; }
  SECTION("carry") { g.sections[1].carries[0].yield = -1; }
  SECTION("carry's start") { g.sections[1].carries[0].initial = 99; }
  SECTION("output") { g.outputs[0] = 99; }
  CHECK(finding(g) != "none");
}

TEST_CASE("a value is read only after it is written, and in its section") {
  Graph g = sound();
  SECTION("later result") { g.sections[0].ops[0].operands[0].tensor = 7; }
  SECTION("section's value outside") { g.sections[2].ops[0].operands[0].tensor = 6; }
  SECTION("carried value outside") { g.sections[2].ops[0].operands[0].tensor = 4; }
  SECTION("stacked weight outside") { g.sections[0].ops[0].operands[1].tensor = 3; }
  SECTION("last value inside") { g.sections[1].ops[0].operands[0].tensor = 5; }
  CHECK_THAT(finding(g), contains("expected a tensor that exists here"));
}

TEST_CASE("a value is written once, by an op or a carry") {
  Graph g = sound();
  SECTION("twice") {
    g.sections[2].ops[0].result = 2;
    CHECK_THAT(finding(g), contains("%h0 written twice"));
  }
  SECTION("never") {
    g.tensors.push_back({.name = "z", .rows = 1, .cols = 1});
    CHECK_THAT(finding(g), contains("pass: z: found a value that no op writes"));
  }
  SECTION("an input") {
    g.sections[2].ops[0].result = 0;
    CHECK_THAT(finding(g), contains("%x written"));
  }
}

TEST_CASE("names are unique and printable") {
  Graph g = sound();
  SECTION("tensors") { g.tensors[7].name = "x"; }
  SECTION("ops") { g.sections[2].ops[0].name = g.sections[1].ops[0].name; }
  SECTION("a tensor's") { g.tensors[7].name = "a b"; }
  SECTION("an op's") { g.sections[2].ops[0].name = "a\"b"; }
  SECTION("the graph's") { g.name = "a\nb"; }
  SECTION("no name") { g.sections[2].ops[0].name.clear(); }
  CHECK_THAT(finding(g), contains("name"));
}

TEST_CASE("copies are one per repetition, of weights and inputs only") {
  Graph g = sound();
  SECTION("too few") { g.tensors[3].copies = 2; }
  SECTION("too many of an input") { g.tensors[0].copies = 4; }
  SECTION("of a value") { g.tensors[6].copies = 3; }
  CHECK_THAT(finding(g),
             contains("copies; expected one, or for a weight or an input one per repetition"));
}

TEST_CASE("weights belong to a section that is repeated") {
  Graph g = sound();
  const auto of_section = [&](std::int32_t section, std::int64_t copies) {
    g.tensors[3].section = section;
    g.tensors[3].copies = copies;
  };
  SECTION("that runs once") { of_section(0, 0); }
  SECTION("that is none") { of_section(3, 3); }
  CHECK_THAT(finding(g), contains("expected a weight or an input of a repeated section"));
}

TEST_CASE("sections have ops, and two that run once are one") {
  Graph g = sound();
  SECTION("empty") { g.sections[1] = {.repeat = 3}; }
  SECTION("empty at the end") { g.sections.push_back({.repeat = 2}); }
  SECTION("side by side") {
    g.sections.push_back({.ops = {g.sections[2].ops.back()}});
    g.sections[2].ops.pop_back();
  }
  SECTION("carries of one that runs once") { g.sections[2].carries = g.sections[1].carries; }
  SECTION("too many") { g.sections.resize(kMaxSections + 1, g.sections[1]); }
  CHECK_THAT(finding(g), contains("section"));
}

TEST_CASE("a stacked input is read inside the section only") {
  Graph g = sound();
  g.tensors[3].role = TensorRole::kInput;
  CHECK(finding(g) == "none");
  g.sections[0].ops[0].operands[1].tensor = 3;
  CHECK_THAT(finding(g), contains("expected a tensor that exists here"));
}

TEST_CASE("only constants are waves, with one frequency per column") {
  Graph g = parse_graph(
      "graph \"g\" input %x fp32[4, 2] constant %c fp32[4, 2] cos frequencies=[1, 2] "
      "%y = add(%x, %c) output %y",
      "g.sgr");
  CHECK(finding(g) == "none");
  SECTION("one too few") { g.tensors[1].frequencies.pop_back(); }
  SECTION("one too many") { g.tensors[1].frequencies.push_back(1); }
  SECTION("no wave") { g.tensors[1].fill = Fill::kUniform; }
  SECTION("an input's") { g.tensors[0].frequencies = {1, 2}; }
  SECTION("an input that is one") { g.tensors[0].fill = Fill::kSin; }
  SECTION("bf16") { g.tensors[1].type = DataType::kBf16; }
  SECTION("no number") { g.tensors[1].frequencies[0] = std::nan(""); }
  SECTION("too fast") { g.tensors[1].frequencies[0] = -2147483649.0; }
  SECTION("too far") { g.tensors[1].offset = 2147483649.0; }
  SECTION("written") { g.sections[0].ops[0].result = 1; }
  CHECK(finding(g) != "none");
}

TEST_CASE("scales are a result like any other: written once, before they are read") {
  Graph g = parse_graph(
      "graph \"g\" input %x bf16[4, 2] %q, %s = quantize_rows(%x) %y = mul(%x, %s) output %y",
      "g.sgr");
  CHECK(finding(g) == "none");
  SECTION("never") {
    g.sections[0].ops[0].scales = -1;
    CHECK_THAT(finding(g), contains("op 'q' (quantize_rows): found one result; expected two"));
  }
  SECTION("twice") {
    g.sections[0].ops[1].result = g.sections[0].ops[0].scales;
    CHECK_THAT(finding(g), contains("%s written twice"));
  }
  SECTION("as the rows") {
    g.sections[0].ops[0].scales = g.sections[0].ops[0].result;
    CHECK_THAT(finding(g), contains("%q written twice"));
  }
  SECTION("out of range") {
    g.sections[0].ops[0].scales = 99;
    CHECK_THAT(finding(g), contains("result tensor number 99"));
  }
  SECTION("below range") {
    g.sections[0].ops[0].scales = -2;
    CHECK_THAT(finding(g), contains("result tensor number -2"));
  }
  SECTION("read too early") {
    std::swap(g.sections[0].ops[0], g.sections[0].ops[1]);
    CHECK_THAT(finding(g), contains("expected a tensor that exists here"));
  }
}

TEST_CASE("declared results follow the op table") {
  Graph g = sound();
  g.tensors[7].cols = 9;
  CHECK_THAT(finding(g), contains("pass: op 'y' (scale): found result %y bf16[4, 9]"));
}

TEST_CASE("what is carried keeps its shape and type") {
  Graph g = sound();
  g.tensors[5].type = DataType::kFp32;
  CHECK_THAT(finding(g), contains("carry %h: found %last fp32[4, 8]; expected bf16[4, 8]"));
}

TEST_CASE("each step of an epilogue uses its own operand, in order") {
  Graph g = sound();
  SECTION("unused operand") { g.sections[0].ops[0].operands.push_back({0}); }
  SECTION("wrong number") { g.sections[0].ops[0].epilogue[0].operand = 1; }
  SECTION("beyond the last") { g.sections[0].ops[0].operands.pop_back(); }
  SECTION("operand of relu") { g.sections[0].ops[0].epilogue[1].operand = 2; }
  SECTION("no elementwise op") { g.sections[0].ops[0].epilogue[1].kind = OpKind::kSoftmax; }
  SECTION("on another op") { g.sections[1].ops[0].epilogue.push_back({.kind = OpKind::kRelu}); }
  CHECK_THAT(finding(g), contains("pass: op '"));
}

TEST_CASE("outputs are computed values, each once") {
  Graph g = sound();
  SECTION("none") { g.outputs.clear(); }
  SECTION("twice") { g.outputs = {7, 7}; }
  SECTION("an input") { g.outputs = {0}; }
  CHECK_THAT(finding(g), contains("output"));
}

TEST_CASE("seeded integers fit their type") {
  Graph g = parse_graph(
      "graph \"g\" input %x int8[1, 1] scale=100 offset=27 %y = relu(%x) "
      "output %y",
      "g.sgr");
  CHECK(finding(g) == "none");
  g.tensors[0].offset = 28;
  CHECK_THAT(finding(g), contains("scale + |offset| <= 127"));
  g.tensors[0].offset = 0.5;
  CHECK_THAT(finding(g), contains("whole numbers"));
}

TEST_CASE("work that 63 bits could not count is refused") {
  const auto product = [](const std::string& n) {
    return "graph \"g\" input %a bf16[1048576, 1048576] input %b bf16[1048576, " + n +
           "] %y = matmul(%a, %b) output %y";
  };
  CHECK_NOTHROW(parse_graph(product("1048576"), "g.sgr"));  // 2^60 multiply-accumulates
  CHECK_THROWS_AS(parse_graph(product("2097152"), "g.sgr"), Error);
}
