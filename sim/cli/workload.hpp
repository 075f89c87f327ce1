// SPDX-License-Identifier: Apache-2.0
// From the WORKLOAD of a command line to a graph or a program.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/import.hpp"
#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/cli/options.hpp"

namespace systole {

inline constexpr Bytes kLargestText = 64 * kMiB;  // of a config, a graph or a GEMM list

enum class WorkloadKind : std::uint8_t {
  kModel,          // a config.json, by name or path
  kGraph,          // .sgr
  kProgramText,    // .sasm
  kProgramBinary,  // .sbin
  kGemmList,       // .csv
  kGemm,           // gemm:MxKxN
};

struct Workload {
  WorkloadKind kind = WorkloadKind::kModel;
  std::string name;            // of the model on the hub, or as it was typed
  std::filesystem::path path;  // empty for kGemm
};

// Decides by name only; no file is read. A name that ends as a file does is one; what is none of
// the others is a model (sim/cli/model_names.hpp). Error kUsage for what is nothing of all that,
// with the nearest model.
Workload resolve_workload(const std::string& text);

bool is_program(const Workload& workload);

// Error kUsage where a model lacks --seq (in decode, --context), or where a flag was given that the
// workload or the phase cannot obey.
void check_scenario(const Workload& workload, const ScenarioFlags& flags);

// The scenario with its defaults filled in: prefill, batch 1, the chip's native type. Models are
// not quantised, so on a chip that takes only int8 the default of a model is bf16: the compiler
// then names the op that the chip has no unit for, and chips that have one.
Scenario scenario_of(const Workload& workload, const ScenarioFlags& flags, const ChipSpec& chip);

// Whether the graph of a model's prefill is a decoder's: its tokens do not see those after them.
bool is_decoder(const Graph& graph);

// Precondition: not a program. Errors: kBadInput for the file.
Graph load_graph(const Workload& workload, const Scenario& scenario);

// Says what of a model's file is not as it is there, on stderr. Errors: kBadInput for the file.
void print_notes(const Workload& workload);

// Precondition: a program. Errors: kBadInput for the file.
Program load_program(const Workload& workload);

}  // namespace systole
