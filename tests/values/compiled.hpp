// SPDX-License-Identifier: Apache-2.0
// Compiles a graph, executes its program and compares what it leaves with the evaluator, by the
// rules of `systole run --check`.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph_text.hpp"
#include "compiler/import.hpp"
#include "compiler/oracle.hpp"
#include "compiler/pipeline.hpp"
#include "isa/verifier.hpp"
#include "sim/function/compare.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"

namespace systole {

inline Graph small_gpt2(std::int64_t embd, std::int64_t heads, std::int64_t layers,
                        std::int64_t vocabulary, std::int64_t batch, std::int64_t seq) {
  const std::string config =
      R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_positions": 512,)"
      R"( "n_ctx": 512, "layer_norm_epsilon": 1e-05, "activation_function": "gelu_new",)"
      R"( "n_embd": )" +
      std::to_string(embd) + R"(, "n_head": )" + std::to_string(heads) + R"(, "n_layer": )" +
      std::to_string(layers) + R"(, "vocab_size": )" + std::to_string(vocabulary) + "}";
  Scenario scenario;
  scenario.batch = batch;
  scenario.seq = seq;
  scenario.dtype = DataType::kBf16;
  return import_config(config, "config.json", "small", scenario);
}

inline Bytes hbm_bytes(const Program& program) {
  Bytes bytes = 1;
  for (const Symbol& symbol : program.symbols) {
    bytes = std::max(
        bytes, symbol.address + symbol.stride * (symbol.count - 1) + symbol.pitch * symbol.rows);
  }
  // Planted mistakes may reach beyond the last symbol.
  return bytes + 64 * kMiB;
}

inline MemoryImage seeded_memory(const Program& program) {
  MemoryImage hbm("hbm", hbm_bytes(program));
  seed_inputs(program, 1, hbm);
  return hbm;
}
inline MemoryImage executed(const Chip& chip, const Program& program) {
  MemoryImage hbm = seeded_memory(program);
  execute(chip.spec, program, hbm);
  return hbm;
}

// What is wrong with `got`, some of the elements of a tensor (those that `pick` takes of all) as
// rows x cols; none where nothing is. More evaluations are asked where one does not allow it.
template <class Pick>
std::optional<std::string> wrong_part(Oracle& oracle, const std::string& tensor, std::int64_t rows,
                                      std::int64_t cols, const std::vector<double>& got,
                                      const Pick& pick) {
  const std::vector<double> fp32 = pick(oracle.fp32(tensor));
  const auto mismatch = [&](bool sampled) {
    if (oracle.exact(tensor)) return compare_integers(rows, cols, got, fp32);
    std::vector<std::vector<double>> picked;
    for (const std::vector<double>* values : oracle.rounded(tensor, sampled)) {
      picked.push_back(pick(*values));
    }
    std::vector<const std::vector<double>*> rounded;
    for (const std::vector<double>& values : picked) rounded.push_back(&values);
    return compare_rows(rows, cols, got, fp32, rounded);
  };
  if (!mismatch(false)) return std::nullopt;
  const std::optional<Mismatch> found = mismatch(true);
  if (!found) return std::nullopt;
  return tensor + ": " + describe(*found);
}

// The first output that differs, described; none where all agree. What a repeated region left lies
// in the last copy.
inline std::optional<std::string> wrong_output(Oracle& oracle, const Program& program,
                                               const MemoryImage& hbm) {
  const auto all = [](const std::vector<double>& values) { return values; };
  for (const Symbol& symbol : program.symbols) {
    if (symbol.role != SymbolRole::kOutput) continue;
    const auto wrong = wrong_part(oracle, symbol.name, symbol.rows, symbol.cols,
                                  read_symbol(symbol, symbol.count - 1, hbm), all);
    if (wrong) return wrong;
  }
  return std::nullopt;
}
inline std::optional<std::string> wrong_output(const Graph& graph, const Chip& chip,
                                               const Program& program) {
  Oracle oracle(graph, 1);
  return wrong_output(oracle, program, executed(chip, program));
}

// Compiles and verifies.
inline Program compiled(const Graph& graph, const Chip& chip) {
  Program program = compile(graph, chip).program;
  verify_program(chip.spec, chip.hash, program, graph.name);
  return program;
}

// Compiles, verifies, executes and compares.
inline std::optional<std::string> run_wrong(const Graph& graph, const Chip& chip) {
  return wrong_output(graph, chip, compiled(graph, chip));
}

}  // namespace systole
