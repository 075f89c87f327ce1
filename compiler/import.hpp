// SPDX-License-Identifier: Apache-2.0
// Workloads that are not graphs yet: model configurations and GEMM lists. The graphs returned
// have passed verify_graph().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/expert_choice.hpp"
#include "compiler/graph.hpp"

namespace systole {

// Layers first to end - 1 of a model, counted from 0.
struct LayerRange {
  std::int64_t first = 0;
  std::int64_t end = 0;
  std::int64_t count() const { return end - first; }
  friend bool operator==(const LayerRange&, const LayerRange&) = default;
};

struct Scenario {
  std::string phase = "prefill";  // or "decode": one token per sequence against a KV cache
  std::int64_t batch = 1;         // sequences
  std::int64_t seq = 0;           // prefill, and an encoder's in decode: tokens per sequence
  std::int64_t context = 0;       // decode: tokens of each sequence in the KV cache before the step
  DataType dtype = DataType::kBf16;
  ExpertScenario experts{};  // of models with experts
  // Only these layers; the embedding comes with the first layer, the head with the last one. Where
  // there is no embedding, the hidden state is an input, and without a head it is the output.
  std::optional<LayerRange> layers{};
};

// A Hugging Face config.json as it is on the hub. `where` names the file in messages, `name` the
// graph. Errors: exit status 3 for a file that is not a supported model (with the key and what was
// expected) or a scenario that the model does not allow; 2 for a scenario that is incomplete.
Graph import_config(std::string_view json, std::string_view where, std::string_view name,
                    const Scenario& scenario);

// The tokens of each sequence where the config.json fixes them, as that of a model of images does;
// 0 where Scenario::seq gives them. Where they are fixed, it may be 0. Errors: as above.
std::int64_t own_sequence(std::string_view json, std::string_view where);

// Whether the model decodes after a text that an encoder has read, of Scenario::seq tokens in both
// phases. Errors: as above.
bool has_source(std::string_view json, std::string_view where);

// What of the file is not as it is there, in words: weights that are quantised in it, layers that
// are left out. Errors: as above.
std::vector<std::string> import_notes(std::string_view json, std::string_view where);

// "gemm:MxKxN": out[M, N] = lhs[M, K] . rhs[K, N]; int8 is requantised to int8.
// Errors: exit status 2 for a malformed spec, 3 for sizes out of bounds or types without MXU.
Graph import_gemm(std::string_view spec, DataType type);

// SCALE-Sim's GEMM list: a header line `Layer,M,N,K`, then one product per line, each with
// operands of its own. Blank lines, CRLF and a trailing comma are allowed. Errors: exit status 3.
Graph import_gemm_list(std::string_view csv, std::string_view where, DataType type);

// Whether products of a graph are with experts' weights.
bool has_experts(const Graph& graph);

// Elements of all weights, copies included: the same in bf16 and int8. Not counted are KV caches,
// constants, and the scales of int8 weights (fp32 `X.weight_scale` beside int8 `X.weight`).
std::int64_t parameter_count(const Graph& graph);

}  // namespace systole
