// SPDX-License-Identifier: Apache-2.0
// A weight-stationary MXU of ROWS x COLS PEs. Weights lie in the PEs; rows of lhs enter from the
// left and pass to the right; sums pass down and leave into the accumulators below.
//
//                weight lines, column c delayed by c
//                  |      |      |
//   lhs, swap -> [ PE ]-[ PE ]-[ PE ]    array row r delayed by r
//              -> [ PE ]-[ PE ]-[ PE ]
//                  |      |      |
//                 accumulators
//
// The skew makes a wavefront of whatever enters: PE (r, c) sees it r + c cycles after its entry. A
// row of lhs, the swap of the weights and a line of weights all travel like that, so none can
// overtake another, and each PE sees them in the order in which they entered the array:
//
//   matmul, cycle S            swap enters
//   row m,  S + (m+1) I - 1    enters (I cycles per row); last write R-1 + C-1 cycles later
//   load,   s + (j+1) I - 1    lines of group j enter, the last lines of the array first
//
// A load may start in the cycle of the swap or later: its lines arrive in each PE when the weights
// that were there have become the weights in use. A matmul may start in the cycle after the last
// line's entry or later: its swap reaches each PE after the line did.
//
// Words of lhs and weights are asked for in the cycle in which they enter (lhs_take_o,
// line_take_o), and come in the same cycle. All orders are taken in the cycle in which they are given.
module mxu_ws
  import mxu_pkg::*;
#(
    parameter  int ROWS      = 4,
    parameter  int COLS      = 4,
    parameter  int LANES     = 1,    // most MACs per PE and cycle
    parameter  int LINES     = 1,    // most lines of weights per cycle
    parameter  int ACC_DEPTH = 256,
    localparam int ACC_BITS  = $clog2(ACC_DEPTH),
    localparam int COL_BITS  = $clog2(COLS + 1),
    localparam int DEPTH_BITS = $clog2(ROWS * LANES + 1)
) (
    input logic clk_i,
    input logic acc_clk_i,  // the accumulators' clock: see accumulator.sv

    // Configuration, constant during a run.
    input logic   shadow_i,          // weights have shadow registers
    input count_t lines_per_cycle_i,  // 1 .. LINES
    input logic [2:0] fault_i,       // 0; others plant a mistake that the tests must find

    // A matmul: rows x depth elements of lhs, to accumulators from row acc_row on.
    input logic                  matmul_i,
    input kind_t                 kind_i,
    input count_t                macs_i,        // per PE and cycle for this kind: 1 .. LANES
    input count_t                rows_i,
    input count_t                interval_i,
    input logic [DEPTH_BITS-1:0] depth_i,
    input logic [COL_BITS-1:0]   cols_i,
    input logic [ACC_BITS-1:0]   acc_row_i,
    input logic                  accumulate_i,
    output logic                 matmul_ready_o,  // in the next cycle

    output logic     lhs_take_o,               // row lhs_row_o enters in this cycle
    output count_t   lhs_row_o,
    input  operand_t lhs_i[ROWS][LANES],       // element r * macs + lane

    // A weight load.
    input  logic     load_i,
    input  logic     transposed_i,             // lines are columns of the array, else rows
    input  count_t   load_interval_i,
    output logic     load_ready_o,             // in the next cycle
    output logic     line_take_o[LINES],       // line line_o enters in this cycle
    output count_t   line_o[LINES],
    input  operand_t top_i[LINES][COLS][LANES],   // a row of weights
    input  operand_t left_i[LINES][ROWS][LANES],  // a column of weights

    // What happens in this cycle.
    output logic loaded_o,   // the last line enters
    output logic fed_o,      // the last row of a matmul enters
    output logic written_o,  // the last accumulator of a matmul is written
    output logic                write_o[COLS],
    output logic [ACC_BITS-1:0] write_row_o[COLS],
    output sum_t                write_sum_o[COLS],
    output logic idle_o,     // in the next cycle: nothing is in the array

    // The test bench writes a row of accumulators (with acc_clk_i alone).
    input logic                poke_i,
    input logic [ACC_BITS-1:0] poke_row_i,
    input sum_t                poke_sum_i[COLS]
);

  localparam int DRAIN = ROWS + COLS - 2;  // from the entry to the last PE
  localparam int PASS_BITS = $clog2((ROWS > COLS ? ROWS : COLS) + 1);

  typedef struct packed {
    kind_t kind;
    logic [LANES-1:0] present;  // an element beyond depth is missing, and adds nothing
    operand_t [LANES-1:0] element;
  } lhs_t;
  typedef struct packed {
    logic valid;
    logic [PASS_BITS-1:0] to_pass;
    operand_t [LANES-1:0] element;
  } line_t;
  // What goes with each row of lhs to the accumulators.
  typedef struct packed {
    logic valid, accumulate, integers;
    logic [COL_BITS-1:0] cols;
    logic [ACC_BITS-1:0] acc_row;
  } tag_t;

  // ---- The matmul: which row enters, and where its sums go.
  typedef struct packed {
    kind_t kind;
    count_t macs;
    logic [DEPTH_BITS-1:0] depth;
    logic accumulate;
    logic [COL_BITS-1:0] cols;
    logic [ACC_BITS-1:0] acc_row;
  } matmul_t;
  matmul_t held, matmul;
  logic feeding;
  assign matmul = matmul_i ? '{kind_i, macs_i, depth_i, accumulate_i, cols_i, acc_row_i} : held;
  always_ff @(posedge clk_i) held <= matmul;

  pacer u_feed (
      .clk_i, .start_i(matmul_i), .count_i(rows_i), .step_i(1), .interval_i, .busy_o(feeding),
      .enter_o(lhs_take_o), .index_o(lhs_row_o), .last_o(fed_o)
  );

  // ---- The weight load: which lines enter.
  logic loading, transposed_held, transposed, group;
  count_t group_line;
  assign transposed = load_i ? transposed_i : transposed_held;
  always_ff @(posedge clk_i) transposed_held <= transposed;

  count_t lines;
  assign lines = transposed ? COLS : ROWS;
  pacer u_load (
      .clk_i, .start_i(load_i), .count_i(lines), .step_i(lines_per_cycle_i),
      .interval_i(load_interval_i), .busy_o(loading), .enter_o(group), .index_o(group_line),
      .last_o(loaded_o)
  );
  for (genvar n = 0; n < LINES; n++) begin : g_line
    assign line_o[n] = lines - 1 - group_line - n;
    assign line_take_o[n] = group && n < lines_per_cycle_i && group_line + n < lines;
  end

  // ---- The swap: with the first matmul after a load, in its first cycle.
  logic loaded, swap, late_swap;
  assign swap = matmul_i && loaded;
  always_ff @(posedge clk_i) begin
    loaded <= load_i || (loaded && !matmul_i);
    late_swap <= swap;
  end

  // ---- The array, and the skew in front of it.
  lhs_t  lhs  [ROWS][COLS+1];
  logic  swaps[ROWS][COLS+1];
  line_t right[ROWS][COLS+1][LINES];
  line_t down [ROWS+1][COLS][LINES];
  sum_t  psum [ROWS+1][COLS];
  sum_t  sum  [ROWS][COLS];

  for (genvar r = 0; r < ROWS; r++) begin : g_left
    typedef struct packed {
      lhs_t lhs;
      logic swap;
      line_t [LINES-1:0] line;
    } left_t;
    left_t entering, tap[r+1];
    always_comb begin
      entering.swap = fault_i == 1 ? late_swap : swap;
      entering.lhs.kind = matmul.kind;
      for (int lane = 0; lane < LANES; lane++) begin
        entering.lhs.present[lane] = lhs_take_o && lane < matmul.macs &&
            (r * matmul.macs + lane < 32'(matmul.depth) || fault_i == 2);
        entering.lhs.element[lane] = lhs_i[r][lane];
      end
      for (int n = 0; n < LINES; n++) begin
        entering.line[n].valid = line_take_o[n] && transposed;
        entering.line[n].to_pass = PASS_BITS'(line_o[n]);
        for (int lane = 0; lane < LANES; lane++) begin
          entering.line[n].element[lane] = left_i[n][r][lane];
        end
      end
    end
    delay #(.T(left_t), .CYCLES(r)) u_skew (.clk_i, .data_i(entering), .tap_o(tap));
    assign lhs[r][0] = tap[r].lhs;
    assign swaps[r][0] = tap[r].swap;
    for (genvar n = 0; n < LINES; n++) begin : g_bus
      assign right[r][0][n] = tap[r].line[n];
    end
  end

  for (genvar c = 0; c < COLS; c++) begin : g_top
    typedef line_t [LINES-1:0] top_t;
    top_t entering, tap[c+1];
    always_comb begin
      for (int n = 0; n < LINES; n++) begin
        entering[n].valid = line_take_o[n] && !transposed;
        entering[n].to_pass = PASS_BITS'(line_o[n]);
        for (int lane = 0; lane < LANES; lane++) entering[n].element[lane] = top_i[n][c][lane];
      end
    end
    delay #(.T(top_t), .CYCLES(c)) u_skew (.clk_i, .data_i(entering), .tap_o(tap));
    for (genvar n = 0; n < LINES; n++) begin : g_bus
      assign down[0][c][n] = tap[fault_i == 5 ? 0 : c][n];
    end
    assign psum[0][c] = 0;
  end

  for (genvar r = 0; r < ROWS; r++) begin : g_row
    for (genvar c = 0; c < COLS; c++) begin : g_pe
      pe_ws #(.LANES(LANES), .LINES(LINES), .lhs_t(lhs_t), .line_t(line_t)) u_pe (
          .clk_i, .shadow_i,
          .lhs_i(lhs[r][c]), .lhs_o(lhs[r][c+1]),
          .swap_i(swaps[r][c]), .swap_o(swaps[r][c+1]),
          .down_i(down[r][c]), .down_o(down[r+1][c]),
          .right_i(right[r][c]), .right_o(right[r][c+1]),
          .psum_i(psum[r][c]), .sum_o(sum[r][c]), .psum_o(psum[r+1][c])
      );
    end
  end

  // ---- The accumulators: a row's tag meets its sums below column c, ROWS - 1 + c cycles after its
  // entry.
  tag_t tag, tags[DRAIN+1];
  assign tag = '{
          lhs_take_o, matmul.accumulate && fault_i != 3, matmul.kind == INT8, matmul.cols,
          matmul.acc_row + ACC_BITS'(lhs_row_o)
      };
  delay #(.T(tag_t), .CYCLES(DRAIN)) u_tags (.clk_i, .data_i(tag), .tap_o(tags));

  for (genvar c = 0; c < COLS; c++) begin : g_acc
    tag_t here;
    assign here = tags[ROWS-1+c];
    assign write_o[c] = here.valid && c < here.cols;
    assign write_row_o[c] = here.acc_row;
    accumulator #(.DEPTH(ACC_DEPTH)) u_acc (
        .clk_i(acc_clk_i), .write_i(write_o[c]), .accumulate_i(here.accumulate),
        .integers_i(here.integers), .row_i(here.acc_row), .sum_i(sum[ROWS-1][c]),
        .sum_o(write_sum_o[c]), .poke_i, .poke_row_i, .poke_sum_i(poke_sum_i[c])
    );
  end

  // ---- What the array takes, from registers alone.
  typedef struct packed {
    logic any;   // a row, a line or the swap
    logic last;  // the last row of a matmul
  } travel_t;
  travel_t travel, travels[DRAIN+1];
  assign travel = '{lhs_take_o || group || swap, fed_o};
  delay #(.T(travel_t), .CYCLES(DRAIN)) u_travels (.clk_i, .data_i(travel), .tap_o(travels));
  assign written_o = travels[DRAIN].last;

  logic rows_inside, any_inside;
  always_comb begin
    rows_inside = 0;
    any_inside = 0;
    for (int n = 1; n <= DRAIN; n++) begin
      rows_inside |= tags[n].valid;
      any_inside |= travels[n].any;
    end
  end
  assign matmul_ready_o = !feeding && (!loading || fault_i == 4);
  assign load_ready_o = !loading && (shadow_i || !(feeding || rows_inside));
  assign idle_o = !feeding && !loading && !any_inside;

  always_ff @(posedge clk_i) begin
    assert (!matmul_i || matmul_ready_o) else $fatal(1, "a matmul that it cannot take");
    assert (!load_i || load_ready_o) else $fatal(1, "a weight load that it cannot take");
  end

endmodule
