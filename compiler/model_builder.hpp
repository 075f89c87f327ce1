// SPDX-License-Identifier: Apache-2.0
// The parts that transformers are made of, as ops with seeded weights: norms, linear layers in bf16
// or int8, KV caches, attention, the repeated layers, the output head.
//
// The seeds keep values sane through any number of layers: a product of inputs with unit variance
// and weights uniform in +-sqrt(3 / K) has unit variance again. What is added to the residual
// stream is damped by sqrt(2 * layers), as GPT-2 initialises it (section 2.3 of its paper).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph_builder.hpp"
#include "compiler/scenario.hpp"

namespace systole {

inline constexpr double kWordScale = 0.5;
inline constexpr double kPositionScale = 0.25;
inline constexpr double kBiasScale = 0.05;

// Scales per output channel of the int8 weights `NAME.weight` lie in `NAME.weight_scale`.
inline constexpr std::string_view kWeightSuffix = ".weight";
inline constexpr std::string_view kWeightScaleSuffix = ".weight_scale";

// All results are indices of tensors. Numbers of columns are taken from the operands.
class ModelBuilder {
 public:
  ModelBuilder(std::string_view name, const Scenario& scenario, std::int64_t layers);

  const Scenario& scenario() const { return scenario_; }
  std::int64_t step() const { return step_of(scenario_); }
  std::int64_t keys() const { return keys_of(scenario_); }
  GraphBuilder& ops() { return build_; }

  // The layers of the scenario, and whether the model's first and its last one are among them: with
  // the first comes the embedding, with the last the head.
  const LayerRange& range() const { return range_; }
  bool starts() const { return range_.first == 0; }
  bool ends() const { return range_.end == layers_; }
  // Whether the table of words is read: by the embedding, or by a head that is tied to it.
  bool reads_words(bool tied) const { return starts() || (ends() && tied); }
  // The hidden state that comes from layers before the scenario's. Rows 0: a row per token.
  std::int32_t hidden_input(const std::string& name, std::int64_t cols, std::int64_t rows = 0);
  std::int64_t cols_of(std::int32_t tensor) const;

  // A weight in bf16; within layers(), one per layer.
  std::int32_t weight(const std::string& name, std::int64_t rows, std::int64_t cols, double scale,
                      double offset = 0);
  // Token ids stand for a text: any of the vocabulary, the same in every run.
  std::int32_t token_ids(std::int64_t vocabulary);
  std::int32_t token_ids(std::int64_t vocabulary, const std::string& name, std::int64_t count);

  std::int32_t layer_norm(const std::string& name, std::int32_t x, double eps);
  // Each of `groups` groups of columns has a norm of its own; the gain is shared.
  std::int32_t rms_norm(const std::string& name, std::int32_t x, double eps,
                        std::int64_t groups = 1);

  // Of some columns.
  std::int32_t rms_norm(const std::string& name, const Operand& x, double eps);

  // in x out weights, and out biases. In an int8 scenario the weights are int8 with a scale per
  // output channel, and the input is quantised per row, once for all layers that read it.
  struct LinearShape {
    std::string name;
    std::int64_t out = 0;
    bool bias = true;
    double damping = 1;  // of the result's size
  };
  std::int32_t linear(std::int32_t x, const LinearShape& shape, const std::string& result = {});

  // The same in two steps, for packed weights of which columns are applied.
  struct LinearWeights {
    std::int32_t weight = -1;
    std::int32_t scales = -1;  // -1: bf16
    std::int32_t bias = -1;    // -1: none
  };
  LinearWeights linear_weights(std::int64_t in, const LinearShape& shape);
  std::int32_t apply(const std::string& name, std::int32_t x, const LinearWeights& weights,
                     std::int64_t first_col = 0, std::int64_t cols = 0,
                     const std::string& result = {});

  // A product in heads: part i of x's columns times weights of its own is part i of the result's
  // columns. Weights lie head below head; in int8 with a scale per channel of the result.
  struct HeadsShape {
    std::string name;
    std::int64_t heads = 1;
    std::int64_t out = 0;  // columns of a head of the result
    double deviation = 1;  // of the weights
  };
  std::int32_t head_linear(const Operand& x, const HeadsShape& shape);

  // A product with the weights of the experts that `choice` names for each of its rows; row p comes
  // from row p / top of x. In int8 with a scale per expert and output channel.
  struct ExpertShape {
    std::string name;
    std::int64_t out = 0;
    std::int64_t experts = 0;
    std::int32_t choice = -1;   // table
    std::int32_t tokens = -1;   // table: p / top for each p; int8 only
    std::int64_t capacity = 0;  // as expert_matmul's
    bool bias = false;          // a row per expert
    double damping = 1;
  };
  std::int32_t expert_linear(std::int32_t x, const ExpertShape& shape);

  // A cache of all keys() rows per sequence in which `rows` are the last step().
  std::int32_t append(const std::string& cache, std::int32_t rows);
  // A cache by itself, one per layer.
  std::int32_t cache(const std::string& name, std::int64_t rows, std::int64_t cols);

  // In an int8 scenario, quantises x here, for all linear layers that read it from now on.
  void prepare(std::int32_t x);

  struct AttentionShape {
    std::int64_t heads = 1;
    std::int64_t kv_heads = 1;
    double scale = 1;
    bool causal = true;
    std::int64_t window = 0;  // of the keys that a token sees, the last so many; 0: all
    double softcap = 0;       // of the scores; 0: none
    Operand q2{}, k2{};       // a second part of the scores; no tensor: none
    std::int32_t sinks = -1;  // one number per head; -1: none
  };
  std::int32_t attention(const std::string& name, const Operand& q, const Operand& k,
                         const Operand& v, const AttentionShape& shape);

  // The repeated section, of the scenario's layers: `layer` makes one layer's output of its input.
  std::int32_t layers(std::int32_t initial, const std::function<std::int32_t(std::int32_t)>& layer);
  // One of several: `body` runs `repeat` times on the value `carried`, and leaves `carried`.last.
  std::int32_t repeated(std::int32_t initial, std::int64_t repeat, const std::string& carried,
                        const std::function<std::int32_t(std::int32_t)>& body);
  double residual_damping() const;

  // x's first row of each sequence, or its last, by which the next token is chosen.
  std::int32_t first_rows(const std::string& name, std::int32_t x);
  std::int32_t last_rows(const std::string& name, std::int32_t x);
  // x . words^T, in bf16: a head that shares the embedding's table.
  std::int32_t tied_head(const std::string& name, std::int32_t x, std::int32_t words,
                         const std::string& result);

  Graph finish(std::vector<std::int32_t> outputs);

 private:
  std::int32_t rows_of_sequences(const std::string& name, std::int32_t x, std::int64_t first);
  std::int32_t expert_linear_int8(std::int32_t x, const ExpertShape& shape,
                                  const LinearWeights& weights);
  static std::string result_before_bias(const ExpertShape& shape);
  std::int32_t expert_bias(std::int32_t product, const ExpertShape& shape);
  GraphBuilder::Quantized quantized(std::int32_t x);
  LinearWeights int8_weights(const std::string& name, std::int64_t in, std::int64_t out,
                             std::int64_t experts, double deviation);
  std::int32_t apply_int8(const std::string& name, std::int32_t x, const LinearWeights& weights,
                          std::int64_t first_col, std::int64_t cols, const std::string& result);
  const Tensor& tensor(std::int32_t index) const;

  const Scenario& scenario_;
  std::int64_t layers_;
  LayerRange range_;
  Graph graph_;
  GraphBuilder build_;
  std::int32_t section_ = -1;  // of the weights declared now
  std::int64_t copies_ = 1;
  std::map<std::int32_t, GraphBuilder::Quantized> quantized_;
};

}  // namespace systole
