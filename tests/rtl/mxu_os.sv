// SPDX-License-Identifier: Apache-2.0
// An output-stationary MXU of ROWS x COLS PEs. Sums lie in the PEs; columns of lhs enter from the
// left, rows of rhs from above, and an unload shifts the sums down into the accumulators.
//
//                     rhs, column c delayed by c
//                     |      |      |
//   lhs, unload -> [ PE ]-[ PE ]-[ PE ]    array row r delayed by r
//               -> [ PE ]-[ PE ]-[ PE ]
//                     |      |      |
//                    accumulators
//
// As in mxu_ws.sv the skew makes a wavefront of whatever enters: PE (r, c) sees it r + c cycles
// after its entry. R = ROWS, C = COLS, I cycles per step:
//
//   multiply, cycle S: step s enters in S + (s+1) I - 1; its last product counts R-1 + C-1 cycles
//             later
//   unload, cycle u: enters in u. Column c writes the sum of row R-1-j in cycle u + R-1 + c + j,
//             for j = 0 .. R-1, the last one in u + R-1 + R-1 + C-1. The chain is free in u + R.
//
// An unload is taken when all steps have entered; it follows them through the array. With shadow
// registers the next multiply is taken in the cycle of the unload; without, when all sums are out.
//
// Words are asked for in the cycle in which they enter (step_take_o), and come in the same cycle.
module mxu_os
  import mxu_pkg::*;
#(
    parameter  int ROWS      = 4,
    parameter  int COLS      = 4,
    parameter  int LANES     = 1,    // most MACs per PE and cycle
    parameter  int ACC_DEPTH = 256,
    localparam int ACC_BITS  = $clog2(ACC_DEPTH),
    localparam int ROW_BITS  = $clog2(ROWS + 1),
    localparam int COL_BITS  = $clog2(COLS + 1)
) (
    input logic clk_i,
    input logic acc_clk_i,  // the accumulators' clock: see accumulator.sv

    // Configuration, constant during a run.
    input logic       shadow_i,  // PEs have shadow registers
    input logic [2:0] fault_i,   // 0; others plant a mistake that the tests must find

    // A multiply: `steps` columns of lhs and rows of rhs, macs of each at once.
    input logic                multiply_i,
    input kind_t               kind_i,
    input count_t              macs_i,      // per PE and cycle for this kind: 1 .. LANES
    input count_t              steps_i,
    input count_t              interval_i,
    input count_t              depth_i,
    input logic [ROW_BITS-1:0] rows_i,
    input logic                first_i,     // sums start from 0
    output logic               multiply_ready_o,  // in the next cycle

    output logic     step_take_o,           // step step_o enters in this cycle
    output count_t   step_o,
    input  operand_t lhs_i[ROWS][LANES],    // element step * macs + lane of each row
    input  operand_t rhs_i[COLS][LANES],    // and of each column

    // An unload: rows x cols sums, to accumulators from row acc_row on.
    input  logic                unload_i,
    input  logic                integers_i,
    input  logic [ROW_BITS-1:0] unload_rows_i,
    input  logic [COL_BITS-1:0] unload_cols_i,
    input  logic [ACC_BITS-1:0] acc_row_i,
    input  logic                accumulate_i,
    output logic                unload_ready_o,  // in the next cycle

    // What happens in this cycle.
    output logic fed_o,         // the last step of a multiply enters
    output logic multiplied_o,  // its last product is done
    output logic shifted_o,     // the chain can take another unload in the next cycle
    output logic unloaded_o,    // the last accumulator of an unload is written
    output logic                write_o[COLS],
    output logic [ACC_BITS-1:0] write_row_o[COLS],
    output sum_t                write_sum_o[COLS],
    output logic idle_o,        // in the next cycle: nothing is in the array

    // The test bench writes a row of accumulators (with acc_clk_i alone).
    input logic                poke_i,
    input logic [ACC_BITS-1:0] poke_row_i,
    input sum_t                poke_sum_i[COLS]
);

  localparam int DRAIN = ROWS + COLS - 2;  // from the entry to the last PE

  typedef struct packed {
    kind_t kind;
    logic first;
    logic [LANES-1:0] present;  // an element beyond depth or rows is missing, and adds nothing
    operand_t [LANES-1:0] element;
  } lhs_t;
  typedef operand_t [LANES-1:0] rhs_t;
  typedef struct packed {
    logic first;  // this PE's own sum
    logic shift;  // as many cycles as the array has rows
  } unload_t;
  // What goes with each row of sums to the accumulators.
  typedef struct packed {
    logic write, accumulate, integers;
    logic [COL_BITS-1:0] cols;
    logic [ACC_BITS-1:0] acc_row;
  } tag_t;

  // ---- The multiply: which step enters.
  typedef struct packed {
    kind_t kind;
    count_t macs, depth;
    logic [ROW_BITS-1:0] rows;
    logic first;
  } multiply_t;
  multiply_t multiply_held, multiply;
  logic feeding;
  assign multiply = multiply_i ? '{kind_i, macs_i, depth_i, rows_i, first_i} : multiply_held;
  always_ff @(posedge clk_i) multiply_held <= multiply;

  pacer u_feed (
      .clk_i, .start_i(multiply_i), .count_i(steps_i), .step_i(1), .interval_i, .busy_o(feeding),
      .enter_o(step_take_o), .index_o(step_o), .last_o(fed_o)
  );

  // ---- The unload: one row of sums after the other, the last one first.
  typedef struct packed {
    logic accumulate, integers;
    logic [ROW_BITS-1:0] rows;
    logic [COL_BITS-1:0] cols;
    logic [ACC_BITS-1:0] acc_row;
  } order_t;
  order_t order_held, order;
  logic shifting;
  unload_t unload;
  count_t passed, sum_row;
  assign order =
      unload_i ? '{accumulate_i, integers_i, unload_rows_i, unload_cols_i, acc_row_i} : order_held;
  always_ff @(posedge clk_i) order_held <= order;

  pacer u_unload (
      .clk_i, .start_i(unload_i), .count_i(ROWS), .step_i(1), .interval_i(1), .busy_o(shifting),
      .enter_o(unload.shift), .index_o(passed), .last_o(shifted_o)
  );
  assign unload.first = unload_i;
  assign sum_row = ROWS - 1 - passed;

  // ---- The array, and the skew in front of it.
  lhs_t    lhs    [ROWS][COLS+1];
  unload_t unloads[ROWS][COLS+1];
  rhs_t    rhs    [ROWS+1][COLS];
  sum_t    pass   [ROWS+1][COLS];
  sum_t    sum    [ROWS][COLS];

  for (genvar r = 0; r < ROWS; r++) begin : g_left
    typedef struct packed {
      lhs_t lhs;
      unload_t unload;
    } left_t;
    left_t entering, tap[r+1];
    always_comb begin
      entering.unload = unload;
      entering.lhs.kind = multiply.kind;
      entering.lhs.first = step_take_o && step_o == 0 && multiply.first && fault_i != 1;
      for (int lane = 0; lane < LANES; lane++) begin
        entering.lhs.present[lane] = step_take_o && lane < multiply.macs &&
            r < 32'(multiply.rows) &&
            (step_o * multiply.macs + lane < multiply.depth || fault_i == 2);
        entering.lhs.element[lane] = lhs_i[r][lane];
      end
    end
    delay #(.T(left_t), .CYCLES(r)) u_skew (.clk_i, .data_i(entering), .tap_o(tap));
    assign lhs[r][0] = tap[r].lhs;
    assign unloads[r][0] = tap[r].unload;
  end

  for (genvar c = 0; c < COLS; c++) begin : g_top
    rhs_t entering, tap[c+1];
    for (genvar lane = 0; lane < LANES; lane++) begin : g_lane
      assign entering[lane] = rhs_i[c][lane];
    end
    delay #(.T(rhs_t), .CYCLES(c)) u_skew (.clk_i, .data_i(entering), .tap_o(tap));
    assign rhs[0][c] = tap[fault_i == 5 ? 0 : c];
    assign pass[0][c] = 0;
  end

  for (genvar r = 0; r < ROWS; r++) begin : g_row
    for (genvar c = 0; c < COLS; c++) begin : g_pe
      pe_os #(.LANES(LANES), .lhs_t(lhs_t), .rhs_t(rhs_t), .unload_t(unload_t)) u_pe (
          .clk_i, .shadow_i,
          .lhs_i(lhs[r][c]), .lhs_o(lhs[r][c+1]),
          .rhs_i(rhs[r][c]), .rhs_o(rhs[r+1][c]),
          .unload_i(unloads[r][c]), .unload_o(unloads[r][c+1]),
          .pass_i(pass[r][c]), .sum_o(sum[r][c]), .pass_o(pass[r+1][c])
      );
    end
  end

  // ---- The accumulators: the sums of a row arrive below column c ROWS - 1 + c cycles after the
  // unload has let them go.
  tag_t tag, tags[DRAIN+1];
  assign tag = '{
          unload.shift && sum_row < 32'(order.rows), order.accumulate && fault_i != 3,
          order.integers, order.cols, order.acc_row + ACC_BITS'(sum_row)
      };
  delay #(.T(tag_t), .CYCLES(DRAIN)) u_tags (.clk_i, .data_i(tag), .tap_o(tags));

  for (genvar c = 0; c < COLS; c++) begin : g_acc
    tag_t here;
    assign here = tags[ROWS-1+c];
    assign write_o[c] = here.write && c < here.cols;
    assign write_row_o[c] = here.acc_row;
    accumulator #(.DEPTH(ACC_DEPTH)) u_acc (
        .clk_i(acc_clk_i), .write_i(write_o[c]), .accumulate_i(here.accumulate),
        .integers_i(here.integers), .row_i(here.acc_row), .sum_i(sum[ROWS-1][c]),
        .sum_o(write_sum_o[c]), .poke_i, .poke_row_i, .poke_sum_i(poke_sum_i[c])
    );
  end

  // ---- What the array takes, from registers alone.
  typedef struct packed {
    logic step, last_step;  // of a multiply
    logic sums, last_sums;  // of an unload
  } travel_t;
  travel_t travel, travels[DRAIN+1];
  assign travel = '{step_take_o, fed_o, unload.shift, shifted_o};
  delay #(.T(travel_t), .CYCLES(DRAIN)) u_travels (.clk_i, .data_i(travel), .tap_o(travels));
  assign multiplied_o = travels[DRAIN].last_step;
  assign unloaded_o = travels[DRAIN].last_sums;

  logic steps_inside, sums_inside;
  always_comb begin
    steps_inside = 0;
    sums_inside = 0;
    for (int n = 1; n <= DRAIN; n++) begin
      steps_inside |= travels[n].step;
      sums_inside |= travels[n].sums;
    end
  end
  assign multiply_ready_o = !feeding && (shadow_i || !(shifting || sums_inside) || fault_i == 4);
  assign unload_ready_o = !feeding && !shifting;
  assign idle_o = !feeding && !shifting && !steps_inside && !sums_inside;

  always_ff @(posedge clk_i) begin
    assert (!multiply_i || multiply_ready_o) else $fatal(1, "a multiply that it cannot take");
    assert (!unload_i || unload_ready_o) else $fatal(1, "an unload that it cannot take");
  end

endmodule
