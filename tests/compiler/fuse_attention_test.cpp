// SPDX-License-Identifier: Apache-2.0
// What decompose makes of an attention with a window, a soft cap or a bias, and what fuse makes of
// that.
#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"

using namespace systole;

namespace {

constexpr std::string_view kHead = R"(graph "g"

input %x bf16[6, 8] scale=1 offset=0
input %b bf16[6, 3] scale=1 offset=0
)";

Graph parsed(const std::string& ops) { return parse_graph(std::string(kHead) + ops, "in.sgr"); }

std::string ops_of(const Graph& graph) {
  verify_graph(graph, "pass");
  const std::string text = print_graph(graph);
  CHECK(print_graph(parse_graph(text, "out.sgr")) == text);
  return text.substr(kHead.size());
}

}  // namespace

TEST_CASE("a window and a soft cap are the softmax's, and the fused attention's again") {
  const Graph parts = decompose(parsed(
      "%y = mha(%x, %x, %x) {heads=2, seq=3, causal=1, scale=0.5, window=2, softcap=4} name=\"a\"\n"
      "output %y"));
  CHECK(ops_of(parts) ==
        R"(%y.scores = scores(%x, %x) {heads=2, seq=3} name="a" : fp32[12, 3]
%y.softmax = softmax(%y.scores) {causal=1, scale=0.5, seq=3, softcap=4, window=2} name="a.softmax" : bf16[12, 3]
%y = context(%y.softmax, %x) {heads=2, seq=3} name="a.context" : bf16[6, 8]
output %y
)");
  CHECK(
      ops_of(fuse(parts)) ==
      R"(%y = attention(%x, %x, %x) {causal=1, heads=2, scale=0.5, seq=3, softcap=4, window=2} name="a" : bf16[6, 8]
output %y
)");
}

TEST_CASE("a bias is the scores', and the fused attention's again") {
  const Graph parts =
      decompose(parsed("%y = mha(%x, %x, %x, %b) {heads=2, seq=3} name=\"a\"\noutput %y"));
  CHECK(ops_of(parts) ==
        R"(%y.scores = scores(%x, %x, %b) {heads=2, seq=3} name="a" : fp32[12, 3]
%y.softmax = softmax(%y.scores) {causal=0, scale=1, seq=3} name="a.softmax" : bf16[12, 3]
%y = context(%y.softmax, %x) {heads=2, seq=3} name="a.context" : bf16[6, 8]
output %y
)");
  CHECK(ops_of(fuse(parts)) ==
        R"(%y = attention(%x, %x, %x, %b) {causal=0, heads=2, scale=1, seq=3} name="a" : bf16[6, 8]
output %y
)");
}

TEST_CASE("scores with a bias that are scaled, masked or capped afterwards stay by themselves") {
  for (const char* rule : {"scale=2", "causal=1, seq=3", "window=2", "softcap=3"}) {
    const std::string ops = "%s = scores(%x, %x, %b) {heads=2, seq=3}\n%p = softmax(%s) {" +
                            std::string(rule) +
                            "}\n%y = context(%p, %x) {heads=2, seq=3}\noutput %y";
    CHECK(ops_of(fuse(parsed(ops))).find("attention(") == std::string::npos);
    std::string plain = ops;
    plain.erase(plain.find(", %b"), 4);
    CHECK(ops_of(fuse(parsed(plain))).find("attention(") != std::string::npos);
  }
}
