// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/explanation.hpp"

#include <fmt/format.h>

#include <map>

#include "compiler/explain.hpp"
#include "sim/report/format.hpp"

namespace systole {
namespace {

// A cause with less than this share of the op's cycles is not worth a line.
constexpr double kLeastShare = 0.001;

std::string heading(const OpResult& op) {
  const std::string times = op.count == 1 ? "" : fmt::format(", {} times", grouped(op.count));
  if (op.bound_cycles == 0) {
    return fmt::format("{}: {}{}: {} cycles\n", op.name, op.kind, times, grouped(op.cycles));
  }
  const std::string bound = fmt::format("{} of {}", grouped(op.bound_cycles), name_of(op.bound_by));
  if (op.overlapped()) {
    return fmt::format("{}: {}{}: {} cycles beside its neighbours', bound {}\n", op.name, op.kind,
                       times, grouped(op.cycles), bound);
  }
  const double share = static_cast<double>(op.bound_cycles) / static_cast<double>(op.cycles);
  return fmt::format("{}: {}{}: {} cycles, {} of its bound {}\n", op.name, op.kind, times,
                     grouped(op.cycles), percent(share), bound);
}

std::string losses(const OpResult& op) {
  std::string text;
  for (const LostCycles& loss : op.losses) {
    const double share = static_cast<double>(loss.cycles) / static_cast<double>(op.cycles);
    if (share < kLeastShare) continue;
    text += fmt::format("  {:>7}  {}\n", percent(share), loss.words);
  }
  return text;
}

}  // namespace

std::string explanation(const Chip& chip, const RunResult& result, const Compilation& compilation) {
  struct Compiled {
    const Op* op = nullptr;
    const Mapping* mapping = nullptr;
  };
  const auto& [division, mappings] = compilation.tiling;
  std::map<std::string, Compiled> compiled;
  // The first core has a part of every op.
  for (std::size_t op = 0; op < division.ops.size(); ++op) {
    const Op& part = *division.ops[op].front();
    compiled[part.name] = {&part, &mappings[op * division.ops[op].size()]};
  }
  double bounds = 0;
  std::string text;
  for (const OpResult& op : result.ops) {
    bounds += static_cast<double>(op.bound_cycles);
    text += "\n" + heading(op) + losses(op);
    const auto found = compiled.find(op.name);
    if (found == compiled.end()) continue;
    const auto& [source, mapped] = found->second;
    for (const std::string& limit : limits_of(chip.spec, division.graph, *source, *mapped)) {
      text += fmt::format("  {:>7}  {}\n", "-", limit);
    }
    const std::string where =
        division.cores == 1 ? "" : fmt::format("core0 of {}: ", division.cores);
    text += fmt::format("  {:>7}  {}{}\n", "as", where, describe(*mapped, chip.spec));
  }
  return fmt::format("{} on {}: {} cycles, {} of the sum of its ops' bounds\n", result.workload,
                     chip.spec.name, grouped(result.cycles),
                     percent(bounds / static_cast<double>(result.cycles))) +
         text;
}

}  // namespace systole
