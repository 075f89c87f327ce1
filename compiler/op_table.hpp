// SPDX-License-Identifier: Apache-2.0
// The kinds of op in one table: names, operands, attributes, and the rules that give the shape
// and type of a result. Parser, printer, verifier and passes read this table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph.hpp"
#include "isa/vector_op.hpp"

namespace systole {

// Where in the pipeline a kind of op may appear.
enum class OpStage : std::uint8_t { kImported, kDecomposed, kFused };

// Families of kinds that share their rules.
enum class OpFamily : std::uint8_t {
  kLookup,   // embedding, gather, select
  kView,     // rows, column, append
  kProduct,  // linear, matmul, gemm
  kExperts,  // expert_matmul, expert_gemm
  kBinary,   // add, sub, mul, max, min
  kUnary,    // scale, exp, ... quantize
  kRowwise,  // norms, rope, quantize_rows, normalize, sum_rows, softmax
  kHeads,    // mha, scores, context, attention
};

struct OpRow {
  OpKind value;
  std::string_view name;
  OpStage stage;
  OpFamily family;
  int operands;                       // before those of its epilogue
  std::optional<VectorOp> vector_op;  // what the VPU runs for it, for elementwise kinds
  std::string_view doc;
};

inline constexpr std::array<OpRow, 36> kOps{{
    {OpKind::kEmbedding,
     "embedding",
     OpStage::kImported,
     OpFamily::kLookup,
     3,
     {},
     "embedding(%tokens, %words, %positions): row tokens[r] of words + row r mod seq of positions"},
    {OpKind::kLinear,
     "linear",
     OpStage::kImported,
     OpFamily::kProduct,
     3,
     {},
     "linear(%x, %w, %bias): x . w + bias"},
    {OpKind::kMha,
     "mha",
     OpStage::kImported,
     OpFamily::kHeads,
     3,
     {},
     "mha(%q, %k, %v): per sequence and head, softmax(scale * q . k^T) . v; with %q2, %k2: of q . "
     "k^T "
     "+ q2 . k2^T"},
    {OpKind::kGather,
     "gather",
     OpStage::kDecomposed,
     OpFamily::kLookup,
     2,
     {},
     "gather(%table, %w): row table[r] of w"},
    {OpKind::kSelect,
     "select",
     OpStage::kDecomposed,
     OpFamily::kLookup,
     2,
     {},
     "select(%table, %x): of each row of x, the columns that its part of the table names"},
    {OpKind::kRows,
     "rows",
     OpStage::kDecomposed,
     OpFamily::kView,
     1,
     {},
     "rows(%x): rows first, first + step, ...; a view"},
    {OpKind::kColumn,
     "column",
     OpStage::kDecomposed,
     OpFamily::kView,
     1,
     {},
     "column(%x): x's elements, row by row, in one column; a view"},
    {OpKind::kMatmul,
     "matmul",
     OpStage::kDecomposed,
     OpFamily::kProduct,
     2,
     {},
     "matmul(%lhs, %rhs): lhs . rhs, or lhs . rhs^T with transpose_rhs; with heads, of each part "
     "of "
     "lhs's columns with its part of rhs's rows"},
    {OpKind::kExpertMatmul,
     "expert_matmul",
     OpStage::kDecomposed,
     OpFamily::kExperts,
     3,
     {},
     "expert_matmul(%x, %w, %experts): row p is row p / top of x times the weights of the expert "
     "that entry p names"},
    {OpKind::kAdd, "add", OpStage::kDecomposed, OpFamily::kBinary, 2, VectorOp::kAdd, "a + b"},
    {OpKind::kSub, "sub", OpStage::kDecomposed, OpFamily::kBinary, 2, VectorOp::kSub, "a - b"},
    {OpKind::kMul, "mul", OpStage::kDecomposed, OpFamily::kBinary, 2, VectorOp::kMul, "a * b"},
    {OpKind::kMax, "max", OpStage::kDecomposed, OpFamily::kBinary, 2, VectorOp::kMax,
     "the larger of a and b"},
    {OpKind::kMin, "min", OpStage::kDecomposed, OpFamily::kBinary, 2, VectorOp::kMin,
     "the smaller of a and b"},
    {OpKind::kScale, "scale", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kScale,
     "factor * a"},
    {OpKind::kExp, "exp", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kExp, "exp(a)"},
    {OpKind::kTanh, "tanh", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kTanh, "tanh(a)"},
    {OpKind::kSigmoid, "sigmoid", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kSigmoid,
     "1 / (1 + exp(-a))"},
    {OpKind::kSilu, "silu", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kSilu,
     "a / (1 + exp(-a))"},
    {OpKind::kRelu, "relu", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kRelu,
     "max(a, 0)"},
    {OpKind::kGelu, "gelu", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kGelu,
     "a / 2 * (1 + erf(a / sqrt(2)))"},
    {OpKind::kGeluTanh, "gelu_tanh", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kGeluTanh,
     "a / 2 * (1 + tanh(sqrt(2 / pi) * (a + 0.044715 * a^3)))"},
    {OpKind::kQuantize, "quantize", OpStage::kDecomposed, OpFamily::kUnary, 1, VectorOp::kQuantize,
     "factor * a, rounded to nearest even, saturated to the result's type"},
    {OpKind::kLayerNorm,
     "layernorm",
     OpStage::kDecomposed,
     OpFamily::kRowwise,
     3,
     {},
     "layernorm(%x, %gain, %bias): per row, (x - mean) / sqrt(variance + eps) * gain + bias"},
    {OpKind::kRmsNorm,
     "rmsnorm",
     OpStage::kDecomposed,
     OpFamily::kRowwise,
     2,
     {},
     "rmsnorm(%x, %gain): per row and group of columns, x / sqrt(mean of x^2 + eps) * gain"},
    {OpKind::kRope,
     "rope",
     OpStage::kDecomposed,
     OpFamily::kRowwise,
     3,
     {},
     "rope(%x, %cos, %sin): per head, (a, b) becomes (a cos - b sin, b cos + a sin), where a is "
     "the "
     "head's first half and b its second"},
    {OpKind::kQuantizeRows,
     "quantize_rows",
     OpStage::kDecomposed,
     OpFamily::kRowwise,
     1,
     {},
     "%q, %scales = quantize_rows(%x): per row, scale = max |x| / 127 and q = x / scale, rounded "
     "to "
     "nearest even"},
    {OpKind::kNormalize,
     "normalize",
     OpStage::kDecomposed,
     OpFamily::kRowwise,
     1,
     {},
     "normalize(%x): scale * x / sum of x, per row"},
    {OpKind::kSumRows,
     "sum_rows",
     OpStage::kDecomposed,
     OpFamily::kRowwise,
     1,
     {},
     "sum_rows(%x): sums of count rows each, one after the other"},
    {OpKind::kAppend,
     "append",
     OpStage::kDecomposed,
     OpFamily::kView,
     2,
     {},
     "append(%cache, %rows): the cache, with rows in place of rows first, first + 1, ... of each "
     "sequence"},
    {OpKind::kSoftmax,
     "softmax",
     OpStage::kDecomposed,
     OpFamily::kRowwise,
     1,
     {},
     "softmax of scale * x over each row; causal: of columns 0 .. r mod seq of row r, others 0; "
     "window: of the last so many of those; softcap c: of c * tanh(scale * x / c)"},
    {OpKind::kScores,
     "scores",
     OpStage::kDecomposed,
     OpFamily::kHeads,
     2,
     {},
     "scores(%q, %k): q . k^T per sequence and head; row h * tokens + t is head h of token t"},
    {OpKind::kContext,
     "context",
     OpStage::kDecomposed,
     OpFamily::kHeads,
     2,
     {},
     "context(%p, %v): p . v per sequence and head, p as scores"},
    {OpKind::kGemm,
     "gemm",
     OpStage::kFused,
     OpFamily::kProduct,
     2,
     {},
     "gemm(%lhs, %rhs) then ...: a matmul and elementwise steps on its accumulators"},
    {OpKind::kExpertGemm,
     "expert_gemm",
     OpStage::kFused,
     OpFamily::kExperts,
     3,
     {},
     "expert_gemm(%x, %w, %experts) then ...: an expert_matmul and elementwise steps"},
    {OpKind::kAttention,
     "attention",
     OpStage::kFused,
     OpFamily::kHeads,
     3,
     {},
     "attention(%q, %k, %v): as mha, in one pass over k and v"},
}};

constexpr const OpRow& row_of(OpKind kind) { return kOps[static_cast<std::size_t>(kind)]; }
constexpr std::string_view name_of(OpKind kind) { return row_of(kind).name; }

enum class AttributeKind : std::uint8_t { kFlag, kCount, kIndex, kReal };  // 0/1, >= 1, >= 0, any

struct AttributeRow {
  OpKind op;
  std::string_view name;
  AttributeKind kind;
  std::optional<double> otherwise;  // none: the attribute must be given
};

inline constexpr std::array<AttributeRow, 51> kAttributes{{
    {OpKind::kEmbedding, "seq", AttributeKind::kCount, {}},
    {OpKind::kMha, "heads", AttributeKind::kCount, {}},
    {OpKind::kMha, "kv_heads", AttributeKind::kIndex, 0},  // 0: as many as heads
    {OpKind::kMha, "seq", AttributeKind::kCount, {}},
    {OpKind::kMha, "keys", AttributeKind::kIndex, 0},  // 0: as many as seq
    {OpKind::kMha, "causal", AttributeKind::kFlag, 0},
    {OpKind::kMha, "scale", AttributeKind::kReal, 1},
    {OpKind::kMha, "window", AttributeKind::kIndex, 0},  // 0: all
    {OpKind::kMha, "softcap", AttributeKind::kReal, 0},  // 0: none
    {OpKind::kMha, "sinks", AttributeKind::kFlag, 0},
    {OpKind::kRows, "first", AttributeKind::kIndex, 0},
    {OpKind::kRows, "step", AttributeKind::kCount, 1},
    {OpKind::kRows, "count", AttributeKind::kCount, {}},
    {OpKind::kMatmul, "transpose_rhs", AttributeKind::kFlag, 0},
    {OpKind::kMatmul, "heads", AttributeKind::kCount, 1},
    {OpKind::kExpertMatmul, "capacity", AttributeKind::kIndex, 0},  // 0: what each has
    {OpKind::kScale, "factor", AttributeKind::kReal, {}},
    {OpKind::kQuantize, "factor", AttributeKind::kReal, {}},
    {OpKind::kLayerNorm, "eps", AttributeKind::kReal, {}},
    {OpKind::kRmsNorm, "eps", AttributeKind::kReal, {}},
    {OpKind::kRmsNorm, "groups", AttributeKind::kCount, 1},
    {OpKind::kRope, "heads", AttributeKind::kCount, {}},
    {OpKind::kNormalize, "scale", AttributeKind::kReal, 1},
    {OpKind::kSumRows, "count", AttributeKind::kCount, {}},
    {OpKind::kAppend, "seq", AttributeKind::kCount, {}},
    {OpKind::kAppend, "first", AttributeKind::kIndex, {}},
    {OpKind::kSoftmax, "causal", AttributeKind::kFlag, 0},
    {OpKind::kSoftmax, "seq", AttributeKind::kIndex, 0},  // 0: as many as columns
    {OpKind::kSoftmax, "scale", AttributeKind::kReal, 1},
    {OpKind::kSoftmax, "window", AttributeKind::kIndex, 0},  // 0: all
    {OpKind::kSoftmax, "softcap", AttributeKind::kReal, 0},  // 0: none
    {OpKind::kScores, "heads", AttributeKind::kCount, {}},
    {OpKind::kScores, "kv_heads", AttributeKind::kIndex, 0},  // 0: as many as heads
    {OpKind::kScores, "seq", AttributeKind::kCount, {}},
    {OpKind::kScores, "keys", AttributeKind::kIndex, 0},  // 0: as many as seq
    {OpKind::kContext, "heads", AttributeKind::kCount, {}},
    {OpKind::kContext, "kv_heads", AttributeKind::kIndex, 0},  // 0: as many as heads
    {OpKind::kContext, "seq", AttributeKind::kCount, {}},
    {OpKind::kContext, "keys", AttributeKind::kIndex, 0},  // 0: as many as seq
    {OpKind::kGemm, "transpose_rhs", AttributeKind::kFlag, 0},
    {OpKind::kGemm, "heads", AttributeKind::kCount, 1},
    {OpKind::kExpertGemm, "capacity", AttributeKind::kIndex, 0},  // 0: what each has
    {OpKind::kAttention, "heads", AttributeKind::kCount, {}},
    {OpKind::kAttention, "kv_heads", AttributeKind::kIndex, 0},  // 0: as many as heads
    {OpKind::kAttention, "seq", AttributeKind::kCount, {}},
    {OpKind::kAttention, "keys", AttributeKind::kIndex, 0},  // 0: as many as seq
    {OpKind::kAttention, "causal", AttributeKind::kFlag, 0},
    {OpKind::kAttention, "scale", AttributeKind::kReal, 1},
    {OpKind::kAttention, "window", AttributeKind::kIndex, 0},  // 0: all
    {OpKind::kAttention, "softcap", AttributeKind::kReal, 0},  // 0: none
    {OpKind::kAttention, "sinks", AttributeKind::kFlag, 0},
}};

static_assert([] {
  for (std::size_t i = 0; i < kOps.size(); ++i) {
    if (static_cast<std::size_t>(kOps[i].value) != i) return false;
  }
  return kOps.back().value == OpKind::kAttention;
}());

const AttributeRow* find_attribute(OpKind kind, std::string_view name);
std::vector<std::string> attribute_names(OpKind kind);
std::vector<std::string> op_names();

// The op's attribute, or the table's value where it is left out. A name that the kind of op does
// not have is a bug of the caller (std::logic_error).
double attribute_of(const Op& op, std::string_view name);
std::int64_t count_of(const Op& op, std::string_view name);

// gemm, expert_gemm, and the norms.
bool may_have_epilogue(OpKind kind);

// Products of which steps on the accumulators take operands of their own: gemm, expert_gemm.
bool takes_steps(OpKind kind);

// Lookups and products of experts.
bool reads_table(OpKind kind);

// Whether the op has a second result, Op::scales: quantize_rows, and a norm that it is fused with.
bool quantizes_rows(const Op& op);

// What the table's rules object to; the caller knows where it was found.
struct OpMismatch : std::runtime_error {
  OpMismatch(const std::string& what_was_found, const std::string& what_was_expected);
  std::string found, expected;
};

struct Extent {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
};
Extent extent_of(const Graph& graph, const Operand& operand);

// What an elementwise op computes in: integers stay exact in add, sub, max, min and relu of
// integers (int32, wrapping; max, min and relu of int8 stay int8), quantize gives int8, all else is
// fp32.
DataType elementwise_type(OpKind kind, DataType a, std::optional<DataType> b);

// The same after all steps of a gemm's epilogue, which start from the accumulators' type.
DataType epilogue_type(const Graph& graph, const Op& gemm);

// Shape and usual type of the op's result, from its operands and attributes, all of which are
// checked. Throws OpMismatch. Operands must index the graph's tensors.
struct ResultInfo {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  DataType type = DataType::kBf16;
};
ResultInfo infer_result(const Graph& graph, const Op& op);

// Compares the op's declared result with the rules. Where the usual type is a floating-point one,
// the op may write bf16 or fp32, and products and elementwise ops fp8, too: a conversion, which
// rounds once and saturates. quantize may also write int32. An op that quantises rows, and
// no other, has Op::scales: fp32, one per row. Throws OpMismatch.
void check_result(const Graph& graph, const Op& op);

}  // namespace systole
