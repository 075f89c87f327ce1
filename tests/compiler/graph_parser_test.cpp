// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph_parser.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "mangled_text.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

// One decode step, two sequences, with what a Llama's layer has.
constexpr std::string_view kDecode = R"(graph "decode" tokens=2

input %x bf16[2, 8] scale=1 offset=0
constant %cos fp32[1, 1] cos scale=1 offset=6 frequencies=[1]
constant %sin fp32[1, 1] sin scale=1 offset=6 frequencies=[1]
repeat 3 {
  input %k_cache bf16[14, 4] copies=3 scale=1 offset=0
  input %v_cache bf16[14, 4] copies=3 scale=1 offset=0
  weight %g bf16[1, 8] copies=3 scale=0 offset=1
  weight %wq int8[8, 8] copies=3 scale=127 offset=0
  weight %wk int8[8, 4] copies=3 scale=127 offset=0
  weight %ws fp32[1, 8] copies=3 scale=0 offset=0.0078125
  carry %h = %x -> %last
  %n, %ns = rmsnorm(%h, %g) {eps=1e-05} then quantize_rows() name="norm" : int8[2, 8]
  %q = gemm(%n, %wq) then mul(%ns) then mul(%ws) : bf16[2, 8]
  %k = gemm(%n, %wk) then mul(%ns) : bf16[2, 4]
  %v = rmsnorm(%k, %g[0:2]) {eps=0, groups=2} : bf16[2, 4]
  %kr = rope(%k, %cos, %sin) {heads=2} : bf16[2, 4]
  %k_all = append(%k_cache, %kr) {first=6, seq=7} : bf16[14, 4]
  %v_all = append(%v_cache, %v) {first=6, seq=7} : bf16[14, 4]
  %o = attention(%q, %k_all, %v_all) {heads=4, keys=7, kv_heads=2, scale=0.5, seq=1} : bf16[2, 8]
  yield %o
}
%y, %s = quantize_rows(%last) : int8[2, 8]
output %y, %s
)";

}  // namespace

TEST_CASE("the text of a decode step prints as itself") { CHECK(canonical(kDecode) == kDecode); }

TEST_CASE("inputs declared in the section have a copy per repetition") {
  const Graph graph = parse_graph(kDecode, "g.sgr");
  for (const Tensor& t : graph.tensors) {
    if (t.role == TensorRole::kInput) CHECK(t.copies == (t.name == "x" ? 1 : 3));
  }
}

TEST_CASE("an op that quantises rows has two results, and no other op has") {
  const Graph graph = parse_graph(kDecode, "g.sgr");
  const Op& quantize = graph.sections.back().ops[0];
  CHECK(graph.tensors[static_cast<std::size_t>(quantize.result)].name == "y");
  CHECK(graph.tensors[static_cast<std::size_t>(quantize.scales)].name == "s");
  CHECK(graph.tensors[static_cast<std::size_t>(quantize.scales)].type == DataType::kFp32);
  const std::string head = "graph \"g\"\ninput %x bf16[4, 8]\n";
  CHECK_THAT(refusal(head + "%y = quantize_rows(%x) output %y"),
             starts_with("g.sgr:3:1: found 1 results of quantize_rows; expected two"));
  CHECK_THAT(refusal(head + "%y, %s = exp(%x) output %y"),
             starts_with("g.sgr:3:5: found 2 results of exp; expected one"));
  CHECK_THAT(refusal(head + "%y, %y = quantize_rows(%x) output %y"), starts_with("g.sgr:3:5:"));
  CHECK_THAT(refusal(head + "%y, %s, %t = quantize_rows(%x) output %y"),
             starts_with("g.sgr:3:7: found ','; expected '='"));
}

TEST_CASE("only a norm may be followed by quantize_rows, and by nothing else") {
  const std::string head = "graph \"g\"\ninput %x bf16[4, 4]\n";
  const std::string gain = head + "weight %g bf16[1, 4]\n";
  CHECK(refusal(gain + "%y, %s = rmsnorm(%x, %g) {eps=0} then quantize_rows() output %y") ==
        "accepted");
  CHECK(refusal(gain + "%y, %s = layernorm(%x, %g, %g) {eps=0} then quantize_rows() output %y") ==
        "accepted");
  CHECK_THAT(refusal(gain + "%y = rmsnorm(%x, %g) {eps=0} then relu() output %y"),
             contains("then relu; expected at most quantize_rows()"));
  CHECK_THAT(refusal(gain + "%y, %s = gemm(%x, %x) then quantize_rows() output %y"),
             contains("then quantize_rows; expected an elementwise op"));
  CHECK_THAT(refusal(gain + "%y = softmax(%x) then relu() output %y"), contains("found 'then'"));
}

TEST_CASE("frequencies read back as the same numbers") {
  const std::vector<double> frequencies{1, 1.0 / 3, 0.1, 1e-5, 5e-324, 2147483648.0, -0.25, 0};
  Graph graph = parse_graph(
      "graph \"g\" constant %c fp32[1, 8] sin scale=0.1 offset=131071 "
      "frequencies=[1, 2, 3, 4, 5, 6, 7, 8] %y = exp(%c) output %y",
      "g.sgr");
  graph.tensors[0].frequencies = frequencies;
  const std::string printed = print_graph(graph);
  const Graph again = parse_graph(printed, "out.sgr");
  CHECK(again.tensors[0].frequencies == frequencies);
  CHECK(again.tensors[0].fill == Fill::kSin);
  CHECK(again.tensors[0].scale == 0.1);
  CHECK(again.tensors[0].offset == 131071);
  CHECK(print_graph(again) == printed);
}

TEST_CASE("a constant is fp32, filled with cosines or sines, and has a frequency per column") {
  const auto constant = [](const std::string& text) {
    return refusal("graph \"g\"\nconstant %c " + text + "\n%y = exp(%c) output %y");
  };
  CHECK(constant("fp32[4, 2] cos frequencies=[1, 0.5]") == "accepted");
  CHECK_THAT(constant("fp32[4, 2] cos frequencies=[1]"), contains("1 frequencies; expected one"));
  CHECK_THAT(constant("fp32[4, 2] cos frequencies=[1, 2, 3]"), contains("3 frequencies"));
  CHECK_THAT(constant("fp32[4, 2] tan frequencies=[1, 2]"), contains("expected cos or sin"));
  CHECK_THAT(constant("fp32[4, 2] uniform frequencies=[1, 2]"), contains("expected cos or sin"));
  CHECK_THAT(constant("bf16[4, 2] cos frequencies=[1, 2]"), contains("expected fp32"));
  CHECK_THAT(constant("fp32[4, 2] cos"), contains("expected 'frequencies'"));
  CHECK_THAT(constant("fp32[4, 2] cos frequencies=[1, inf]"), contains("a finite number"));
  CHECK_THAT(constant("fp32[4, 2] cos frequencies=[1, 2147483649]"), contains("at most"));
  CHECK_THAT(constant("fp32[4, 2] cos offset=2147483649 frequencies=[1, 2]"), contains("at most"));
}

TEST_CASE("constants are declared outside the section only") {
  CHECK_THAT(refusal("graph \"g\" input %x bf16[1, 1] repeat 2 { constant %c fp32[1, 1] cos "
                     "frequencies=[1] }"),
             contains("found 'constant'; expected input, weight, carry"));
}

TEST_CASE("the frequencies of all constants stop at 2^16") {
  const auto graph = [](std::int64_t first, std::int64_t second) {
    std::string text = "graph \"g\"";
    for (const auto& [name, count] : {std::pair("%a", first), std::pair("%b", second)}) {
      text += std::string(" constant ") + name + " fp32[1, " + std::to_string(count) +
              "] cos frequencies=[0";
      for (std::int64_t i = 1; i < count; ++i) text += ",0";
      text += "]";
    }
    return text + " %y = exp(%a) output %y";
  };
  CHECK(refusal(graph(kMaxFrequencies - 1, 1)) == "accepted");
  CHECK_THAT(refusal(graph(kMaxFrequencies, 1)), contains("at most 65536 frequencies"));
}

TEST_CASE("a decode step truncated before its output is refused wherever it ends") {
  check_truncated(kDecode, kDecode.find("\noutput"));
}

TEST_CASE("a byte changed anywhere in a decode step gives a graph or a refusal") {
  check_changed_bytes(kDecode);
}
