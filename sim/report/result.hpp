// SPDX-License-Identifier: Apache-2.0
// The result of a run as plain data, computed once; text, JSON and CSV print the same numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isa/chip_loader.hpp"
#include "isa/program.hpp"
#include "sim/energy/energy.hpp"
#include "sim/observe/law.hpp"
#include "sim/report/balance.hpp"
#include "sim/report/measurements.hpp"
#include "sim/report/resource.hpp"

namespace systole {

// What the workload was run as; empty or 0 where it has no such thing.
struct ScenarioResult {
  std::string phase;
  std::int64_t batch = 0;
  std::int64_t seq = 0;      // prefill
  std::int64_t context = 0;  // decode
  std::string dtype;
  std::string weights = {};  // where they are of another type
  struct Layers {
    std::int64_t first = 0, end = 0;  // first to end - 1, counted from 0
    std::int64_t all = 0;             // of the model
  };
  std::optional<Layers> layers = {};  // where not all of them were run
  struct Experts {
    std::string file;  // empty: drawn
    std::int64_t seed = 0;
    double imbalance = 1;
    double capacity = 0;  // 0: each expert computes what it gets
  };
  std::optional<Experts> experts = {};  // of models that have them
};

// A run whose tensors take more HBM than a core of the chip reaches (--ignore-capacity).
struct ShortageResult {
  Bytes needed = 0;
  Bytes reached = 0;
  std::int64_t chips = 0;  // whose HBM holds it, were its tensors divided evenly
  Bytes simulated = 0;     // hbm.size of the run; all else is the chip's own
};

// A part of what an op took beyond its bound: cycles of the unit that binds it, on average over all
// units of that kind, or over the DMA engines that serve the op.
struct LostCycles {
  std::string words;  // "mxu waits for core0.dma0"
  Cycles cycles = 0;
};

// One op, all its repetitions.
struct OpResult {
  std::string name;
  std::string kind;
  std::int64_t count = 1;
  Cycles cycles = 0;  // charged to it: the time by which it lets the program's front advance
  std::int64_t macs = 0;
  Bytes hbm_bytes = 0;         // moved for it, in whole bursts
  Bytes compulsory_bytes = 0;  // each distinct operand read once, each result written once
  double mxu_utilization = 0;  // at most 1: cycles under another op's count for that one
  Cycles bound_cycles = 0;     // the largest of its demands
  Resource bound_by = Resource::kLatency;
  std::string held_by;               // what kept it from its bound most, in words
  std::vector<LostCycles> losses{};  // all that did, the largest first

  Cycles lost() const { return cycles > bound_cycles ? cycles - bound_cycles : 0; }
  // Part of its work is done in cycles that are charged to other ops.
  bool overlapped() const { return cycles < bound_cycles; }
};

// The same ops on a GPU.
struct BaselineResult {
  std::string gpu;
  std::string kind;  // "rated" or "measured"
  double time_us = 0;
  double energy_j = 0;
  std::string source;                     // all of it: figures, method, sources, notes
  std::string figures = {};               // what the GPU is rated at, in a line
  std::vector<std::string> sources = {};  // of the figures, each once
};

// An output tensor of a run with values.
struct OutputResult {
  std::string name;
  DataType type = DataType::kBf16;
  std::int64_t copies = 1;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::string digest;
};

// Where values first differ (--bisect), "" and zeros where they do not.
struct FirstDifference {
  std::string pass;      // after which they differ
  std::string op;        // whose result differs
  std::string location;  // of the op in the workload
  std::string tensor;
  std::int64_t row = 0;
  std::int64_t col = 0;
  double found = 0;
  double expected = 0;
};

struct CheckResult {
  bool passed = false;
  std::string message;  // what agreed, or the first thing that did not
  std::optional<FirstDifference> first = {};
};

struct RunResult {
  Chip chip;
  std::string workload;
  ScenarioResult scenario;
  std::optional<ShortageResult> shortage = {};
  std::string fidelity = "tile";
  std::string memory = "page";
  std::int64_t tokens = 0;
  std::int64_t cores_used = 1;
  Cycles cycles = 0;
  double seconds = 0;
  std::int64_t macs = 0;
  double mxu_utilization = 0;
  double hbm_utilization = 0;
  double vpu_utilization = 0;
  Demand demand;
  Resource bound_by = Resource::kLatency;
  std::vector<UnitResult> units;
  Balance balance;
  Bytes hbm_read = 0;
  Bytes hbm_written = 0;
  Bytes cmem_read = 0;
  Bytes cmem_written = 0;
  std::vector<std::pair<std::string, std::int64_t>> hbm_commands;  // memory "command" only
  std::vector<std::pair<std::string, double>> energy_j;            // components, then "total"
  double power_w = 0;
  std::vector<OpResult> ops;  // in program order
  std::vector<BaselineResult> baselines;
  std::vector<LawResult> conservation;  // laws that the run was held to, in the order of kLaws
  std::vector<OutputResult> outputs;    // with --values
  std::optional<CheckResult> check;     // with --check
};

// `hbm_rate`: bytes per core cycle, above 0, that the memory of no run on these cores exceeds; the
// bound of the run and of each op. Utilizations and demands are those of all the cores that the
// program has streams for, together. Errors: kBadInput where the program's source map has an op
// with MACs of a type that the chip's MXU does not take, or totals beyond 63 bits;
// std::logic_error where the measurements do not add up (a unit's reasons to the run, or the ops'
// cycles to more than the run).
RunResult make_result(const Chip& chip, const Program& program, const Measurements& measured,
                      const EnergyTable& energy, double hbm_rate);

}  // namespace systole
