// SPDX-License-Identifier: Apache-2.0
#include "sim/values/bisect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/evaluator.hpp"
#include "compiler/oracle.hpp"

namespace systole {
namespace {

using Values = std::vector<double>;

// The element of a row that lies farthest off. A NaN is farther than any number.
std::size_t farthest(const Values& found, const Values& expected, std::size_t begin,
                     std::size_t end) {
  std::size_t worst = begin;
  double most = -1;
  for (std::size_t k = begin; k < end; ++k) {
    const double error = std::abs(found[k] - expected[k]);
    if (std::isnan(error)) return k;
    if (error > most) {
      most = error;
      worst = k;
    }
  }
  return worst;
}

// What may differ: integers that depend on no rounding must be equal, others may be rounded the
// other way, sums of a row may be added in another order.
enum class Allowed : std::uint8_t { kNothing, kOne, kOrder };

// Index of the first element that differs by more than that, row by row.
std::optional<std::size_t> first_difference(std::size_t cols, Allowed allowed, const Values& found,
                                            const Values& expected) {
  for (std::size_t begin = 0; begin < expected.size(); begin += cols) {
    double error = 0;
    double norm = 0;
    for (std::size_t k = begin; k < begin + cols; ++k) {
      const double off = std::abs(found[k] - expected[k]);
      if (allowed != Allowed::kOrder && off > (allowed == Allowed::kOne ? 1 : 0)) return k;
      error += off * off;
      norm += expected[k] * expected[k];
    }
    if (allowed == Allowed::kOrder && !(std::sqrt(error) <= kReorderError * std::sqrt(norm))) {
      return farthest(found, expected, begin, begin + cols);
    }
  }
  return std::nullopt;
}

Values transposed(const Values& values, std::int64_t rows, std::int64_t cols) {
  Values result(values.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      result[static_cast<std::size_t>(c * rows + r)] =
          values[static_cast<std::size_t>(r * cols + c)];
    }
  }
  return result;
}

Divergence divergence_at(std::string_view pass, const Op& op, const std::string& tensor) {
  Divergence result;
  result.pass = pass;
  result.op = op.name;
  result.location = op.location;
  result.tensor = tensor;
  return result;
}

// A result of the graph against the imported graph's of that name, both in fp32.
std::optional<Divergence> compare_graph(std::string_view pass, const Oriented& after,
                                        const Oracle& oracle) {
  const auto values = evaluate(after.graph, kValueSeed, Precision::kFp32, 0, after.column_major);
  for (const Section& section : after.graph.sections) {
    for (const Op& op : section.ops) {
      const Tensor& result = after.graph.tensors.at(static_cast<std::size_t>(op.result));
      if (!oracle.knows(result.name)) continue;
      const bool exchanged =
          !after.column_major.empty() && after.column_major[static_cast<std::size_t>(op.result)];
      const std::int64_t cols = exchanged ? result.rows : result.cols;
      const Values& evaluated = values.at(result.name);
      const Values found = exchanged ? transposed(evaluated, result.rows, result.cols) : evaluated;
      const Values& expected = oracle.fp32(result.name);
      Divergence divergence = divergence_at(pass, op, result.name);
      if (found.size() != expected.size()) return divergence;
      Allowed allowed = row_of(result.type).integer ? Allowed::kOne : Allowed::kOrder;
      if (oracle.exact(result.name)) allowed = Allowed::kNothing;
      const auto at = first_difference(static_cast<std::size_t>(cols), allowed, found, expected);
      if (!at) continue;
      divergence.row = static_cast<std::int64_t>(*at) / cols;
      divergence.col = static_cast<std::int64_t>(*at) % cols;
      divergence.found = found[*at];
      divergence.expected = expected[*at];
      return divergence;
    }
  }
  return std::nullopt;
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

std::optional<Divergence> compare_program(const Graph& graph, const Program& program,
                                          const MemoryImage& hbm, Oracle& oracle) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      const Tensor& result = graph.tensors.at(static_cast<std::size_t>(op.result));
      const Symbol* symbol = find_symbol(program, result.name);
      if (symbol == nullptr || !oracle.knows(result.name)) continue;
      const auto elements = static_cast<std::size_t>(symbol->rows * symbol->cols);
      if (elements != oracle.fp32(result.name).size()) continue;
      if (shares_memory(program, *symbol)) continue;
      const std::optional<Mismatch> mismatch = compare_symbol(*symbol, result.name, hbm, oracle);
      if (!mismatch) continue;
      Divergence divergence = divergence_at("emit", op, result.name);
      divergence.row = mismatch->row;
      divergence.col = mismatch->col;
      divergence.found = mismatch->got;
      divergence.expected = mismatch->expected;
      return divergence;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string describe(const Divergence& d) {
  const std::string at = d.location.empty() ? "" : fmt::format(" ({})", d.location);
  return fmt::format("pass '{}', op '{}'{}, %{} row {}, column {}: found {:g}; expected {:g}",
                     d.pass, d.op, at, d.tensor, d.row, d.col, d.found, d.expected);
}

ProgramCheck check_program(const Graph& imported, const Compilation& compilation,
                           const MemoryImage& hbm, bool bisected) {
  Oracle oracle(imported, kValueSeed);
  const Program& program = compilation.program;
  ProgramCheck result;
  result.check = check_values(imported, program, hbm, oracle);
  if (result.check.wrong.empty() && !bisected) return result;
  for (const auto& [pass, graph] : compilation.graphs) {
    result.first = compare_graph(pass, {graph, {}}, oracle);
    if (result.first) return result;
  }
  result.first = compare_graph("orient", compilation.oriented, oracle);
  if (result.first) return result;
  const Graph& last = compilation.graphs.back().second;
  Oracle fused(last, kValueSeed);
  if (!result.check.wrong.empty()) {
    ValueCheck again = check_values(imported, program, hbm, fused);
    if (again.wrong.empty()) result.check = again;
  }
  if (!result.check.wrong.empty() || bisected) {
    result.first = compare_program(last, program, hbm, fused);
  }
  return result;
}

}  // namespace systole
