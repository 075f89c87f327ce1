// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluator.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <stdexcept>

#include "compiler/evaluator_kernels.hpp"
#include "compiler/expert_rules.hpp"
#include "compiler/op_table.hpp"
#include "compiler/stored_tensor.hpp"

namespace systole {
namespace {

class GraphEvaluator {
 public:
  GraphEvaluator(const Graph& graph, std::uint64_t seed, Rounding round,
                 const std::vector<bool>& column_major)
      : graph_(graph),
        seed_(seed),
        round_(round),
        column_major_(column_major),
        values_(graph.tensors.size()) {}

  std::map<std::string, std::vector<double>> run() {
    for (const Section& section : graph_.sections) {
      for (const Carry& carry : section.carries) value(carry.argument) = copy_of(carry.initial);
      for (repetition_ = 0; repetition_ < section.times(); ++repetition_) {
        run_ops(section.ops);
        hand_over(section);
      }
      repetition_ = 0;
    }
    return results();
  }

 private:
  Matrix& value(std::int32_t tensor) { return values_[static_cast<std::size_t>(tensor)]; }
  const Tensor& tensor(std::int32_t index) const {
    return graph_.tensors[static_cast<std::size_t>(index)];
  }

  // All yields are read before any argument is replaced.
  void hand_over(const Section& section) {
    const bool last = repetition_ + 1 == section.times();
    std::vector<Matrix> yields;
    for (const Carry& carry : section.carries) yields.push_back(value(carry.yield));
    for (std::size_t i = 0; i < yields.size(); ++i) {
      const Carry& carry = section.carries[i];
      value(last ? carry.result : carry.argument) = std::move(yields[i]);
    }
  }

  Matrix copy_of(std::int32_t index) {
    if (tensor(index).role == TensorRole::kValue) return value(index);
    return stored(index);
  }

  StoredTensor memory_of(const Tensor& t) const {
    return {t, seed_, t.copies > 1 ? repetition_ : 0};
  }

  Matrix stored(std::int32_t index) const {
    const Tensor& t = tensor(index);
    const StoredTensor memory = memory_of(t);
    Matrix result = make_matrix(t.rows, t.cols, row_of(t.type).integer);
    const bool exchanged = !column_major_.empty() && column_major_[static_cast<std::size_t>(index)];
    const auto element = [&](std::size_t i) {
      const auto at = static_cast<std::int64_t>(i);
      return exchanged ? at % t.cols * t.rows + at / t.cols : at;
    };
    for (std::size_t i = 0; i < result.real.size(); ++i) result.real[i] = memory.real(element(i));
    for (std::size_t i = 0; i < result.whole.size(); ++i) {
      result.whole[i] = memory.whole(element(i));
    }
    return result;
  }

  // Views of the current op's operands; drawn tensors live until the op is done.
  OperandView view(const Operand& operand) {
    const Matrix* matrix = &value(operand.tensor);
    if (tensor(operand.tensor).role != TensorRole::kValue) {
      drawn_.push_back(stored(operand.tensor));
      matrix = &drawn_.back();
    }
    OperandView result = whole_view(*matrix);
    const std::int64_t cols = operand.cols == 0 ? matrix->cols : operand.cols;
    if (matrix->integer) {
      result.whole = result.whole.block(0, matrix->rows, operand.first_col, cols);
    } else {
      result.real = result.real.block(0, matrix->rows, operand.first_col, cols);
    }
    return result;
  }

  void run_ops(const std::vector<Op>& ops) {
    for (const Op& op : ops) {
      Matrix result = run_op(op);
      if (quantizes_rows(op)) value(op.scales) = quantize_rows(result);
      round_(tensor(op.result).type, result);
      value(op.result) = std::move(result);
      drawn_.clear();
    }
  }

  Matrix run_op(const Op& op) {
    switch (row_of(op.kind).family) {
      case OpFamily::kLookup: return lookup(op);
      case OpFamily::kView: return view_of(op);
      case OpFamily::kProduct: return product(op);
      case OpFamily::kExperts: return expert_product(op);
      case OpFamily::kBinary:
      case OpFamily::kUnary: {
        Matrix result = copy_of(view(op.operands[0]));
        const double factor = attribute(op, "factor", 1);
        apply_step(op.kind, factor, op, op.operands.size() > 1 ? 1 : -1, result);
        return result;
      }
      case OpFamily::kRowwise: return rowwise(op);
      case OpFamily::kHeads: return per_head(op);
    }
    throw std::logic_error("an op family without evaluation");
  }

  static Matrix copy_of(const OperandView& from) {
    Matrix result = make_matrix(from.rows(), from.cols(), from.integer);
    for (std::int64_t r = 0; r < result.rows; ++r) {
      const auto to = r * result.cols;
      if (from.integer)
        std::copy_n(from.whole.row(r), result.cols, result.whole.begin() + to);
      else
        std::copy_n(from.real.row(r), result.cols, result.real.begin() + to);
    }
    return result;
  }

  void apply_step(OpKind kind, double factor, const Op& op, std::int32_t operand, Matrix& running) {
    Elementwise step{.kind = kind, .factor = static_cast<float>(factor)};
    if (tensor(op.result).type == DataType::kInt32) {
      step.low = std::numeric_limits<std::int32_t>::min();
      step.high = std::numeric_limits<std::int32_t>::max();
    }
    if (operand < 0) return apply(step, running, nullptr);
    const auto which = static_cast<std::size_t>(operand);
    const OperandView b = view(op.operands[which]);
    const bool of_experts = is_expert_row(graph_, op, which);
    if (!of_experts && !is_input_column(graph_, op, which)) return apply(step, running, &b);
    const Matrix rows = of_experts
                            ? gathered(b, tensor(op.operands[2].tensor).values)
                            : gathered(b, rows_of_input(running.rows, running.rows / b.rows()));
    const OperandView each = whole_view(rows);
    apply(step, running, &each);
  }

  Matrix product(const Op& op) {
    const bool transposed = op.kind != OpKind::kLinear && attribute_of(op, "transpose_rhs") != 0;
    const auto heads = static_cast<std::int64_t>(attribute(op, "heads", 1));
    Matrix running = heads > 1 ? multiply_heads(view(op.operands[0]), view(op.operands[1]), heads)
                               : multiply(view(op.operands[0]), view(op.operands[1]), transposed);
    if (op.kind == OpKind::kLinear) apply_step(OpKind::kAdd, 1, op, 2, running);
    apply_epilogue(op, running);
    return running;
  }

  void apply_epilogue(const Op& op, Matrix& running) {
    for (const EpilogueStep& step : op.epilogue) {
      apply_step(step.kind, step.factor, op, step.operand, running);
    }
  }

  Matrix expert_product(const Op& op) {
    const Tensor& experts = tensor(op.operands[2].tensor);
    Matrix running = multiply_experts(view(op.operands[0]), view(op.operands[1]), experts.values);
    apply_epilogue(op, running);
    return running;
  }

  Matrix view_of(const Op& op) {
    if (op.kind == OpKind::kAppend) return append(op);
    if (op.kind == OpKind::kRows) return rows(op);
    Matrix column = copy_of(view(op.operands[0]));
    column.rows *= column.cols;
    column.cols = 1;
    return column;
  }

  // Column entry r * top + k of row r.
  Matrix select(const Op& op) {
    const Tensor& table = tensor(op.operands[0].tensor);
    const OperandView x = view(op.operands[1]);
    const std::int64_t top = table.rows / x.rows();
    Matrix result = make_matrix(x.rows(), top, x.integer);
    for (std::size_t i = 0; i < table.values.size(); ++i) {
      const std::int64_t row = static_cast<std::int64_t>(i) / top;
      if (x.integer) {
        result.whole[i] = x.whole.row(row)[table.values[i]];
      } else {
        result.real[i] = x.real.row(row)[table.values[i]];
      }
    }
    return result;
  }

  // Only the rows that are looked up are drawn: a vocabulary is larger than a text.
  void copy_row(const Operand& from, std::int64_t row, Matrix& to, std::int64_t to_row) {
    const Tensor& t = tensor(from.tensor);
    const StoredTensor memory = memory_of(t);
    for (std::int64_t c = 0; c < to.cols; ++c) {
      const std::int64_t element = row * t.cols + from.first_col + c;
      const auto at = static_cast<std::size_t>(to_row * to.cols + c);
      const auto source = static_cast<std::size_t>(element);
      if (t.role == TensorRole::kValue) {
        if (to.integer)
          to.whole[at] = value(from.tensor).whole[source];
        else
          to.real[at] = value(from.tensor).real[source];
      } else if (to.integer) {
        to.whole[at] = memory.whole(element);
      } else {
        to.real[at] = memory.real(element);
      }
    }
  }

  Matrix lookup(const Op& op) {
    if (op.kind == OpKind::kSelect) return select(op);
    const Tensor& table = tensor(op.operands[0].tensor);
    const Operand& words = op.operands[1];
    const bool integer = row_of(tensor(words.tensor).type).integer;
    Matrix result = make_matrix(table.rows, extent_of(graph_, words).cols, integer);
    for (std::int64_t r = 0; r < table.rows; ++r) {
      copy_row(words, table.values[static_cast<std::size_t>(r)], result, r);
    }
    if (op.kind == OpKind::kEmbedding) {
      const std::int64_t seq = count_of(op, "seq");
      Matrix positions = make_matrix(seq, result.cols, integer);
      for (std::int64_t r = 0; r < seq; ++r) copy_row(op.operands[2], r, positions, r);
      const OperandView repeated = whole_view(positions);
      apply({.kind = OpKind::kAdd}, result, &repeated);
    }
    return result;
  }

  Matrix rows(const Op& op) {
    const Tensor& t = tensor(op.operands[0].tensor);
    Matrix result = make_matrix(count_of(op, "count"), extent_of(graph_, op.operands[0]).cols,
                                row_of(t.type).integer);
    for (std::int64_t r = 0; r < result.rows; ++r) {
      copy_row(op.operands[0], count_of(op, "first") + r * count_of(op, "step"), result, r);
    }
    return result;
  }

  Matrix append(const Op& op) {
    Matrix result = copy_of(view(op.operands[0]));
    const Matrix rows = copy_of(view(op.operands[1]));
    const std::int64_t seq = count_of(op, "seq");
    const std::int64_t count = rows.rows / (result.rows / seq);  // per sequence
    for (std::int64_t r = 0; r < rows.rows; ++r) {
      const std::int64_t to = (r / count * seq + count_of(op, "first") + r % count) * rows.cols;
      if (rows.integer)
        std::copy_n(rows.whole.begin() + r * rows.cols, rows.cols, result.whole.begin() + to);
      else
        std::copy_n(rows.real.begin() + r * rows.cols, rows.cols, result.real.begin() + to);
    }
    return result;
  }

  // Of ops that quantise rows: what they quantise.
  Matrix rowwise(const Op& op) {
    const OperandView x = view(op.operands[0]);
    const auto operand = [&](std::size_t which) { return view(op.operands[which]).real; };
    if (op.kind == OpKind::kLayerNorm) {
      return layer_norm(x.real, operand(1), operand(2), attribute_of(op, "eps"));
    }
    if (op.kind == OpKind::kRmsNorm) {
      return rms_norm(x.real, operand(1), count_of(op, "groups"), attribute_of(op, "eps"));
    }
    if (op.kind == OpKind::kRope) {
      return rope(x.real, operand(1), operand(2), count_of(op, "heads"));
    }
    Matrix result = copy_of(x);
    if (op.kind == OpKind::kQuantizeRows) return result;
    if (op.kind == OpKind::kNormalize) {
      normalize(result, attribute_of(op, "scale"));
      return result;
    }
    if (op.kind == OpKind::kSumRows) return sum_rows(x.real, count_of(op, "count"));
    if (op.kind != OpKind::kSoftmax) throw std::logic_error("a row-wise op without evaluation");
    SoftmaxRule rule = softmax_rule(op);
    if (rule.seq == 0) rule.seq = result.cols;
    if (op.operands.size() == 1) {
      softmax(result, rule, 0);
      return result;
    }
    return softmax_with_sinks(result, rule, operand(1));
  }

  // The rows are those of as many heads as there are sinks, one head after the other.
  static Matrix softmax_with_sinks(const Matrix& x, const SoftmaxRule& rule,
                                   const View<float>& sinks) {
    Matrix result = make_matrix(x.rows, x.cols, false);
    for (std::int64_t r = 0; r < x.rows; ++r) {
      Matrix row = make_matrix(1, x.cols, false);
      std::copy_n(x.real.begin() + r * x.cols, x.cols, row.real.begin());
      softmax(row, rule, r, sinks.row(r / (x.rows / sinks.rows)));
      std::copy_n(row.real.begin(), x.cols, result.real.begin() + r * x.cols);
    }
    return result;
  }

  static SoftmaxRule softmax_rule(const Op& op) {
    return {.scale = attribute_of(op, "scale"),
            .causal = attribute_of(op, "causal") != 0,
            .seq = count_of(op, "seq"),
            .window = count_of(op, "window"),
            .softcap = attribute_of(op, "softcap")};
  }

  Matrix per_head(const Op& op) {
    Heads heads{.counts = head_counts(op)};
    const View<float> a = view(op.operands[0]).real;
    const View<float> b = view(op.operands[1]).real;
    const HeadOperands further = head_operands(op);
    View<float> views[4];
    const auto given = [&](std::int32_t which, View<float>& to) -> const View<float>* {
      if (which < 0) return nullptr;
      to = view(op.operands[static_cast<std::size_t>(which)]).real;
      return &to;
    };
    heads.bias = given(further.bias, views[0]);
    heads.q2 = given(further.q2, views[1]);
    heads.k2 = given(further.k2, views[2]);
    heads.sinks = given(further.sinks, views[3]);
    if (op.kind == OpKind::kScores) return scores(a, b, heads);
    if (op.kind == OpKind::kContext) return context(a, b, heads.counts);
    heads.rule = softmax_rule(op);
    return attention(a, b, view(op.operands[2]).real, heads, round_);
  }

  std::map<std::string, std::vector<double>> results() {
    std::map<std::string, std::vector<double>> all;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (graph_.tensors[i].role != TensorRole::kValue) continue;
      Matrix& matrix = values_[i];
      std::vector<double>& to = all[graph_.tensors[i].name];
      if (matrix.integer)
        to.assign(matrix.whole.begin(), matrix.whole.end());
      else
        to.assign(matrix.real.begin(), matrix.real.end());
      matrix = {};
    }
    return all;
  }

  const Graph& graph_;
  std::uint64_t seed_;
  Rounding round_;
  const std::vector<bool>& column_major_;
  std::vector<Matrix> values_;  // of each tensor that has been computed
  std::deque<Matrix> drawn_;    // inputs and weights of the current op
  std::int64_t repetition_ = 0;
};

}  // namespace

std::map<std::string, std::vector<double>> evaluate(const Graph& graph, std::uint64_t seed,
                                                    Precision precision, std::uint64_t sample,
                                                    const std::vector<bool>& column_major) {
  return GraphEvaluator(graph, seed, Rounding(precision, sample), column_major).run();
}

}  // namespace systole
