// SPDX-License-Identifier: Apache-2.0
// The command line as plain data. Nothing is read or looked up here but flags and numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isa/units.hpp"
#include "sim/cli/scenario_flags.hpp"

namespace systole {

enum class CommandKind : std::uint8_t {
  kHelp,
  kRun,
  kCompile,
  kAsm,
  kDisasm,
  kCheck,
  kList,
  kVerifyTiming,
  kOpt,
  kVerifyValues
};

// What the names of waveform files end in.
inline constexpr std::string_view kWavesSuffix = ".vcd";

struct Options {
  CommandKind command = CommandKind::kHelp;
  std::string help;  // kHelp: what to print
  std::string workload;
  std::string chip;
  std::vector<std::string> overrides;  // of chip parameters, "key=value"
  ScenarioFlags scenario;              // of the command line alone
  std::string scenario_file;           // whose keys hold where the command line has none
  std::string fidelity = "tile";
  std::string memory = "page";
  bool explain = false;
  bool values = false;
  bool check = false;
  bool bisect = false;
  bool json = false;
  bool resolved = false;
  std::string vs;      // GPUs, with commas
  std::string report;  // folder
  std::string trace;   // file
  Cycles max_cycles = 0;
  std::string emit;                 // graph, tiles, asm, bin; empty where not given
  std::string print_after;          // a pass, or "all"
  std::string output;               // -o
  std::vector<std::string> inputs;  // asm, disasm, check, verify-timing: files
  std::string list;                 // what to list
  std::string waves;                // run: a VCD file
  std::int64_t programs = 1000;     // verify-timing: random ones
  std::uint64_t seed = 1;           // of the first of them
  bool full = false;                // verify-timing: every case
  std::int64_t graphs = 2000;       // verify-values
  std::string passes;               // opt: names, with commas
  bool list_passes = false;         // opt: print the table of passes
  bool locations = false;           // opt: say where each op was written
  bool verify_each = false;         // opt: verify after each pass, not only after the last
};

// `arguments` without the program's name. Errors: kUsage for everything that is wrong with it,
// with the nearest command, flag or value.
Options parse_command_line(const std::vector<std::string>& arguments);

}  // namespace systole
