// SPDX-License-Identifier: Apache-2.0
// Counts what enters the array: rows of lhs, lines of weights, steps of a multiply, rows of an
// unload. `step_i` of them enter together in the last cycle of each `interval_i` cycles, because a
// narrow port needs that many cycles to bring them. An order given in cycle t is at work in cycle t
// already; with an interval of 1 its first items enter in cycle t.
//
//   cycle         t      t+1    t+2    t+3    t+4    t+5        count 2, step 1, interval 3
//   start_i       1
//   enter_o                     1                    1
//   index_o       0      0      0      1      1      1
//   last_o                                           1
//   busy_o               1      1      1      1      1          a new order can be given in t+6
module pacer
  import mxu_pkg::*;
(
    input  logic   clk_i,
    input  logic   start_i,
    input  count_t count_i,     // with start_i: at least 1
    input  count_t step_i,      // with start_i
    input  count_t interval_i,  // with start_i: at least 1
    output logic   busy_o,      // a register: an order of an earlier cycle is at work
    output logic   enter_o,     // items index_o .. index_o + step - 1 enter in this cycle
    output count_t index_o,
    output logic   last_o       // the last of them
);

  typedef struct packed {
    count_t count, step, interval;  // the order
    count_t index, cycle;           // how far it is
  } state_t;
  state_t held, now, next;
  logic   busy;

  always_comb begin
    now = start_i ? '{count_i, step_i, interval_i, 0, 0} : held;
    enter_o = (start_i || busy) && now.cycle + 1 == now.interval;
    last_o = enter_o && now.index + now.step >= now.count;
    next = now;
    next.cycle = enter_o ? 0 : now.cycle + 1;
    if (enter_o) next.index = now.index + now.step;
  end
  assign index_o = now.index;
  assign busy_o  = busy;

  always_ff @(posedge clk_i) begin
    held <= next;
    busy <= (start_i || busy) && !last_o;
  end

endmodule
