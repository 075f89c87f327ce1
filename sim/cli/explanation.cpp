// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/explanation.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

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

std::string kept_names(const Graph& graph, const Residency& residency,
                       const std::vector<std::int32_t>& tensors) {
  std::vector<std::string> names;
  for (const std::int32_t tensor : tensors) {
    if (!residency.kept(tensor)) continue;
    names.push_back("%" + graph.tensors.at(static_cast<std::size_t>(tensor)).name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// "reads %a, %b in VMEM, leaves %c there"; empty where all of it lies in HBM.
std::string kept(const Graph& graph, const Residency& residency, const Op& op) {
  std::vector<std::int32_t> read;
  for (const Operand& operand : op.operands) read.push_back(operand.tensor);
  const std::string operands = kept_names(graph, residency, read);
  const std::string results = kept_names(graph, residency, {op.result, op.scales});
  std::vector<std::string> parts;
  if (!operands.empty()) parts.push_back("reads " + operands + " in VMEM");
  if (!results.empty()) parts.push_back("leaves " + results + " in VMEM");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string kept_in_all(const Residency& residency) {
  if (residency.bytes == 0) return "";
  return fmt::format(
      "values of {} bytes of VMEM stay there between ops: estimate {} cycles, {} without\n",
      grouped(residency.bytes), grouped(residency.estimate), grouped(residency.without));
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
    const std::string in_vmem = kept(division.graph, compilation.residency, *source);
    if (!in_vmem.empty()) text += fmt::format("  {:>7}  {}\n", "-", in_vmem);
    const std::string where =
        division.cores == 1 ? "" : fmt::format("core0 of {}: ", division.cores);
    text += fmt::format("  {:>7}  {}{}\n", "as", where, describe(*mapped, chip.spec));
  }
  return fmt::format("{} on {}: {} cycles, {} of the sum of its ops' bounds\n", result.workload,
                     chip.spec.name, grouped(result.cycles),
                     percent(bounds / static_cast<double>(result.cycles))) +
         kept_in_all(compilation.residency) + text;
}

}  // namespace systole
