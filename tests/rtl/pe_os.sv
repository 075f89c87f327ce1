// SPDX-License-Identifier: Apache-2.0
// A PE of an output-stationary array. It holds one sum; lhs comes from the left and rhs from above,
// and both go on one cycle later:
//
//                rhs    sums on their way out
//                 |      |
//   lhs, unload -> [ PE (r, c)  ] -> lhs, unload
//                 |      |
//
// Unload. Let T be the cycle in which an unload reaches this PE; it reached the PE above in T - 1.
// In cycle T the PE passes its own sum on, in T + 1 the one that the PE above passed on in T - 1,
// in T + 2 the one above that, and so on: two registers per PE, one between the two PEs (pass_o) and
// one that holds what came out of it for a cycle. With shadow registers `hold` is that second one,
// and the sum register is free for the next products in cycle T itself. Without, the sum register
// shifts, for as many cycles as the array has rows.
module pe_os
  import mxu_pkg::*;
#(
    parameter int  LANES = 1,
    parameter type lhs_t = logic,
    parameter type rhs_t = logic,
    parameter type unload_t = logic
) (
    input  logic    clk_i,
    input  logic    shadow_i,  // the array has shadow registers
    input  lhs_t    lhs_i,
    output lhs_t    lhs_o,
    input  rhs_t    rhs_i,
    output rhs_t    rhs_o,
    input  unload_t unload_i,
    output unload_t unload_o,
    input  sum_t    pass_i,
    output sum_t    sum_o,     // in this cycle: for the accumulators below the last row
    output sum_t    pass_o     // one cycle later: for the PE below
);

  sum_t sum, hold, worked;

  always_comb begin
    worked = lhs_i.first ? 0 : sum;
    for (int lane = 0; lane < LANES; lane++) begin
      if (lhs_i.present[lane]) begin
        worked = mac(lhs_i.kind, lhs_i.element[lane], rhs_i[lane], worked);
      end
    end
  end

  assign sum_o = shadow_i && !unload_i.first ? hold : sum;

  always_ff @(posedge clk_i) begin
    sum      <= unload_i.shift && !shadow_i ? pass_i : worked;
    hold     <= pass_i;
    pass_o   <= sum_o;
    lhs_o    <= lhs_i;
    rhs_o    <= rhs_i;
    unload_o <= unload_i;
  end

endmodule
