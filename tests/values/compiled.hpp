// SPDX-License-Identifier: Apache-2.0
// Compiles a graph, executes its program and compares the outputs with the evaluator.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "compiler/evaluator.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/import.hpp"
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
  // Carried values lie in rings that no symbol spans whole.
  return bytes + 64 * kMiB;
}

// The first output that differs, described; none where all agree.
inline std::optional<std::string> wrong_output(const Graph& graph, const Chip& chip,
                                               const Program& program) {
  MemoryImage hbm("hbm", hbm_bytes(program));
  seed_inputs(program, 1, hbm);
  execute(chip.spec, program, hbm);
  auto exact = evaluate(graph, 1, Precision::kFp32);
  auto rounded = evaluate(graph, 1, Precision::kBf16PerOp);
  for (const Symbol& symbol : program.symbols) {
    if (symbol.role != SymbolRole::kOutput) continue;
    const std::vector<double> got = read_symbol(symbol, 0, hbm);
    const auto& expected = exact.at(symbol.name);
    const std::optional<Mismatch> mismatch =
        row_of(symbol.type).integer
            ? compare_integers(symbol.rows, symbol.cols, got, expected)
            : compare_rows(symbol.rows, symbol.cols, got, expected, rounded.at(symbol.name));
    if (mismatch) return symbol.name + ": " + describe(*mismatch);
  }
  return std::nullopt;
}

// Compiles, verifies, executes and compares.
inline std::optional<std::string> run_wrong(const Graph& graph, const Chip& chip) {
  const Compilation compilation = compile(graph, chip);
  verify_program(chip.spec, chip.hash, compilation.program, graph.name);
  return wrong_output(graph, chip, compilation.program);
}

}  // namespace systole
