// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/checked_values.hpp"

#include <fmt/format.h>

#include "sim/values/bisect.hpp"

namespace systole {
namespace {

std::string agreement(const ValueCheck& check, bool bisected) {
  return fmt::format(
      "{} elements of {} outputs{} agree with the graph evaluator{}", check.elements, check.outputs,
      check.caches == 0 ? std::string{} : fmt::format(" and {} caches", check.caches),
      bisected ? ", and so do the graphs after each pass and every result that is left in HBM"
               : "");
}

}  // namespace

CheckResult checked_values(const Graph& imported, const Compilation& compilation,
                           const MemoryImage& hbm, bool bisected) {
  const ProgramCheck program = check_program(imported, compilation, hbm, bisected);
  if (program.passed()) return {true, agreement(program.check, bisected), {}};
  const std::string& wrong = program.check.wrong;
  CheckResult result;
  result.message = wrong.empty() ? "outputs agree, values before them do not" : wrong;
  if (const std::optional<Divergence>& first = program.first) {
    result.message += "; first differs after " + describe(*first);
    result.first = {first->pass, first->op,  first->location, first->tensor,
                    first->row,  first->col, first->found,    first->expected};
  } else {
    result.message += "; no graph differs, and no op whose result is left in HBM";
  }
  return result;
}

}  // namespace systole
