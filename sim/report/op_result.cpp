// SPDX-License-Identifier: Apache-2.0
#include "sim/report/op_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "isa/error.hpp"

namespace systole {
namespace {

struct OpTimes {
  double vpu_busy = 0;
  double xlu_busy = 0;
};

// Where the cycles of the units that bind an op went, apart from the binding work itself.
struct Stalls {
  std::map<std::pair<Reason, std::string>, Cycles> by_cause;
  Cycles seen = 0;

  void add(Reason reason, std::string_view signaller, Cycles cycles) {
    by_cause[{reason, std::string{signaller}}] += cycles;
  }
};

std::string_view units_of(Resource resource) {
  switch (resource) {
    case Resource::kMxu: return "mxu";
    case Resource::kVpu: return "vpu";
    case Resource::kXlu: return "xlu";
    case Resource::kHbm: return "dma";
    case Resource::kLatency: return "mxu";
  }
  return "mxu";
}

// A DMA engine that waits for the memory to serve it is the memory's bound itself.
bool is_binding_work(Resource resource, Reason reason) {
  return reason == Reason::kBusy || (resource == Resource::kHbm && reason == Reason::kHbm);
}

std::string words(Resource resource, const std::pair<Reason, std::string>& cause) {
  const std::string_view unit = units_of(resource);
  if (cause.first == Reason::kWait) return fmt::format("{} waits for {}", unit, cause.second);
  if (cause.first == Reason::kNoInstruction) return fmt::format("{} has no instruction", unit);
  return fmt::format("{}: {}", unit, row_of(cause.first).doc);
}

std::vector<std::string> kinds_of(const Measurements& measured) {
  std::vector<std::string> kinds;
  for (const std::string& unit : measured.units) kinds.push_back(unit_kind(unit));
  return kinds;
}

// Work of the binding units that the bound does not count.
constexpr const char* kMoreFeeds = "mxu feeds padding and what is masked";
constexpr const char* kMoreBytes = "operands move more than once, or in part of a burst";

struct Binding {
  const Measurements& measured;
  const std::vector<std::string>& kinds;
  double hbm_rate = 0;
};

// Where the cycles of the units that bind the op went, beside the work that its bound counts.
// MXUs, VPUs and XLUs: of all of them, so that those which did nothing count, too. DMA engines: of
// those that work for the op.
std::vector<LostCycles> losses_of(const Binding& binding, const std::vector<const UnitTime*>& times,
                                  const OpResult& op) {
  Stalls stalls;
  const std::string_view kind = units_of(op.bound_by);
  std::set<std::int32_t> serving;  // units of that kind that worked for the op
  Cycles busy = 0;
  for (const UnitTime* time : times) {
    if (binding.kinds[static_cast<std::size_t>(time->unit)] != kind) continue;
    stalls.seen += time->cycles;
    if (is_binding_work(op.bound_by, time->reason)) {
      serving.insert(time->unit);
      busy += time->cycles;
      continue;
    }
    const auto from = static_cast<std::size_t>(time->signaller);
    stalls.add(time->reason, time->signaller < 0 ? "" : binding.measured.units.at(from),
               time->cycles);
  }
  const auto served = static_cast<Cycles>(serving.size());
  const auto all = op.bound_by == Resource::kHbm
                       ? std::max<Cycles>(1, served)
                       : std::count(binding.kinds.begin(), binding.kinds.end(), kind);
  const Cycles unseen = op.cycles * served - stalls.seen;
  if (unseen > 0) stalls.add(Reason::kNoInstruction, "", unseen);
  std::vector<LostCycles> losses;
  const auto lose = [&](const std::string& words, Cycles cycles) {
    if (cycles > 0) losses.push_back({words, cycles});
  };
  for (const auto& [cause, cycles] : stalls.by_cause) lose(words(op.bound_by, cause), cycles / all);
  if (op.bound_by == Resource::kMxu) {
    lose(kMoreFeeds, busy / all - op.bound_cycles);
    lose(fmt::format("{} of {} {}s have no part of it", all - served, all, kind),
         op.cycles * (all - served) / all);
  } else if (op.bound_by == Resource::kHbm) {
    const auto more = static_cast<double>(op.hbm_bytes - op.compulsory_bytes) / binding.hbm_rate;
    lose(kMoreBytes, static_cast<Cycles>(more));
  }
  std::stable_sort(losses.begin(), losses.end(),
                   [](const LostCycles& a, const LostCycles& b) { return a.cycles > b.cycles; });
  return losses;
}

std::string held_by(const OpResult& op) {
  if (op.overlapped()) return "runs under its neighbours";
  if (op.lost() == 0) return "nothing";
  if (op.losses.empty()) {
    return fmt::format("more {} work than its bound counts", units_of(op.bound_by));
  }
  return op.losses.front().words;
}

}  // namespace

double mxu_demand(const ChipSpec& chip, const SourceOp& op) {
  if (op.macs == 0) return 0;
  const std::int64_t peak = peak_macs_per_cycle(chip, op.type);
  if (peak == 0) {
    bad_input(fmt::format("op '{}'", op.name),
              fmt::format("{} MACs of type {}", op.macs, name_of(op.type)),
              fmt::format("a type that the MXU of {} takes", chip.name));
  }
  return static_cast<double>(op.macs) / static_cast<double>(peak);
}

double busy_cycles(const Measurements& measured, std::string_view kind) {
  Cycles sum = 0;
  for (const UnitTime& time : measured.unit_times) {
    if (time.reason != Reason::kBusy) continue;
    if (unit_kind(measured.units.at(static_cast<std::size_t>(time.unit))) == kind) {
      sum += time.cycles;
    }
  }
  return static_cast<double>(sum);
}

std::vector<OpResult> op_results(const ChipSpec& chip, const Program& program,
                                 const Measurements& measured, double hbm_rate) {
  const std::vector<std::string> kinds = kinds_of(measured);
  std::vector<std::vector<const UnitTime*>> times(program.ops.size());
  std::vector<OpTimes> busy(program.ops.size());
  for (const UnitTime& time : measured.unit_times) {
    if (time.op < 0) continue;
    times.at(static_cast<std::size_t>(time.op)).push_back(&time);
    if (time.reason != Reason::kBusy) continue;
    const std::string& kind = kinds.at(static_cast<std::size_t>(time.unit));
    OpTimes& op = busy[static_cast<std::size_t>(time.op)];
    if (kind == "vpu") op.vpu_busy += static_cast<double>(time.cycles);
    if (kind == "xlu") op.xlu_busy += static_cast<double>(time.cycles);
  }
  const auto cores = static_cast<double>(program.streams.size());
  std::vector<OpResult> results;
  for (std::size_t k = 0; k < program.ops.size(); ++k) {
    const SourceOp& op = program.ops[k];
    OpResult result;
    result.name = op.name;
    result.kind = op.kind;
    result.count = op.count;
    result.cycles = measured.op_cycles.at(k);
    result.macs = op.macs;
    result.compulsory_bytes = op.read_bytes + op.write_bytes;
    const ActionTotals& actions = measured.op_actions.at(k);
    result.hbm_bytes = actions[static_cast<std::size_t>(ActionId::kHbmReadBytes)] +
                       actions[static_cast<std::size_t>(ActionId::kHbmWriteBytes)];
    Demand demand;
    demand.mxu = mxu_demand(chip, op) / cores;
    demand.hbm = static_cast<double>(result.compulsory_bytes) / hbm_rate;
    demand.vpu = busy[k].vpu_busy / cores;
    if (chip.xlu.count > 0) {
      demand.xlu = busy[k].xlu_busy / (cores * static_cast<double>(chip.xlu.count));
    }
    result.bound_cycles = static_cast<Cycles>(std::ceil(demand.largest()));
    result.bound_by = demand.binding();
    if (result.cycles > 0) {
      result.mxu_utilization = std::min(1.0, demand.mxu / static_cast<double>(result.cycles));
    }
    if (result.lost() > 0) result.losses = losses_of({measured, kinds, hbm_rate}, times[k], result);
    result.held_by = held_by(result);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace systole
