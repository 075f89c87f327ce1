// SPDX-License-Identifier: Apache-2.0
// A PE of a weight-stationary array. It holds LANES weights; what it needs comes from the left and
// from above, and goes on to the right and down one cycle later:
//
//            weight lines   psum
//                  |         |
//   lhs, swap -> [ PE (r, c)   ] -> lhs, swap
//                  |         |
//
// - lhs: one element per lane. psum, the sum over the rows above, gets its products added, lane 0
//   first; so a sum is made in the order of k, whatever the number of lanes.
// - lines: up to LINES lines of weights pass in a cycle, each with the number of PEs that it has
//   still to pass. At 0 it has arrived. Rows of weights come from above; columns of weights, in a
//   transposed load, from the left.
// - swap: the shadow weights become the weights, and count in the same cycle already.
module pe_ws
  import mxu_pkg::*;
#(
    parameter int  LANES = 1,
    parameter int  LINES = 1,
    parameter type lhs_t = logic,
    parameter type line_t = logic
) (
    input  logic  clk_i,
    input  logic  shadow_i,         // the array has shadow weights
    input  lhs_t  lhs_i,
    output lhs_t  lhs_o,
    input  logic  swap_i,
    output logic  swap_o,
    input  line_t down_i  [LINES],
    output line_t down_o  [LINES],
    input  line_t right_i [LINES],
    output line_t right_o [LINES],
    input  sum_t  psum_i,
    output sum_t  sum_o,            // in this cycle: for the accumulators below the last row
    output sum_t  psum_o            // one cycle later: for the PE below
);

  typedef operand_t [LANES-1:0] weights_t;
  weights_t weights, shadow, used, arriving;
  logic arrives;

  assign used = swap_i && shadow_i ? shadow : weights;

  always_comb begin
    sum_o = psum_i;
    for (int lane = 0; lane < LANES; lane++) begin
      if (lhs_i.present[lane]) begin
        sum_o = mac(lhs_i.kind, lhs_i.element[lane], used[lane], sum_o);
      end
    end
  end

  function automatic line_t passed(input line_t line);
    passed = line;
    passed.valid = line.valid && line.to_pass != 0;
    passed.to_pass = line.to_pass - 1'b1;
  endfunction

  always_comb begin
    arrives  = 0;
    arriving = '0;
    for (int n = 0; n < LINES; n++) begin
      if (down_i[n].valid && down_i[n].to_pass == 0) begin
        arrives  = 1;
        arriving = down_i[n].element;
      end
      if (right_i[n].valid && right_i[n].to_pass == 0) begin
        arrives  = 1;
        arriving = right_i[n].element;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    weights <= arrives && !shadow_i ? arriving : used;
    if (arrives && shadow_i) shadow <= arriving;
    psum_o <= sum_o;
    lhs_o  <= lhs_i;
    swap_o <= swap_i;
    for (int n = 0; n < LINES; n++) begin
      down_o[n]  <= passed(down_i[n]);
      right_o[n] <= passed(right_i[n]);
    end
  end

endmodule
