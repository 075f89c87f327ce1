// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph_text.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "mangled_text.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

constexpr std::string_view kRegion = R"(graph "r" tokens=4

table %ids [1, 0, 2, 1]
input %x bf16[4, 8] scale=1 offset=0
weight %w bf16[3, 8] scale=0.5 offset=-0.25
%e = gather(%ids, %w) : bf16[4, 8]
%s = add(%e, %x) name="sum of both" : bf16[4, 8]
repeat 5 {
  weight %v bf16[8, 16] copies=5 scale=0.5 offset=0
  carry %h = %s -> %last
  %wide = gemm(%h, %v) then scale(factor=0.5) then relu() : bf16[4, 16]
  %next = max(%wide[0:8], %wide[8:16]) : bf16[4, 8]
  yield %next
}
%y = softmax(%last) {scale=2} : fp32[4, 8]
output %y, %e
)";

}  // namespace

TEST_CASE("canonical text prints as itself") { CHECK(canonical(kRegion) == kRegion); }

TEST_CASE("what is left out is filled in") {
  CHECK(canonical(R"(graph"g" # a comment
    input%a int8 [2,3] weight %b int8[3,4] scale=127
    %c=matmul(%a,%b) %d=quantize(%c){factor=.5} output%d)") ==
        R"(graph "g"

input %a int8[2, 3] scale=1 offset=0
weight %b int8[3, 4] scale=127 offset=0
%c = matmul(%a, %b) : int32[2, 4]
%d = quantize(%c) {factor=0.5} : int8[2, 4]
output %d
)");
}

TEST_CASE("weights declared in the section have a copy per repetition") {
  const Graph graph = parse_graph(kRegion, "g.sgr");
  for (const Tensor& t : graph.tensors) CHECK(t.copies == (t.name == "v" ? 5 : 1));
  REQUIRE(graph.sections.size() == 3);
  CHECK(graph.sections[1].repeat == 5);
  REQUIRE(graph.sections[1].carries.size() == 1);
  CHECK(graph.tensors[static_cast<std::size_t>(graph.sections[1].carries[0].result)].name ==
        "last");
}

TEST_CASE("every example is read and prints as what it parses to") {
  int examples = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(SYSTOLE_SOURCE_ROOT "/workloads/examples")) {
    if (entry.path().extension() != ".sgr") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string first = canonical(text.str());
    CHECK(canonical(first) == first);
    ++examples;
  }
  CHECK(examples >= 4);
}

TEST_CASE("a message names line and column, what was found and what was expected") {
  CHECK(refusal("graph \"g\"\ninput %x bf17[1, 2]") ==
        "g.sgr:2:10: found 'bf17'; expected one of int8, int32, bf16, fp32, "
        "fp8_e4m3, fp8_e5m2; did you mean 'bf16'?");
  CHECK(refusal("graph \"g\"\ninput %x bf16[1, 2]\n%y = exq(%x)") ==
        "g.sgr:3:6: found 'exq'; expected one of embedding, linear, mha, gather, select, rows, "
        "column, matmul, "
        "expert_matmul, add, "
        "sub, mul, max, min, scale, exp, tanh, sigmoid, silu, relu, gelu, gelu_tanh, quantize, "
        "layernorm, rmsnorm, rope, quantize_rows, normalize, sum_rows, append, softmax, scores, "
        "context, gemm, expert_gemm, attention; "
        "did you mean 'exp'?");
}

TEST_CASE("names are declared once and before their use") {
  const std::string head = "graph \"g\"\ninput %value bf16[4, 8]\n";
  CHECK_THAT(refusal(head + "%y = exp(%valu)"),
             starts_with("g.sgr:3:10: found '%valu'") && contains("did you mean 'value'?"));
  CHECK_THAT(refusal(head + "%value = exp(%value)"), starts_with("g.sgr:3:1:"));
  CHECK_THAT(refusal(head + "%y = exp(%y)"), starts_with("g.sgr:3:10:"));
}

TEST_CASE("what follows from the operands may be written but not contradicted") {
  const std::string head = "graph \"g\"\ninput %x bf16[4, 8]\n";
  CHECK_THAT(canonical(head + "%y = exp(%x) : fp32[4, 8] output %y"), contains(": fp32[4, 8]"));
  CHECK_THAT(refusal(head + "%y = exp(%x) : bf16[4, 9] output %y"),
             contains("g.sgr:3:6: found exp: result %y bf16[4, 9]; expected bf16 or fp32 or "
                      "fp8_e4m3 or fp8_e5m2[4, 8]"));
  CHECK_THAT(refusal(head + "%y = exp(%x) : int8[4, 8] output %y"),
             contains("bf16 or fp32 or fp8_e4m3 or fp8_e5m2[4, 8]"));
}

TEST_CASE("tensors are of fp8, and products and elementwise ops convert to it where told to") {
  const std::string head =
      "graph \"g\"\ninput %x fp8_e4m3[4, 8] weight %w fp8_e4m3[8, 2] input %b bf16[4, 8]\n";
  const std::string text = canonical(head +
                                     "%p = matmul(%x, %w) : fp8_e5m2[4, 2]\n"
                                     "%y = scale(%b) {factor=4} : fp8_e4m3[4, 8]\n"
                                     "%z = matmul(%y, %w)\noutput %p, %z");
  CHECK_THAT(text, contains("input %x fp8_e4m3[4, 8] scale=1"));
  CHECK_THAT(text, contains("%p = matmul(%x, %w) : fp8_e5m2[4, 2]"));
  CHECK_THAT(text, contains("{factor=4} : fp8_e4m3[4, 8]"));
  CHECK_THAT(text, contains("%z = matmul(%y, %w) : bf16[4, 2]"));
  CHECK(canonical(text) == text);
  CHECK_THAT(refusal(head + "%y = softmax(%b) : fp8_e4m3[4, 8] output %y"),
             contains("expected bf16 or fp32[4, 8]"));
  CHECK_THAT(refusal(head + "%y = rows(%x) {count=2} : bf16[2, 8] output %y"),
             contains("expected fp8_e4m3[2, 8]"));
}

TEST_CASE("values leave the section only as what a carry yields") {
  const std::string head = "graph \"g\"\ninput %x bf16[4, 8]\n%a = exp(%x)\nrepeat 2 {\n";
  const std::string body = "carry %h = %a -> %z\n%b = exp(%h)\nyield %b\n}\n";
  CHECK_NOTHROW(parse_graph(head + body + "output %z", "g.sgr"));
  CHECK_THAT(refusal(head + body + "output %b"), contains("g.sgr:9:8: found '%b'"));
  CHECK_THAT(refusal(head + "carry %h = %a -> %z\n%b = exp(%z)\nyield %b\n}\noutput %z"),
             starts_with("g.sgr:6:10:"));
  CHECK_THAT(refusal(head + "carry %h = %a -> %z\n%b = exp(%h)\n}\noutput %z"),
             contains("expected yield"));
  const std::string next = "repeat 3 {\ncarry %i = %z -> %y\n";
  CHECK_NOTHROW(parse_graph(head + body + next + "%c = exp(%i)\nyield %c\n}\noutput %y", "g.sgr"));
  for (const std::string foreign : {"h", "b", "y"}) {
    CHECK_THAT(refusal(head + body + next + "%c = exp(%" + foreign + ")\nyield %c\n}\noutput %y"),
               starts_with("g.sgr:11:10:"));
  }
  CHECK_THAT(refusal(head + "repeat 2 { }"), starts_with("g.sgr:5:1:"));
}

TEST_CASE("sizes stop at 2^31") {
  const auto with = [](const std::string& rows) {
    return "graph \"g\" input %x bf16[" + rows + ", 8] %y = exp(%x) output %y";
  };
  CHECK_NOTHROW(parse_graph(with("2147483648"), "g.sgr"));
  CHECK_THAT(refusal(with("2147483649")), contains("from 1 to 2147483648"));
  CHECK_THAT(refusal(with("0")), contains("from 1 to"));
  CHECK_THAT(refusal(with("-1")), contains("from 1 to"));
  CHECK_THAT(refusal(with("99999999999999999999999")), contains("from 1 to"));
  CHECK_THAT(refusal(with("1.5")), contains("from 1 to"));
}

TEST_CASE("a truncated text is refused wherever it ends before its output") {
  check_truncated(kRegion, kRegion.find("output"));
}

TEST_CASE("a byte changed anywhere gives a graph or a refusal, never a crash") {
  check_changed_bytes(kRegion);
}
