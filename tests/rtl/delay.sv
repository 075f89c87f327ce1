// SPDX-License-Identifier: Apache-2.0
// A chain of CYCLES registers. tap_o[n] is what came in n cycles ago, tap_o[0] what comes in now.
// The skew in front of an array is one of these per row and per column: array row r is told
// everything r cycles later than row 0, column c everything c cycles later than column 0.
module delay #(
    parameter type T = logic,
    parameter int  CYCLES = 1
) (
    input  logic clk_i,
    input  T     data_i,
    output T     tap_o[CYCLES+1]
);

  logic unused_clk;  // where CYCLES is 0
  assign unused_clk = clk_i;

  assign tap_o[0] = data_i;
  for (genvar n = 0; n < CYCLES; n++) begin : g_stage
    T stage;
    always_ff @(posedge clk_i) stage <= tap_o[n];
    assign tap_o[n+1] = stage;
  end

endmodule
