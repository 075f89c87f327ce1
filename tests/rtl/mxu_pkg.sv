// SPDX-License-Identifier: Apache-2.0
// What both arrays share: operands, and the arithmetic of a MAC.
//
// int8 is written out here. A floating-point MAC is a call into C++ (systole_mac, systole_add): one
// product and one sum, each rounded to fp32, which is what an fp32 multiplier and adder do.
package mxu_pkg;

  typedef logic [15:0] operand_t;  // int8 sign-extended, fp8 and bf16 as they are stored
  typedef logic [31:0] sum_t;      // int32 or fp32
  typedef logic [31:0] count_t;    // rows, steps, cycles

  typedef enum logic [1:0] {
    INT8     = 2'd0,
    BF16     = 2'd1,
    FP8_E4M3 = 2'd2,
    FP8_E5M2 = 2'd3
  } kind_t;

  import "DPI-C" pure function int unsigned systole_mac(
      input int unsigned kind, input int unsigned a, input int unsigned b, input int unsigned sum);
  import "DPI-C" pure function int unsigned systole_add(input int unsigned a, input int unsigned b);

  // sum + a * b: for int8 modulo 2^32, else rounded twice.
  function automatic sum_t mac(input kind_t kind, input operand_t a, input operand_t b,
                               input sum_t sum);
    if (kind == INT8) return sum + 32'($signed(a)) * 32'($signed(b));
    return systole_mac(32'(kind), 32'(a), 32'(b), sum);
  endfunction

  // What an accumulator adds.
  function automatic sum_t add(input logic integers, input sum_t old, input sum_t sum);
    return integers ? old + sum : systole_add(old, sum);
  endfunction

endpackage
