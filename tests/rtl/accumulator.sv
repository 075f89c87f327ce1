// SPDX-License-Identifier: Apache-2.0
// The accumulators of one column: DEPTH sums. A sum that leaves the array overwrites one or is
// added to it; reading, adding and writing take the one cycle in which the sum leaves, so that the
// next cycle's sum may go to the same place.
//
// It has a clock of its own, which runs with the array's, so that a test bench can write sums (as
// the vector unit does) between two cycles of the array.
module accumulator
  import mxu_pkg::*;
#(
    parameter int DEPTH = 2
) (
    input  logic                       clk_i,
    input  logic                       write_i,
    input  logic                       accumulate_i,  // add to the sum that is there
    input  logic                       integers_i,    // int32, else fp32
    input  logic [$clog2(DEPTH)-1:0] row_i,
    input  sum_t                       sum_i,
    output sum_t                       sum_o,         // what is written

    input logic                       poke_i,
    input logic [$clog2(DEPTH)-1:0] poke_row_i,
    input sum_t                       poke_sum_i
);

  sum_t sums[DEPTH];

  always_comb begin
    sum_o = sum_i;
    if (write_i && accumulate_i) sum_o = add(integers_i, sums[row_i], sum_i);
  end

  always_ff @(posedge clk_i) begin
    if (poke_i) sums[poke_row_i] <= poke_sum_i;
    else if (write_i) sums[row_i] <= sum_o;
  end

endmodule
