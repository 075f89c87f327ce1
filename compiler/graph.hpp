// SPDX-License-Identifier: Apache-2.0
// The graph: tensors and the ops between them, in order. Sections of it may be repeated (the layers
// of a model); their weights are stacked, one copy per repetition. Text form: .sgr.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "isa/data_type.hpp"
#include "isa/fill.hpp"

namespace systole {

enum class TensorRole : std::uint8_t { kInput, kWeight, kTable, kValue, kConstant };

// Two-dimensional. A table holds constant row numbers (token ids) and lives in the program. A
// constant is fp32 and filled with cosines or sines (isa/fill.hpp).
struct Tensor {
  std::string name{};
  TensorRole role = TensorRole::kValue;
  DataType type = DataType::kBf16;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int32_t section = -1;  // weights and inputs of a repeated section: its number
  std::int64_t copies = 1;    // one per repetition of that section
  double scale = 1;           // seeded values: offset - scale .. offset + scale
  double offset = 0;
  std::vector<std::int64_t> values{};  // kTable only
  Fill fill = Fill::kUniform;          // kConstant: kCos or kSin
  std::vector<double> frequencies{};   // kConstant: one per column
};

enum class OpKind : std::uint8_t {
  // what importers write
  kEmbedding,
  kLinear,
  kMha,
  // what `decompose` leaves
  kGather,
  kSelect,
  kRows,
  kColumn,
  kMatmul,
  kExpertMatmul,
  kAdd,
  kSub,
  kMul,
  kMax,
  kMin,
  kScale,
  kExp,
  kTanh,
  kSigmoid,
  kSilu,
  kRelu,
  kGelu,
  kGeluTanh,
  kQuantize,
  kLayerNorm,
  kRmsNorm,
  kRope,
  kQuantizeRows,
  kNormalize,
  kSumRows,
  kAppend,
  kSoftmax,
  kScores,
  kContext,
  // what `fuse` makes
  kGemm,
  kExpertGemm,
  kAttention,
};

// One row per kind of op (compiler/op_table.hpp): name, number of operands, attributes.
// Operand order:
//   embedding(%tokens, %wte, %wpe)          table row + position row; attr seq
//   linear(%x, %w, %b)                      x.w + b
//   mha(%q, %k, %v)                         attrs heads, kv_heads, seq (rows per sequence), keys
//                                           (rows of k per sequence), causal, scale, window (of the
//                                           keys that a row sees, only the last so many), softcap
//                                           (c: scores become c tanh(scale x / c)); q, k, v may be
//                                           columns of one tensor; heads of v may have another
//                                           number of columns. Further operands, in this order:
//                                           %q2, %k2: scores are q.k^T + q2.k2^T, where k2 is one
//                                           head that all share; one that is added to the scores;
//                                           with attr sinks, [heads, 1]: numbers that are scores of
//                                           one more key in each row, which has no value
//   gather(%table, %w)                      rows of w named by a table
//   select(%table, %x)                      of row r of x, the columns that the table names in its
//                                           r-th part: rows(table) / rows(x) for each row
//   rows(%x)                                attrs first, step, count: a view, no work
//   column(%x)                              x's elements row by row in one column: a view, which
//                                           only an expert product's step can read
//   matmul(%lhs, %rhs)                      attrs transpose_rhs (rhs is N x K), heads (h: part i of
//                                           h of lhs's columns times rows i K .. i K + K of rhs is
//                                           part i of the result's columns)
//   expert_matmul(%x, %w, %experts)         row p is row p / top of x times rows e K .. e K + K of
//                                           w, where e is entry p of the table, K the columns of x
//                                           and top = rows(table) / rows(x); attr capacity: rows
//                                           that each expert computes, filled up (0: what it has)
//   add sub mul max min (%a, %b)         b of the same shape; or rows that divide a's, repeated
//                                           (1 x cols: a bias; seq x cols: positions); or rows x 1,
//                                           one number per row
//   scale exp tanh ... (%a)                 scale, quantize: attr factor
//   layernorm(%x, %gain, %bias)             attr eps
//   rmsnorm(%x, %gain)                      attrs eps, groups (of columns, each with its own norm;
//                                           gain has one group's columns)
//   rope(%x, %cos, %sin)                    attr heads; cos, sin: fp32, half a head's columns, rows
//                                           that divide x's: rotates (x[j], x[j + half]) of a head
//   quantize_rows(%x) -> %q, %scales        per row, s = max|x| / 127, q = x / s as int8
//   normalize(%x)                           each row over its sum, times attr scale
//   sum_rows(%x)                            sums of attr count rows each, one after the other
//   append(%cache, %rows)                   attrs seq (rows per sequence of the cache), first: the
//                                           cache with rows in place of first, first + 1, ... of
//                                           each sequence; both are one memory
//   softmax(%x)                             over each row; attrs causal, seq, scale, window,
//                                           softcap; a second operand: sinks
//   scores(%q, %k), context(%p, %v)         per head; attrs heads, kv_heads, seq, keys; scores:
//                                           [heads * batch * seq, keys]; further operands as mha's
//   gemm(%lhs, %rhs, epilogue operands...)  attrs as matmul's; epilogue in Op::epilogue
//   expert_gemm(%x, %w, %experts, ...)      an expert_matmul, likewise
//   attention(%q, %k, %v)                   as mha
struct Operand {
  std::int32_t tensor = -1;    // index into Graph::tensors
  std::int64_t first_col = 0;  // a view of columns first_col .. first_col + cols
  std::int64_t cols = 0;       // 0: all of them
};

// One step of a fused epilogue on a gemm's accumulators, in order: an elementwise op whose first
// operand is the running value; `operand` indexes Op::operands for its second one (-1: none).
struct EpilogueStep {
  OpKind kind = OpKind::kAdd;
  std::int32_t operand = -1;
  double factor = 1;
};

struct Op {
  OpKind kind = OpKind::kMatmul;
  std::string name{};  // of the op, for reports: unique in the graph
  std::vector<Operand> operands{};
  std::int32_t result = -1;  // index into Graph::tensors
  std::int32_t scales = -1;  // second result, of an op that quantises rows: rows x 1, fp32
  std::map<std::string, double, std::less<>> attributes{};
  std::vector<EpilogueStep> epilogue{};  // kGemm; of a norm at most quantize_rows
  std::string location{};                // where it was written (source_location.hpp)
};

// A value that enters a repeated section and is replaced by `yield` at the end of each repetition;
// after the section, `result` names its last value.
struct Carry {
  std::int32_t initial = -1;
  std::int32_t argument = -1;  // tensor inside the section
  std::int32_t yield = -1;     // tensor inside the section
  std::int32_t result = -1;
};

// A stretch of a graph: ops in order, once, or `repeat` times with values handed from one
// repetition to the next (the layers of a model).
struct Section {
  std::int64_t repeat = 0;  // 0: once, and without carries
  std::vector<Op> ops{};
  std::vector<Carry> carries{};

  bool repeated() const { return repeat > 0; }
  std::int64_t times() const { return repeated() ? repeat : 1; }
};

struct Graph {
  std::string name;
  std::int64_t tokens = 0;  // that a run of it processes; 0: not a model
  std::int64_t layers = 0;  // of the whole model, for reports; not in the text form
  std::vector<Tensor> tensors;
  std::vector<Section> sections;  // in order; two that run once are never side by side
  std::vector<std::int32_t> outputs;
};

std::size_t count_ops(const Graph& graph);

// An attribute's value, or `otherwise` where the op does not have it.
double attribute(const Op& op, std::string_view name, double otherwise);

}  // namespace systole
