// SPDX-License-Identifier: Apache-2.0
#include "compiler/fuse.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

constexpr std::string_view kHead = R"(graph "g"

input %x bf16[4, 8] scale=1 offset=0
weight %w bf16[8, 8] scale=1 offset=0
weight %b bf16[1, 8] scale=1 offset=0
)";

// The ops after the pass, for ops over the tensors of kHead.
std::string fused_ops(const std::string& ops, std::string_view head = kHead) {
  const Graph graph = fuse(parse_graph(std::string(head) + ops, "in.sgr"));
  verify_graph(graph, "fuse");
  const std::string printed = print_graph(graph);
  CHECK(print_graph(parse_graph(printed, "out.sgr")) == printed);
  CHECK(print_graph(fuse(graph)) == printed);
  REQUIRE_THAT(printed, starts_with(std::string(head)));
  return printed.substr(head.size());
}

}  // namespace

TEST_CASE("bias, activation, residual and requantisation move into the product's drain") {
  CHECK(
      fused_ops(R"(%p = matmul(%x, %w) name="fc"
%q = add(%p, %b)
%r = gelu(%q)
%s = add(%r, %x)
%t = quantize(%s) {factor=0.25}
output %t)") ==
      R"(%t = gemm(%x, %w) then add(%b) then gelu() then add(%x) then quantize(factor=0.25) name="fc" : int8[4, 8]
output %t
)");
}

TEST_CASE("a product alone is a gemm without steps") {
  CHECK(fused_ops("%p = matmul(%x, %w) {transpose_rhs=1}\noutput %p\n") ==
        "%p = gemm(%x, %w) {transpose_rhs=1} : bf16[4, 8]\noutput %p\n");
}

TEST_CASE("a value that something else reads is not fused away") {
  CHECK(fused_ops("%p = matmul(%x, %w)\n%q = exp(%p)\noutput %q, %p\n") ==
        "%p = gemm(%x, %w) : bf16[4, 8]\n%q = exp(%p) : bf16[4, 8]\noutput %q, %p\n");
  CHECK(fused_ops("%p = matmul(%x, %w)\n%q = mul(%p, %p)\noutput %q\n") ==
        "%p = gemm(%x, %w) : bf16[4, 8]\n%q = mul(%p, %p) : bf16[4, 8]\noutput %q\n");
}

TEST_CASE("an operand whose rows repeat stays out of a product's drain, with all after it") {
  const std::string head = std::string(kHead) + "weight %z bf16[2, 8] scale=1 offset=0\n";
  CHECK(fused_ops("%p = matmul(%x, %w)\n%q = add(%p, %z)\n%y = relu(%q)\noutput %y\n", head) ==
        "%p = gemm(%x, %w) : bf16[4, 8]\n%q = add(%p, %z) : bf16[4, 8]\n"
        "%y = relu(%q) : bf16[4, 8]\noutput %y\n");
}

TEST_CASE("a value that is carried or yielded is not fused away") {
  const std::string text = R"(%p = gemm(%x, %w) : bf16[4, 8]
repeat 2 {
  carry %h = %p -> %z
  %q = gemm(%h, %w) : bf16[4, 8]
  %r = exp(%q) : bf16[4, 8]
  %s = exp(%r) : bf16[4, 8]
  yield %q
}
%t = exp(%z) : bf16[4, 8]
output %t
)";
  CHECK(fused_ops(text) == text);
}

TEST_CASE("the product may be the second operand where order does not matter") {
  CHECK(fused_ops("%p = matmul(%x, %w)\n%q = add(%x, %p)\noutput %q\n") ==
        "%q = gemm(%x, %w) then add(%x) name=\"p\" : bf16[4, 8]\noutput %q\n");
  CHECK(fused_ops("%p = matmul(%x, %w)\n%q = sub(%p, %x)\noutput %q\n") ==
        "%q = gemm(%x, %w) then sub(%x) name=\"p\" : bf16[4, 8]\noutput %q\n");
  const std::string reversed =
      "%p = gemm(%x, %w) : bf16[4, 8]\n%q = sub(%x, %p) : bf16[4, 8]\noutput %q\n";
  CHECK(fused_ops(reversed) == reversed);
}

TEST_CASE("a product that is repeated down the rows of another is not fused") {
  const std::string text = R"(%one = rows(%x) {count=1} : bf16[1, 8]
%p = gemm(%one, %w) : bf16[1, 8]
%q = add(%x, %p) : bf16[4, 8]
output %q
)";
  CHECK(fused_ops(text) == text);
}

TEST_CASE("a column view of a product is not fused") {
  const std::string text =
      "%p = gemm(%x, %w) : bf16[4, 8]\n%q = exp(%p[0:4]) : bf16[4, 4]\noutput %q\n";
  CHECK(fused_ops(text) == text);
}

TEST_CASE("nothing follows a requantisation") {
  CHECK(fused_ops(R"(%p = matmul(%x, %w)
%q = quantize(%p) {factor=2}
%r = relu(%q)
output %r
)") == R"(%q = gemm(%x, %w) then quantize(factor=2) name="p" : int8[4, 8]
%r = relu(%q) : int8[4, 8]
output %r
)");
}

TEST_CASE("nothing follows a conversion to fp8, which saturates") {
  const auto ops = [](const std::string& type) {
    const Graph graph = fuse(
        parse_graph("graph \"g\"\ninput %x bf16[4, 8] weight %w bf16[8, 6]\n%a = matmul(%x, %w)\n"
                    "%b = scale(%a) {factor=9} : " +
                        type + "[4, 6]\n%y = relu(%b)\noutput %y",
                    "g.sgr"));
    return graph.sections[0].ops.size();
  };
  CHECK(ops("bf16") == 1);
  CHECK(ops("fp8_e4m3") == 2);
  CHECK(ops("fp8_e5m2") == 2);
}

TEST_CASE("the fused op stands where its last step stood, after what that reads") {
  CHECK(fused_ops(R"(%p = matmul(%x, %w)
%e = exp(%x)
%q = add(%p, %e)
output %q
)") == R"(%e = exp(%x) : bf16[4, 8]
%q = gemm(%x, %w) then add(%e) name="p" : bf16[4, 8]
output %q
)");
}

TEST_CASE("two products that meet in an add: the first takes the second as its step") {
  CHECK(fused_ops(R"(%p = matmul(%x, %w)
%q = matmul(%x, %w) {transpose_rhs=1}
%r = add(%p, %q)
output %r
)") == R"(%q = gemm(%x, %w) {transpose_rhs=1} : bf16[4, 8]
%r = gemm(%x, %w) then add(%q) name="p" : bf16[4, 8]
output %r
)");
}

TEST_CASE("scores, softmax and context become one attention") {
  const std::string ops = R"(%s = scores(%x, %x) {heads=2, seq=4} name="core"
%p = softmax(%s) {causal=1, scale=0.5, seq=4}
%c = context(%p, %x) {heads=2, seq=4}
)";
  CHECK(fused_ops(ops + "output %c\n") ==
        "%c = attention(%x, %x, %x) {causal=1, heads=2, scale=0.5, seq=4} name=\"core\" : "
        "bf16[4, 8]\noutput %c\n");
  CHECK_THAT(fused_ops(ops + "output %c, %p\n"), contains("softmax(%s)"));
}

TEST_CASE("attention on a cache is fused with its counts of heads and keys") {
  const std::string head = R"(graph "g"

input %x bf16[2, 12] scale=1 offset=0
input %c bf16[10, 4] scale=1 offset=0
)";
  const std::string ops = R"(%s = scores(%x, %c) {heads=6, kv_heads=2, seq=1, keys=5}
%p = softmax(%s) {scale=0.5, seq=1}
)";
  CHECK(fused_ops(ops + "%y = context(%p, %c) {heads=6, kv_heads=2, seq=1, keys=5} output %y",
                  head) ==
        "%y = attention(%x, %c, %c) {causal=0, heads=6, keys=5, kv_heads=2, scale=0.5, seq=1} "
        "name=\"s\" : bf16[2, 12]\noutput %y\n");
  const std::string masked = R"(%s = scores(%x, %c) {heads=6, kv_heads=2, seq=1, keys=5}
%p = softmax(%s) {causal=1, seq=1}
%y = context(%p, %c) {heads=6, kv_heads=2, seq=1, keys=5} output %y)";
  CHECK_THAT(fused_ops(masked, head), contains("context(%p, %c)"));
}

TEST_CASE("a product that gives one number per row of another is not its epilogue") {
  const std::string text = R"(%p = gemm(%x, %b) {transpose_rhs=1} : bf16[4, 1]
%q = mul(%x, %p) : bf16[4, 8]
output %q
)";
  CHECK(fused_ops(text) == text);
}

TEST_CASE("an int8 product takes its scales per row and column, bias and residual as steps") {
  const std::string head = R"(graph "g"

input %i int8[4, 8] scale=9 offset=0
input %s fp32[4, 1] scale=1 offset=0
input %h bf16[4, 8] scale=1 offset=0
weight %j int8[8, 8] scale=9 offset=0
weight %w fp32[1, 8] scale=1 offset=0
weight %b bf16[1, 8] scale=1 offset=0
)";
  CHECK(fused_ops(R"(%p = matmul(%i, %j)
%q = mul(%p, %s)
%r = mul(%q, %w)
%t = add(%r, %b) : bf16[4, 8]
%u = add(%t, %h)
output %u)",
                  head) ==
        "%u = gemm(%i, %j) then mul(%s) then mul(%w) then add(%b) then add(%h) name=\"p\" : "
        "bf16[4, 8]\noutput %u\n");
}

TEST_CASE("a gate's product takes its activation, and the other product takes the gate") {
  CHECK(fused_ops(R"(%g = matmul(%x, %w)
%u = matmul(%x, %w) {transpose_rhs=1}
%a = silu(%g)
%m = mul(%u, %a)
output %m)") == R"(%a = gemm(%x, %w) then silu() name="g" : bf16[4, 8]
%m = gemm(%x, %w) {transpose_rhs=1} then mul(%a) name="u" : bf16[4, 8]
output %m
)");
}

TEST_CASE("a norm takes the quantisation of its rows, whose results have readers of their own") {
  CHECK(fused_ops(R"(%n = rmsnorm(%x, %b) {eps=0}
%q, %s = quantize_rows(%n)
%r = relu(%q)
%t = mul(%q, %s)
output %r, %t)") ==
        R"(%q, %s = rmsnorm(%x, %b) {eps=0} then quantize_rows() name="n" : int8[4, 8]
%r = relu(%q) : int8[4, 8]
%t = mul(%q, %s) : fp32[4, 8]
output %r, %t
)");
  CHECK(fused_ops(R"(%n = layernorm(%x, %b, %b) {eps=0}
%q, %s = quantize_rows(%n)
output %q)") ==
        R"(%q, %s = layernorm(%x, %b, %b) {eps=0} then quantize_rows() name="n" : int8[4, 8]
output %q
)");
}

TEST_CASE("a norm whose result has another reader keeps it") {
  const auto check_left_alone = [](const std::string& text) { CHECK(fused_ops(text) == text); };
  const std::string norm = "%n = rmsnorm(%x, %b) {eps=0} : bf16[4, 8]\n";
  const std::string ops = norm + "%q, %s = quantize_rows(%n) : int8[4, 8]\n";
  check_left_alone(ops + "output %q, %n\n");
  check_left_alone(ops + "%e = exp(%n) : bf16[4, 8]\noutput %q, %e\n");
  check_left_alone(ops + "%t, %u = quantize_rows(%n) : int8[4, 8]\noutput %q, %t\n");
  check_left_alone(norm + "%q, %s = quantize_rows(%n[0:4]) : int8[4, 4]\noutput %q\n");
  check_left_alone(R"(repeat 2 {
  carry %h = %x -> %z
  %n = rmsnorm(%h, %b) {eps=0} : bf16[4, 8]
  %q, %s = quantize_rows(%n) : int8[4, 8]
  %r = relu(%q) : int8[4, 8]
  yield %n
}
%t = exp(%z) : bf16[4, 8]
output %t
)");
}

TEST_CASE("only norms over whole rows take a quantisation") {
  const std::string rest = "%q, %s = quantize_rows(%n) : int8[4, 8]\noutput %q\n";
  for (const char* producer :
       {"rmsnorm(%x, %b[0:4]) {eps=0, groups=2}", "gemm(%x, %w)", "softmax(%x)", "exp(%x)"}) {
    const std::string text = "%n = " + std::string(producer) + " : bf16[4, 8]\n" + rest;
    CHECK(fused_ops(text) == text);
  }
}

TEST_CASE("softmax over other rows than the scores' is left alone") {
  CHECK_THAT(fused_ops(R"(%s = scores(%x, %x) {heads=2, seq=4}
%p = softmax(%s) {causal=1, seq=2}
%c = context(%p, %x) {heads=2, seq=4}
output %c
)"),
             contains("context(%p, %x)"));
}

TEST_CASE("integer sums stay integers through the steps that are exact") {
  CHECK(
      fused_ops(R"(%p = matmul(%i, %j)
%q = add(%p, %k)
%r = relu(%q)
%s = quantize(%r) {factor=0.01}
output %s
)",
                R"(graph "g"

input %i int8[4, 8] scale=9 offset=0
weight %j int8[8, 8] scale=9 offset=0
weight %k int32[1, 8] scale=9 offset=0
)") ==
      R"(%s = gemm(%i, %j) then add(%k) then relu() then quantize(factor=0.01) name="p" : int8[4, 8]
output %s
)");
}
