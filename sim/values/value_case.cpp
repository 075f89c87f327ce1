// SPDX-License-Identifier: Apache-2.0
#include "sim/values/value_case.hpp"

#include <fmt/format.h>

#include <map>

#include "compiler/graph_text.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"

namespace systole {

std::string case_text(const ValueCase& found) {
  std::string text = "# --chip " + found.chip;
  for (const std::string& key : found.overrides) text += fmt::format(" --set '{}'", key);
  return text + "\n" + print_graph(found.graph);
}

bool is_wrong(const Judgement& judgement) {
  switch (judgement.verdict) {
    case Verdict::kAgrees:
    case Verdict::kRefused: return false;
    case Verdict::kDiffers:
    case Verdict::kBroken: return true;
  }
  return true;
}

Judgement judge(const ValueCase& found, const PassTable& table) {
  Judgement result;
  Chip chip;
  Compilation compilation;
  try {
    chip = load_chip(found.chip, found.overrides);
    compilation = compile(found.graph, chip, {}, table);
  } catch (const PassFinding& bug) {
    return {Verdict::kBroken, bug.what(), {}};
  } catch (const Error& refusal) {
    return {Verdict::kRefused, refusal.what(), {}};
  } catch (const std::exception& bug) {
    return {Verdict::kBroken, bug.what(), {}};
  }
  try {
    verify_program(chip.spec, chip.hash, compilation.program, "program");
    MemoryImage hbm = hbm_image(compilation.program);
    seed_inputs(compilation.program, kValueSeed, hbm);
    execute(chip.spec, compilation.program, hbm);
    const ProgramCheck check = check_program(found.graph, compilation, hbm, false);
    if (check.check.wrong.empty()) return result;
    return {Verdict::kDiffers, check.check.wrong, check.first};
  } catch (const std::exception& bug) {
    return {Verdict::kBroken, bug.what(), {}};
  }
}

}  // namespace systole
