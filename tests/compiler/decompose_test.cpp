// SPDX-License-Identifier: Apache-2.0
#include "compiler/decompose.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"

using namespace systole;

namespace {

// The text after the pass; what it leaves must be a sound graph.
std::string decomposed(std::string_view text) {
  const Graph graph = decompose(parse_graph(text, "in.sgr"));
  verify_graph(graph, "decompose");
  const std::string printed = print_graph(graph);
  CHECK(print_graph(parse_graph(printed, "out.sgr")) == printed);
  CHECK(print_graph(decompose(graph)) == printed);
  return printed;
}

}  // namespace

TEST_CASE("a linear layer becomes a product and a bias") {
  CHECK(decomposed(R"(graph "g"
input %x bf16[4, 8]
weight %w bf16[8, 2]
weight %b bf16[1, 2]
%y = linear(%x, %w, %b) name="fc"
output %y)") == R"(graph "g"

input %x bf16[4, 8] scale=1 offset=0
weight %w bf16[8, 2] scale=1 offset=0
weight %b bf16[1, 2] scale=1 offset=0
%y.product = matmul(%x, %w) name="fc" : bf16[4, 2]
%y = add(%y.product, %b) name="fc.bias_add" : bf16[4, 2]
output %y
)");
}

TEST_CASE("attention becomes scores, softmax and context, with its views and attributes") {
  CHECK(decomposed(R"(graph "g"
input %x bf16[6, 12]
%y = mha(%x[0:4], %x[4:8], %x[8:12]) {heads=2, seq=3, causal=1, scale=0.5}
output %y)") == R"(graph "g"

input %x bf16[6, 12] scale=1 offset=0
%y.scores = scores(%x[0:4], %x[4:8]) {heads=2, seq=3} name="y" : fp32[12, 3]
%y.softmax = softmax(%y.scores) {causal=1, scale=0.5, seq=3} : bf16[12, 3]
%y = context(%y.softmax, %x[8:12]) {heads=2, seq=3} name="y.context" : bf16[6, 4]
output %y
)");
}

TEST_CASE("attention on a cache keeps its counts of heads and keys") {
  CHECK(decomposed(R"(graph "g"
input %x bf16[2, 12]
input %c bf16[10, 4]
%y = mha(%x, %c, %c) {heads=6, kv_heads=2, seq=1, keys=5, scale=0.5}
output %y)") == R"(graph "g"

input %x bf16[2, 12] scale=1 offset=0
input %c bf16[10, 4] scale=1 offset=0
%y.scores = scores(%x, %c) {heads=6, keys=5, kv_heads=2, seq=1} name="y" : fp32[12, 5]
%y.softmax = softmax(%y.scores) {causal=0, scale=0.5, seq=1} : bf16[12, 5]
%y = context(%y.softmax, %c) {heads=6, keys=5, kv_heads=2, seq=1} name="y.context" : bf16[2, 12]
output %y
)");
}

TEST_CASE("an embedding becomes a gather and an add of the positions in use") {
  CHECK(decomposed(R"(graph "g"
table %ids [2, 0, 1, 1]
weight %w bf16[3, 8]
weight %p bf16[5, 8]
%y = embedding(%ids, %w, %p) {seq=2}
output %y)") == R"(graph "g"

table %ids [2, 0, 1, 1]
weight %w bf16[3, 8] scale=1 offset=0
weight %p bf16[5, 8] scale=1 offset=0
%y.words = gather(%ids, %w) name="y" : bf16[4, 8]
%y.positions = rows(%p) {count=2} : bf16[2, 8]
%y = add(%y.words, %y.positions) name="y.add" : bf16[4, 8]
output %y
)");
}

TEST_CASE("all positions in use need no view") {
  CHECK(decomposed(R"(graph "g"
table %ids [2, 0, 1, 1]
weight %w bf16[3, 8]
weight %p bf16[2, 8]
%y = embedding(%ids, %w, %p) {seq=2}
output %y)") == R"(graph "g"

table %ids [2, 0, 1, 1]
weight %w bf16[3, 8] scale=1 offset=0
weight %p bf16[2, 8] scale=1 offset=0
%y.words = gather(%ids, %w) name="y" : bf16[4, 8]
%y = add(%y.words, %p) name="y.add" : bf16[4, 8]
output %y
)");
}

TEST_CASE("names that are taken are not taken again") {
  CHECK(decomposed(R"(graph "g"
input %x bf16[4, 8]
weight %w bf16[8, 8]
weight %b bf16[1, 8]
%y.product = exp(%x) name="y.bias_add"
%y = linear(%y.product, %w, %b)
output %y)") == R"(graph "g"

input %x bf16[4, 8] scale=1 offset=0
weight %w bf16[8, 8] scale=1 offset=0
weight %b bf16[1, 8] scale=1 offset=0
%y.product = exp(%x) name="y.bias_add" : bf16[4, 8]
%y.product_ = matmul(%y.product, %w) name="y" : bf16[4, 8]
%y = add(%y.product_, %b) name="y.bias_add_" : bf16[4, 8]
output %y
)");
}

TEST_CASE("the repeated section is decomposed in place") {
  CHECK(decomposed(R"(graph "g"
input %x bf16[4, 8]
repeat 2 {
  weight %w bf16[8, 8]
  weight %b bf16[1, 8]
  carry %h = %x -> %z
  %y = linear(%h, %w, %b)
  yield %y
}
output %z)") == R"(graph "g"

input %x bf16[4, 8] scale=1 offset=0
repeat 2 {
  weight %w bf16[8, 8] copies=2 scale=1 offset=0
  weight %b bf16[1, 8] copies=2 scale=1 offset=0
  carry %h = %x -> %z
  %y.product = matmul(%h, %w) name="y" : bf16[4, 8]
  %y = add(%y.product, %b) name="y.bias_add" : bf16[4, 8]
  yield %y
}
output %z
)");
}
