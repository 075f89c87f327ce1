// SPDX-License-Identifier: Apache-2.0
#include "sim/report/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "isa/error.hpp"
#include "sim/observe/unit_times.hpp"
#include "sim/report/op_result.hpp"

namespace systole {
namespace {

std::int64_t checked_sum(std::int64_t a, std::int64_t b, std::string_view what) {
  std::int64_t sum = 0;
  if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum) || sum > (std::int64_t{1} << 61)) {
    bad_input("the program's ops", fmt::format("{} of {} and {}", what, a, b),
              "whole numbers from 0, below 2^61 in total");
  }
  return sum;
}

void check_totals(const Program& program) {
  std::int64_t macs = 0;
  Bytes bytes = 0;
  for (const SourceOp& op : program.ops) {
    macs = checked_sum(macs, op.macs, "MACs");
    bytes = checked_sum(bytes, op.read_bytes, "bytes");
    bytes = checked_sum(bytes, op.write_bytes, "bytes");
    bytes = checked_sum(bytes, op.kept_bytes, "bytes");
  }
}

std::vector<UnitResult> unit_results(const Measurements& measured) {
  std::vector<ReasonCycles> reasons = reasons_by_unit(measured.unit_times, measured.units);
  std::vector<UnitResult> results;
  for (std::size_t u = 0; u < reasons.size(); ++u) {
    UnitResult result{measured.units[u], std::move(reasons[u])};
    if (u < measured.array_cycles.size()) result.array_cycles = measured.array_cycles[u];
    Cycles total = 0;
    for (const auto& [reason, cycles] : result.reasons) total += cycles;
    if (total != measured.cycles) {
      throw std::logic_error(fmt::format("the reasons of {} add up to {} of {} cycles",
                                         measured.units[u], total, measured.cycles));
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::int64_t count_of(const Measurements& measured, ActionId id) {
  return measured.actions[static_cast<std::size_t>(id)];
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

void add_totals(const Measurements& measured, double hbm_rate, RunResult& result) {
  const ChipSpec& spec = result.chip.spec;
  const auto cycles = static_cast<double>(result.cycles);
  result.hbm_read = count_of(measured, ActionId::kHbmReadBytes);
  result.hbm_written = count_of(measured, ActionId::kHbmWriteBytes);
  const auto moved = static_cast<double>(result.hbm_read) + static_cast<double>(result.hbm_written);
  result.demand.hbm = moved / hbm_rate;
  result.cmem_read = count_of(measured, ActionId::kCmemReadBytes);
  result.cmem_written = count_of(measured, ActionId::kCmemWriteBytes);
  const auto cores = static_cast<double>(result.cores_used);
  result.demand.vpu = busy_cycles(measured, "vpu") / cores;
  result.demand.xlu = spec.xlu.count > 0 ? busy_cycles(measured, "xlu") /
                                               (cores * static_cast<double>(spec.xlu.count))
                                         : 0;
  result.mxu_utilization = share(result.demand.mxu, cycles);
  const auto shares = static_cast<double>(hbm_shares(spec, result.cores_used));
  result.hbm_utilization = share(moved, shares * hbm_bytes_per_cycle(spec) * cycles);
  result.vpu_utilization = share(result.demand.vpu, cycles);
  const bool explained = result.demand.largest() >= kBoundShare * cycles;
  result.bound_by = explained ? result.demand.binding() : Resource::kLatency;
}

// Cycles of instructions that serve no op, as in a program without a source map, are an entry of
// their own: the ops' cycles always add up to the run.
void add_unattributed(const Measurements& measured, Cycles charged, RunResult& result) {
  if (charged > measured.cycles) {
    throw std::logic_error(
        fmt::format("the ops are charged {} of {} cycles", charged, measured.cycles));
  }
  if (charged == measured.cycles) return;
  OpResult none;
  none.name = "(none)";
  none.kind = "none";
  none.cycles = measured.cycles - charged;
  none.hbm_bytes = result.hbm_read + result.hbm_written;
  for (const OpResult& op : result.ops) none.hbm_bytes -= op.hbm_bytes;
  none.held_by = "not part of an op";
  result.ops.push_back(std::move(none));
}

void add_energy(const Measurements& measured, const EnergyTable& energy, RunResult& result) {
  const std::vector<std::int64_t> counts(measured.actions.begin(), measured.actions.end());
  result.energy_j = energy_joules(energy, counts, result.seconds);
  double total = 0;
  for (const auto& [component, joules] : result.energy_j) total += joules;
  result.energy_j.emplace_back("total", total);
  result.power_w = share(total, result.seconds);
}

}  // namespace

RunResult make_result(const Chip& chip, const Program& program, const Measurements& measured,
                      const EnergyTable& energy, double hbm_rate) {
  check_totals(program);
  RunResult result;
  result.chip = chip;
  result.workload = program.workload;
  result.tokens = program.tokens;
  result.cores_used = static_cast<std::int64_t>(program.streams.size());
  result.cycles = measured.cycles;
  result.seconds = static_cast<double>(measured.cycles) / static_cast<double>(chip.spec.clock);
  result.units = unit_results(measured);
  result.balance = balance_of(result.units);
  result.hbm_commands = measured.hbm_commands;
  result.ops = op_results(chip.spec, program, measured, hbm_rate);
  Cycles charged = 0;
  for (std::size_t k = 0; k < program.ops.size(); ++k) {
    const SourceOp& op = program.ops[k];
    result.macs += op.macs;
    result.demand.mxu += mxu_demand(chip.spec, op) / static_cast<double>(result.cores_used);
    charged += result.ops[k].cycles;
  }
  add_totals(measured, hbm_rate, result);
  add_unattributed(measured, charged, result);
  add_energy(measured, energy, result);
  return result;
}

}  // namespace systole
