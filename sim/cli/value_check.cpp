// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/value_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/evaluator.hpp"
#include "compiler/oracle.hpp"
#include "sim/function/compare.hpp"
#include "sim/function/symbols.hpp"

namespace systole {
namespace {

const Symbol* find_symbol(const Program& program, const std::string& name) {
  for (const Symbol& symbol : program.symbols) {
    if (symbol.name == name) return &symbol;
  }
  return nullptr;
}

// What `symbol` holds against the oracle's `tensor`; the last copy is what a repeated region left.
// Where one rounded evaluation does not allow it, more are asked.
std::optional<Mismatch> compare(const Symbol& symbol, const std::string& tensor,
                                const MemoryImage& hbm, Oracle& oracle) {
  const std::vector<double> actual = read_symbol(symbol, symbol.count - 1, hbm);
  const std::vector<double>& fp32 = oracle.fp32(tensor);
  if (oracle.exact(tensor)) {
    return compare_integers(symbol.rows, symbol.cols, actual, fp32);
  }
  const auto within = [&](bool sampled) {
    return compare_rows(symbol.rows, symbol.cols, actual, fp32, oracle.rounded(tensor, sampled));
  };
  return within(false) ? within(true) : std::nullopt;
}

// Memory that another tensor uses as well holds the last one's values: nothing can be said.
bool shares_memory(const Program& program, const Symbol& symbol) {
  const auto end = [](const Symbol& s) {
    return s.address + (s.count - 1) * s.stride + s.copy_bytes();
  };
  return std::any_of(program.symbols.begin(), program.symbols.end(), [&](const Symbol& other) {
    return &other != &symbol && other.address < end(symbol) && symbol.address < end(other);
  });
}

// The first op of the lowered graph, in its order, whose result in HBM differs.
std::string first_wrong_op(const Graph& imported, const Compilation& compilation,
                           const MemoryImage& hbm, Oracle& oracle) {
  const Graph& graph = compilation.graphs.empty() ? imported : compilation.graphs.back().second;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      const Tensor& result = graph.tensors.at(static_cast<std::size_t>(op.result));
      const Symbol* symbol = find_symbol(compilation.program, result.name);
      if (symbol == nullptr || !oracle.knows(result.name)) continue;
      if (shares_memory(compilation.program, *symbol)) continue;
      if (const auto mismatch = compare(*symbol, result.name, hbm, oracle)) {
        return fmt::format("op '{}' (tensor '{}': {})", op.name, result.name, describe(*mismatch));
      }
    }
  }
  return "no op whose result is kept in HBM";
}

bool same_rows(const Tensor& tensor, const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  if (row_of(tensor.type).integer) return a == b;
  const auto cols = static_cast<std::size_t>(std::max<std::int64_t>(tensor.cols, 1));
  for (std::size_t begin = 0; begin < a.size(); begin += cols) {
    double error = 0;
    double norm = 0;
    for (std::size_t k = begin; k < std::min(begin + cols, a.size()); ++k) {
      error += (a[k] - b[k]) * (a[k] - b[k]);
      norm += b[k] * b[k];
    }
    if (!(std::sqrt(error) <= kReorderError * std::sqrt(norm))) return false;
  }
  return true;
}

// The first pass after which the graph computes other outputs than the imported one.
std::string guilty_pass(const Compilation& compilation, const Oracle& oracle) {
  for (const auto& [pass, graph] : compilation.graphs) {
    const auto values = evaluate(graph, kValueSeed, Precision::kFp32);
    for (const std::int32_t output : graph.outputs) {
      const Tensor& tensor = graph.tensors.at(static_cast<std::size_t>(output));
      const auto actual = values.find(tensor.name);
      if (!oracle.knows(tensor.name) || actual == values.end() ||
          !same_rows(tensor, actual->second, oracle.fp32(tensor.name))) {
        return "pass '" + pass + "'";
      }
    }
  }
  return "pass 'emit' (lowering)";
}

struct Compared {
  std::string_view what;           // "output" or "cache"
  const Tensor* tensor = nullptr;  // whose value is expected
  std::string name;                // of the symbol
};

// The outputs, and the caches with what is appended to them.
std::vector<Compared> what_is_compared(const Graph& graph) {
  const auto tensor = [&](std::int32_t index) {
    return &graph.tensors.at(static_cast<std::size_t>(index));
  };
  std::vector<Compared> all;
  for (const std::int32_t output : graph.outputs) {
    all.push_back({"output", tensor(output), tensor(output)->name});
  }
  // Of appends to one cache the last has all of them.
  std::map<std::int32_t, Compared> filled;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind != OpKind::kAppend) continue;
      const auto before = filled.extract(op.operands[0].tensor);
      const std::string cache =
          before.empty() ? tensor(op.operands[0].tensor)->name : before.mapped().name;
      filled[op.result] = {"cache", tensor(op.result), cache};
    }
  }
  for (const auto& [result, cache] : filled) all.push_back(cache);
  return all;
}

}  // namespace

CheckResult check_values(const Graph& graph, const Compilation& compilation,
                         const MemoryImage& hbm) {
  Oracle oracle(graph, kValueSeed);
  const std::vector<Compared> all = what_is_compared(graph);
  std::int64_t elements = 0;
  for (const auto& [what, tensor, name] : all) {
    const Symbol* symbol = find_symbol(compilation.program, name);
    if (symbol == nullptr || symbol->rows != tensor->rows || symbol->cols != tensor->cols) {
      return {false, fmt::format("the program has no {} '{}' of {} x {} elements; {}", what, name,
                                 tensor->rows, tensor->cols, guilty_pass(compilation, oracle))};
    }
    if (const auto mismatch = compare(*symbol, tensor->name, hbm, oracle)) {
      return {false,
              fmt::format("{} '{}': {}; first differs after {}; broken by {}", what, name,
                          describe(*mismatch), first_wrong_op(graph, compilation, hbm, oracle),
                          guilty_pass(compilation, oracle))};
    }
    elements += tensor->rows * tensor->cols;
  }
  const std::size_t caches = all.size() - graph.outputs.size();
  return {true, fmt::format("{} elements of {} outputs{} agree with the graph evaluator", elements,
                            graph.outputs.size(),
                            caches == 0 ? std::string{} : fmt::format(" and {} caches", caches))};
}

}  // namespace systole
