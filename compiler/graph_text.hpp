// SPDX-License-Identifier: Apache-2.0
// The text form of a graph, .sgr. Printing a parsed graph gives its canonical text, and printing
// what was parsed from that gives it again. White space does not matter; # starts a comment.
//
//   graph "block" tokens=128
//   table %tokens [17, 3, 99]                         one row number per row
//   input %x bf16[128, 768] scale=1 offset=0          seeded: offset - scale .. offset + scale
//   constant %cos fp32[128, 2] cos scale=1 offset=0 frequencies=[1, 0.01]
//                                                     or sin: isa/fill.hpp; one per column
//   weight %w bf16[768, 2304] scale=0.05
//   %y = matmul(%x, %w) {transpose_rhs=0} name="fc" : bf16[128, 2304]
//   %z = gemm(%x, %w) then add(%b) then quantize(factor=0.5) : int8[128, 2304]
//   %q, %s = quantize_rows(%x) : int8[128, 768]       its scales are fp32[128, 1]
//   %n, %t = layernorm(%x, %g, %b) {eps=1e-05} then quantize_rows() : int8[128, 768]
//   %p = mha(%y[0:768], %y[768:1536], %y[1536:2304]) {heads=12, seq=128, causal=1}
//   repeat 12 {
//     weight %h.w bf16[768, 768]                      one copy per repetition (copies=12);
//                                                     input does the same
//     carry %h = %x -> %last                          starts as %x; its last value is %last
//     %h2 = matmul(%h, %h.w)
//     yield %h2                                       one per carry, in their order
//   }
//   output %last
//
// Left out and filled in: attributes that the op table has a value for, the result's type and
// shape (they follow from the operands), scale (1) and offset (0), an op's name (its result's).
#pragma once

#include <string>
#include <string_view>

#include "compiler/graph.hpp"

namespace systole {

// `where` names the file in messages, "file:line:column: found ...; expected ...". The result has
// passed verify_graph(). Throws Error with exit status 3.
Graph parse_graph(std::string_view text, std::string_view where);

// `locations`: each op with a comment that says where it was written.
std::string print_graph(const Graph& graph, bool locations = false);

}  // namespace systole
