// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "compiler/graph_text.hpp"
#include "isa/assembly.hpp"
#include "isa/binary.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/names.hpp"
#include "sim/cli/model_names.hpp"
#include "sim/cli/output.hpp"

namespace systole {
namespace {

struct SuffixRow {
  std::string_view suffix;
  WorkloadKind kind;
};
constexpr std::array<SuffixRow, 5> kSuffixes{{
    {".json", WorkloadKind::kModel},
    {".sgr", WorkloadKind::kGraph},
    {".sasm", WorkloadKind::kProgramText},
    {".sbin", WorkloadKind::kProgramBinary},
    {".csv", WorkloadKind::kGemmList},
}};
constexpr std::string_view kGemmPrefix = "gemm:";

// "models/gpt2.json" -> "gpt2"; "gpt2/config.json" -> "gpt2"; "a--b.json" -> "a/b".
std::string model_name(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  const std::string folder = std::filesystem::absolute(path).parent_path().filename().string();
  return ModelName{stem == "config" && !folder.empty() ? folder : stem}.hub();
}

// A value of --dtype; "fp8" is short for the format that inference uses.
DataType dtype_of(std::string_view text) {
  if (text == "fp8") return DataType::kFp8E4m3;
  const std::optional<DataType> type = find_by_name(kDataTypes, text);
  if (!type) throw std::logic_error("a --dtype that the command line has not checked");
  return *type;
}

std::int64_t fixed_sequence(const Workload& workload) {
  return own_sequence(read_file(workload.path, kLargestText), workload.path.string());
}

void check_model(const Workload& workload, const ScenarioFlags& flags) {
  const auto refuse = [&](std::string_view what, std::string_view expected) {
    usage_error(fmt::format("{} '{}'", what, workload.name), expected);
  };
  if (flags.generate && flags.phase) {
    refuse("--phase for a generation of model", "no phase: a generation has both");
  }
  if (flags.generate && flags.context) {
    refuse("--context for a generation of model", "--seq N, the tokens of the prompt");
  }
  if (flags.generate && flags.experts) {
    refuse("--experts for a generation of model",
           "drawn experts (--expert-seed): a file has those of one run");
  }
  if (flags.simulated_steps && !flags.generate) {
    refuse("--simulated-steps without --generate for model", "--generate N, with decode steps");
  }
  if (flags.phase.value_or("prefill") == "decode") {
    const bool source = has_source(read_file(workload.path, kLargestText), workload.path.string());
    if (source && !flags.seq) {
      refuse("decode without --seq of model", "--seq N, the tokens that the encoder has read");
    }
    if (flags.seq && !source) {
      refuse("--seq for decode of model", "--context N; --seq belongs to prefill");
    }
    if (!flags.context) {
      refuse("decode without --context of model",
             "--context N, the tokens of each sequence that are in the KV cache before the step");
    }
    return;
  }
  if (flags.context) {
    refuse("--context for prefill of model",
           "--seq N, or --phase decode, to which --context belongs");
  }
  if (!flags.seq && fixed_sequence(workload) == 0) {
    usage_error(fmt::format("model '{}' without --seq", workload.name),
                "--seq N, the tokens per sequence (or --phase decode --context N)");
  }
}

}  // namespace

Workload resolve_workload(const std::string& text) {
  if (text.substr(0, kGemmPrefix.size()) == kGemmPrefix) return {WorkloadKind::kGemm, text, {}};
  const std::filesystem::path path{text};
  const std::string suffix = path.extension().string();
  for (const SuffixRow& row : kSuffixes) {
    if (suffix != row.suffix) continue;
    const bool model = row.kind == WorkloadKind::kModel;
    return {row.kind, model ? model_name(path) : path.stem().string(), path};
  }
  const ModelName model = find_model(text, model_names());
  return {WorkloadKind::kModel, model.hub(), path_of(model)};
}

bool is_program(const Workload& workload) {
  return workload.kind == WorkloadKind::kProgramText ||
         workload.kind == WorkloadKind::kProgramBinary;
}

void check_scenario(const Workload& workload, const ScenarioFlags& flags) {
  const auto refuse = [&](std::string_view flag, std::string_view what) {
    usage_error(fmt::format("{} for '{}'", flag, workload.name), what);
  };
  switch (workload.kind) {
    case WorkloadKind::kModel: check_model(workload, flags); return;
    case WorkloadKind::kGraph: {
      const std::string flag =
          first_given(flags, {ScenarioUse::kModels, ScenarioUse::kModelsAndGemms});
      if (!flag.empty()) refuse(flag, "no scenario: a graph has its shapes and types");
      return;
    }
    case WorkloadKind::kProgramText:
    case WorkloadKind::kProgramBinary:
      for (const ScenarioKeyRow& row : scenario_keys()) {
        if (!given(flags, row)) continue;
        if (row.use == ScenarioUse::kAllGraphs) refuse(flag_of(row), row.lacking);
        refuse(flag_of(row), "no scenario: a program has its shapes and types");
      }
      return;
    case WorkloadKind::kGemmList:
    case WorkloadKind::kGemm:
      for (const ScenarioKeyRow& row : scenario_keys()) {
        if (row.use == ScenarioUse::kModels && given(flags, row)) refuse(flag_of(row), row.lacking);
      }
      return;
  }
}

Scenario scenario_of(const Workload& workload, const ScenarioFlags& flags, const ChipSpec& chip) {
  Scenario scenario;
  scenario.phase = flags.phase.value_or("prefill");
  scenario.batch = flags.batch.value_or(1);
  scenario.seq = flags.seq.value_or(0);
  scenario.context = flags.context.value_or(0);
  scenario.experts.seed = flags.expert_seed.value_or(1);
  scenario.experts.imbalance = flags.expert_imbalance.value_or(1);
  scenario.experts.capacity = flags.expert_capacity.value_or(0);
  if (flags.experts) {
    scenario.experts.given = parse_experts(read_file(*flags.experts, kLargestText), *flags.experts);
  }
  scenario.experts.asked =
      flags.experts || flags.expert_seed || flags.expert_imbalance || flags.expert_capacity;
  scenario.layers = flags.layers;
  const bool model = workload.kind == WorkloadKind::kModel;
  if (model && !flags.seq && scenario.phase == "prefill") scenario.seq = fixed_sequence(workload);
  scenario.dtype = model ? DataType::kBf16 : native_type(chip.mxu);
  if (flags.dtype) scenario.dtype = dtype_of(*flags.dtype);
  return scenario;
}

bool is_decoder(const Graph& graph) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind == OpKind::kMha && attribute(op, "causal", 0) != 0) return true;
    }
  }
  return false;
}

Graph load_graph(const Workload& workload, const Scenario& scenario) {
  const std::string where = workload.path.string();
  switch (workload.kind) {
    case WorkloadKind::kModel:
      return import_config(read_file(workload.path, kLargestText), where, workload.name, scenario);
    case WorkloadKind::kGraph: return parse_graph(read_file(workload.path, kLargestText), where);
    case WorkloadKind::kGemmList:
      return import_gemm_list(read_file(workload.path, kLargestText), where, scenario.dtype);
    case WorkloadKind::kGemm: return import_gemm(workload.name, scenario.dtype);
    case WorkloadKind::kProgramText:
    case WorkloadKind::kProgramBinary: break;
  }
  throw std::logic_error("a program has no graph");
}

void print_notes(const Workload& workload) {
  if (workload.kind != WorkloadKind::kModel) return;
  const std::string where = workload.path.string();
  for (const std::string& note : import_notes(read_file(workload.path, kLargestText), where)) {
    print_message("note: " + note);
  }
}

Program load_program(const Workload& workload) {
  const std::string bytes = read_file(workload.path);
  return workload.kind == WorkloadKind::kProgramText
             ? parse_program(bytes, workload.path.string())
             : decode_program(bytes, workload.path.string());
}

}  // namespace systole
