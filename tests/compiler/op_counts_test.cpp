// SPDX-License-Identifier: Apache-2.0
#include "compiler/op_counts.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"

using namespace systole;

namespace {

// Of the last op of the text.
OpCounts counts(const std::string& text) {
  const Graph graph = parse_graph("graph \"g\"\n" + text, "g.sgr");
  return count_op(graph, graph.sections.back().ops.back());
}

}  // namespace

TEST_CASE("a product counts M x N x K, and each operand once") {
  const OpCounts c = counts(R"(input %x bf16[3, 5] weight %w bf16[5, 7] weight %b bf16[1, 7]
%y = gemm(%x, %w) then add(%b) : fp32[3, 7]
output %y)");
  CHECK(c.macs == 3 * 5 * 7);
  CHECK(c.read_bytes == 2 * (15 + 35 + 7));
  CHECK(c.write_bytes == 4 * 21);
}

TEST_CASE("an operand read twice counts once, two views of a tensor count both") {
  const std::string x = "input %x bf16[3, 6]\n";
  CHECK(counts(x + "%y = mul(%x, %x) output %y").read_bytes == 2 * 18);
  CHECK(counts(x + "%y = mul(%x[0:2], %x[4:6]) output %y").read_bytes == 2 * 12);
}

TEST_CASE("causal attention counts the pairs on and below the diagonal") {
  const std::string x = "input %x bf16[8, 6]\n%y = attention(%x, %x, %x) ";
  CHECK(counts(x + "{heads=2, seq=4} output %y").macs == 2 * 2 * 16 * 6);
  CHECK(counts(x + "{heads=2, seq=4, causal=1} output %y").macs == 2 * 2 * 10 * 6);
  CHECK(counts(x + "{heads=2, seq=4} output %y").read_bytes == 2 * 48);
}

TEST_CASE("attention counts the columns of q and those of the result, which v gives") {
  const OpCounts c = counts(R"(input %q bf16[2, 24] input %k bf16[14, 8] input %v bf16[14, 6]
%y = attention(%q, %k, %v) {heads=6, kv_heads=2, seq=1, keys=7}
output %y)");
  CHECK(c.macs == 2 * 7 * 24 + 2 * 7 * 18);
  CHECK(c.read_bytes == 2 * (2 * 24 + 14 * 8 + 14 * 6));
  CHECK(c.write_bytes == 2 * 2 * 18);
}

TEST_CASE("a product in heads multiplies each column with its own part of the weights") {
  const OpCounts c = counts(R"(input %x bf16[3, 12] weight %w bf16[12, 7]
%y = gemm(%x, %w) {heads=4}
output %y)");
  CHECK(c.macs == 3 * 12 * 7);
  CHECK(c.read_bytes == 2 * (36 + 84));
  CHECK(c.write_bytes == 2 * 3 * 28);
}

TEST_CASE("a second part of the scores counts its columns, and values in the keys are read once") {
  const std::string inputs =
      "input %q bf16[2, 24] input %q2 bf16[2, 12] input %k bf16[14, 8] input %k2 bf16[14, 2]\n"
      "input %c bf16[14, 4]\n";
  const std::string rest = "{heads=6, seq=1, keys=7, kv_heads=";
  const OpCounts c =
      counts(inputs + "%y = attention(%q, %k, %k, %q2, %k2) " + rest + "2} output %y");
  CHECK(c.macs == 2 * 7 * (24 + 12 + 24));
  CHECK(c.read_bytes == 2 * (2 * 24 + 2 * 12 + 14 * 8 + 14 * 2));
  const OpCounts latent =
      counts(inputs + "%y = attention(%q, %c, %c[0:3], %q2, %k2) " + rest + "1} output %y");
  CHECK(latent.macs == 2 * 7 * (24 + 12 + 18));
  CHECK(latent.read_bytes == 2 * (2 * 24 + 2 * 12 + 14 * 4 + 14 * 2));
  CHECK(counts(inputs + "%y = attention(%q, %k, %k[0:6]) " + rest + "2} output %y").read_bytes ==
        2 * (2 * 24 + 14 * 8 + 14 * 6));
  const OpCounts sinks = counts(inputs + "input %s bf16[6, 1] %y = attention(%q, %k, %k, %s) " +
                                rest + "2, sinks=1} output %y");
  CHECK(sinks.read_bytes == 2 * (2 * 24 + 14 * 8 + 6));
}

TEST_CASE("scores and context count all pairs, half of an attention each") {
  const std::string x = "input %x bf16[8, 6] input %p bf16[16, 4]\n";
  CHECK(counts(x + "%y = scores(%x, %x) {heads=2, seq=4} output %y").macs == 2 * 16 * 6);
  CHECK(counts(x + "%y = context(%p, %x) {heads=2, seq=4} output %y").macs == 2 * 16 * 6);
}

TEST_CASE("attention on a cache counts every key, and reads k and v once per head of theirs") {
  const OpCounts c = counts(R"(input %q bf16[2, 24] input %k bf16[14, 8] input %v bf16[14, 8]
%y = attention(%q, %k, %v) {heads=6, kv_heads=2, seq=1, keys=7}
output %y)");
  CHECK(c.macs == 2 * 2 * 7 * 24);
  CHECK(c.read_bytes == 2 * (2 * 24 + 14 * 8 + 14 * 8));
  CHECK(c.write_bytes == 2 * 2 * 24);
  const std::string parts = "input %q bf16[6, 24] input %k bf16[14, 8] input %p bf16[36, 7]\n";
  const std::string rest = " {heads=6, kv_heads=2, seq=3, keys=7} output %y";
  CHECK(counts(parts + "%y = scores(%q, %k)" + rest).macs == 6 * 7 * 24);
  CHECK(counts(parts + "%y = context(%p, %k)" + rest).macs == 6 * 7 * 24);
  CHECK(counts(parts + "%y = mha(%q, %k, %k)" + rest).macs == 2 * 6 * 7 * 24);
}

TEST_CASE("attention with a window counts the pairs in it, and reads no key that no row sees") {
  const OpCounts c = counts(R"(input %q bf16[2, 24] input %k bf16[14, 8] input %v bf16[14, 8]
%y = attention(%q, %k, %v) {heads=6, kv_heads=2, seq=1, keys=7, window=3}
output %y)");
  CHECK(c.macs == 2 * 2 * 3 * 24);
  CHECK(c.read_bytes == 2 * (2 * 24 + 6 * 8 + 6 * 8));
  const std::string x = "input %x bf16[8, 6]\n%y = attention(%x, %x, %x) ";
  CHECK(counts(x + "{heads=2, seq=4, causal=1, window=2} output %y").macs == 2 * 2 * 7 * 6);
}

TEST_CASE("an append moves nothing: who computes its rows writes them") {
  const OpCounts c = counts(R"(input %c bf16[14, 8] input %x bf16[2, 8]
%n = exp(%x)
%y = append(%c, %n) {seq=7, first=6}
output %y)");
  CHECK(c.macs + c.read_bytes + c.write_bytes == 0);
}

TEST_CASE("what quantises rows writes a byte per number and four per row") {
  const std::string x = "input %x bf16[5, 24] weight %g bf16[1, 24]\n";
  const OpCounts alone = counts(x + "%y, %s = quantize_rows(%x) output %y");
  CHECK(alone.read_bytes == 2 * 5 * 24);
  CHECK(alone.write_bytes == 5 * 24 + 4 * 5);
  CHECK(alone.macs == 0);
  const OpCounts fused =
      counts(x + "%y, %s = rmsnorm(%x, %g) {eps=0} then quantize_rows() output %y");
  CHECK(fused.read_bytes == 2 * (5 * 24 + 24));
  CHECK(fused.write_bytes == 5 * 24 + 4 * 5);
}

TEST_CASE("a rope reads its tables once") {
  const OpCounts c = counts(R"(input %x bf16[10, 24]
constant %c fp32[5, 2] cos frequencies=[1, 2] constant %s fp32[5, 2] sin frequencies=[1, 2]
%y = rope(%x, %c, %s) {heads=6}
output %y)");
  CHECK(c.read_bytes == 2 * 240 + 2 * 4 * 10);
  CHECK(c.write_bytes == 2 * 240);
  CHECK(c.macs == 0);
}

TEST_CASE("a lookup reads the distinct rows it names") {
  const std::string text = "table %ids [4, 1, 4, 4] weight %w bf16[9, 6] weight %p bf16[7, 6]\n";
  CHECK(counts(text + "%y = gather(%ids, %w) output %y").read_bytes == 2 * 2 * 6);
  CHECK(counts(text + "%y = gather(%ids, %w) output %y").write_bytes == 2 * 4 * 6);
  CHECK(counts(text + "%y = embedding(%ids, %w, %p) {seq=2} output %y").read_bytes ==
        2 * (2 + 2) * 6);
}

TEST_CASE("a view moves nothing") {
  const OpCounts c = counts("input %x bf16[8, 6] %y = rows(%x) {count=3} output %y");
  CHECK(c.macs + c.read_bytes + c.write_bytes == 0);
}
