// SPDX-License-Identifier: Apache-2.0
// What a run must leave in the caches: rows that were in them untouched in every layer, appended
// ones as the evaluator has them (it keeps the last layer's).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "values/compiled.hpp"

namespace systole {

// Of appends to one cache, what all of them leave.
struct Cache {
  std::string name, filled;  // the cache, and the append's result
  std::vector<bool> appended;
};

// Of a graph of any stage.
inline std::vector<Cache> caches_of(const Graph& graph) {
  std::vector<Cache> caches;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind != OpKind::kAppend) continue;
      const Tensor& cache = graph.tensors[op.operands[0].tensor];
      const Tensor& rows = graph.tensors[op.operands[1].tensor];
      const auto seq = static_cast<std::int64_t>(attribute(op, "seq", 0));
      const auto first = static_cast<std::int64_t>(attribute(op, "first", 0));
      const std::int64_t new_rows = rows.rows / (cache.rows / seq);
      std::vector<bool> appended(cache.rows);
      for (std::int64_t r = 0; r < cache.rows; ++r) {
        appended[r] = r % seq >= first && r % seq < first + new_rows;
      }
      const std::string& filled = graph.tensors[op.result].name;
      const auto before = std::find_if(caches.begin(), caches.end(), [&](const Cache& other) {
        return other.filled == cache.name;
      });
      if (before == caches.end()) {
        caches.push_back({cache.name, filled, appended});
        continue;
      }
      before->filled = filled;
      for (std::size_t r = 0; r < appended.size(); ++r) {
        before->appended[r] = before->appended[r] || appended[r];
      }
    }
  }
  return caches;
}

inline const Symbol* find_symbol(const Program& program, const std::string& name) {
  const auto found = std::find_if(program.symbols.begin(), program.symbols.end(),
                                  [&](const Symbol& symbol) { return symbol.name == name; });
  return found == program.symbols.end() ? nullptr : &*found;
}

inline std::optional<std::string> changed_row(const Cache& cache, const Symbol& symbol,
                                              const MemoryImage& before, const MemoryImage& after) {
  for (std::int64_t copy = 0; copy < symbol.count; ++copy) {
    const std::vector<double> was = read_symbol(symbol, copy, before);
    const std::vector<double> is = read_symbol(symbol, copy, after);
    for (std::int64_t k = 0; k < symbol.rows * symbol.cols; ++k) {
      if (cache.appended[k / symbol.cols] || was[k] == is[k]) continue;
      return symbol.name + " of layer " + std::to_string(copy) + ": row " +
             std::to_string(k / symbol.cols) + " is not what it was";
    }
  }
  return std::nullopt;
}

// The first cache that is wrong, described. Appended rows are judged together, as one long row:
// each of them may be short.
inline std::optional<std::string> wrong_cache(const Graph& graph, Oracle& oracle,
                                              const Program& program, const MemoryImage& hbm) {
  const MemoryImage before = seeded_memory(program);
  for (const Cache& cache : caches_of(graph)) {
    const Symbol* symbol = find_symbol(program, cache.name);
    if (symbol == nullptr || symbol->role != SymbolRole::kState) return cache.name + " is no state";
    if (const auto changed = changed_row(cache, *symbol, before, hbm)) return changed;
    const auto appended = [&](const std::vector<double>& values) {
      std::vector<double> rows;
      for (std::size_t k = 0; k < values.size(); ++k) {
        if (cache.appended[k / symbol->cols]) rows.push_back(values[k]);
      }
      return rows;
    };
    const std::vector<double> got = appended(read_symbol(*symbol, symbol->count - 1, hbm));
    const auto wrong =
        wrong_part(oracle, cache.filled, 1, static_cast<std::int64_t>(got.size()), got, appended);
    if (wrong) return cache.name + ", appended rows: " + *wrong;
  }
  return std::nullopt;
}

// The first output or cache of a graph's compiled program that is not what `oracle`, the graph's,
// has; empty where all are.
inline std::string wrong_state(const Graph& graph, Oracle& oracle, const Chip& chip) {
  const Program program = compiled(graph, chip);
  const MemoryImage hbm = executed(chip, program);
  if (const auto output = wrong_output(oracle, program, hbm)) return *output;
  return wrong_cache(graph, oracle, program, hbm).value_or("");
}

}  // namespace systole
