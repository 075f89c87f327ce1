// SPDX-License-Identifier: Apache-2.0
#include "sim/values/value_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/function/symbols.hpp"

namespace systole {
namespace {

struct Compared {
  std::string_view what;           // "output" or "cache"
  const Tensor* tensor = nullptr;  // whose value is expected
  std::string name;                // of the symbol
};

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

const Symbol* find_symbol(const Program& program, std::string_view name) {
  const auto found = std::find_if(program.symbols.begin(), program.symbols.end(),
                                  [&](const Symbol& symbol) { return symbol.name == name; });
  return found == program.symbols.end() ? nullptr : &*found;
}

std::optional<Mismatch> compare_symbol(const Symbol& symbol, const std::string& tensor,
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

ValueCheck check_values(const Graph& imported, const Program& program, const MemoryImage& hbm,
                        Oracle& oracle) {
  ValueCheck result;
  for (const auto& [what, tensor, name] : what_is_compared(imported)) {
    const Symbol* symbol = find_symbol(program, name);
    if (symbol == nullptr || symbol->rows != tensor->rows || symbol->cols != tensor->cols) {
      result.wrong = fmt::format("the program has no {} '{}' of {} x {} elements", what, name,
                                 tensor->rows, tensor->cols);
      return result;
    }
    if (const auto mismatch = compare_symbol(*symbol, tensor->name, hbm, oracle)) {
      result.wrong = fmt::format("{} '{}': {}", what, name, describe(*mismatch));
      return result;
    }
    result.elements += tensor->rows * tensor->cols;
    ++(what == "output" ? result.outputs : result.caches);
  }
  return result;
}

}  // namespace systole
