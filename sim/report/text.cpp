// SPDX-License-Identifier: Apache-2.0
#include "sim/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/report/format.hpp"
#include "sim/report/resource.hpp"

namespace systole {
namespace {

using Table = std::vector<std::vector<std::string>>;

bool commands(const RunResult& result) { return result.memory == "command"; }

std::string experts_text(const ScenarioResult::Experts& experts) {
  std::string text = experts.file.empty() ? fmt::format("experts drawn with seed {}", experts.seed)
                                          : "experts from " + experts.file;
  if (experts.imbalance != 1) text += fmt::format(" and imbalance {}", experts.imbalance);
  if (experts.capacity != 0) text += fmt::format(", capacity {}", experts.capacity);
  return text;
}

std::string title(const RunResult& result) {
  const ChipSpec& spec = result.chip.spec;
  std::string text = result.workload.empty() ? "(unnamed workload)" : result.workload;
  const ScenarioResult& s = result.scenario;
  std::string details;
  const auto add = [&](const std::string& detail) {
    details += (details.empty() ? "" : ", ") + detail;
  };
  if (!s.phase.empty()) add(s.phase);
  if (s.batch > 0) add(fmt::format("batch {}", s.batch));
  if (s.seq > 0) add(fmt::format("sequence {}", s.seq));
  if (s.context > 0) add(fmt::format("context {}", s.context));
  if (!s.dtype.empty())
    add(s.weights.empty() ? s.dtype : s.weights + " weights, " + s.dtype + " activations");
  if (s.layers) {
    add(fmt::format("layers {}:{} of {}", s.layers->first, s.layers->end, s.layers->all));
  }
  if (s.experts) add(experts_text(*s.experts));
  // A compiled program knows no more of its scenario.
  if (details.empty() && result.tokens > 0) add(grouped(result.tokens) + " tokens");
  if (!details.empty()) text += " (" + details + ")";
  return fmt::format("{} on {}, {} of {} core{}{}\n", text, spec.name, result.cores_used,
                     spec.core.count, spec.core.count == 1 ? "" : "s",
                     commands(result) ? ", memory at command level" : "");
}

// What does not fit the chip, and was run all the same.
std::string capacity_text(const RunResult& result) {
  if (!result.shortage) return {};
  const ShortageResult& shortage = *result.shortage;
  return fmt::format(
      "--ignore-capacity: {} bytes of tensors, {} in the HBM that a core of {} reaches; they take "
      "the HBM of {} chip{}\n",
      grouped(shortage.needed), grouped(shortage.reached), result.chip.spec.name, shortage.chips,
      shortage.chips == 1 ? "" : "s");
}

std::string how_long(const RunResult& result) {
  std::string text =
      fmt::format("{} cycles, {} at {}", grouped(result.cycles), with_prefix(result.seconds, "s"),
                  with_prefix(static_cast<double>(result.chip.spec.clock), "Hz"));
  if (result.tokens > 0 && result.seconds > 0) {
    text += fmt::format("; {} token{}, {} tokens/s", grouped(result.tokens),
                        result.tokens == 1 ? "" : "s",
                        with_groups(static_cast<double>(result.tokens) / result.seconds));
  }
  return text;
}

std::string how_busy(const RunResult& result) {
  const double rate =
      result.seconds > 0 ? 2 * static_cast<double>(result.macs) / result.seconds : 0;
  return fmt::format("MXU {} and HBM {} of their peaks, VPU {} busy; {} useful MACs, {}",
                     percent(result.mxu_utilization), percent(result.hbm_utilization),
                     percent(result.vpu_utilization), grouped(result.macs),
                     with_prefix(rate, "FLOP/s"));
}

std::string what_bound_it(const RunResult& result) {
  const double largest = result.demand.largest();
  const double cycles = static_cast<double>(std::max<Cycles>(result.cycles, 1));
  if (largest <= 0) return "latency: no unit is needed";
  if (result.bound_by == Resource::kLatency) {
    return fmt::format("latency: no unit is needed for more than {} of the time (most: {})",
                       percent(largest / cycles), name_of(result.demand.binding()));
  }
  const bool pins = result.bound_by == Resource::kHbm && commands(result);
  return fmt::format(
      "{}: {} take {} cycles, {} of the run", name_of(result.bound_by),
      pins ? kHbmPinsDemand : kResources[static_cast<std::size_t>(result.bound_by)].demand,
      grouped(static_cast<std::int64_t>(largest)), percent(largest / cycles));
}

// Of several cores: one core's units are listed side by side.
std::string how_even(const RunResult& result) {
  const Balance& balance = result.balance;
  if (result.cores_used == 1 || !balance.of_cores) return {};
  std::string text = fmt::format(
      "\nHow even       the least busy core works for {} of the cycles "
      "of the busiest",
      percent(*balance.of_cores));
  if (balance.of_mxus)
    text += fmt::format(", the least busy MXU for {}", percent(*balance.of_mxus));
  return text;
}

// HBM's pseudo-channels are many and alike: one line for their sum. So are CMEM's ports, whose line
// is left out where nothing uses them.
struct UnitLine {
  std::string name;
  std::int64_t units = 0;
  std::map<std::string, Cycles> reasons;
};

std::vector<UnitLine> unit_lines(const RunResult& result) {
  std::vector<UnitLine> lines;
  for (const UnitResult& unit : result.units) {
    const std::string kind = unit_kind(unit.name);
    const bool memory = kind == "hbm" || kind == "cmem";
    if (kind == "cmem" && result.cmem_read + result.cmem_written == 0) continue;
    if (!memory || lines.empty() || lines.back().name != kind) {
      lines.push_back({memory ? kind : unit.name, 0, {}});
    }
    ++lines.back().units;
    for (const auto& [reason, cycles] : unit.reasons) lines.back().reasons[reason] += cycles;
  }
  return lines;
}

std::string where_cycles_went(const RunResult& result) {
  std::string text;
  std::size_t width = 0;
  const std::vector<UnitLine> lines = unit_lines(result);
  for (const UnitLine& line : lines) width = std::max(width, line.name.size());
  for (const UnitLine& line : lines) {
    std::vector<std::pair<std::string, Cycles>> order(line.reasons.begin(), line.reasons.end());
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<std::int64_t> cycles;
    for (const auto& entry : order) cycles.push_back(entry.second);
    const std::vector<std::int64_t> tenths = tenths_of_percent(cycles);
    std::string reasons;
    for (std::size_t k = 0; k < order.size() && tenths[k] > 0; ++k) {
      reasons += fmt::format("{}{} {}.{} %", k == 0 ? "" : ", ", order[k].first, tenths[k] / 10,
                             tenths[k] % 10);
    }
    if (line.name == "hbm") {
      reasons += fmt::format(
          " ({} pseudo-channel{}; busy {})", line.units, line.units == 1 ? "" : "s",
          commands(result) ? "with data alone" : "with overheads: activations, refresh");
    }
    if (line.name == "cmem") {
      reasons += fmt::format(" ({} port{})", line.units, line.units == 1 ? "" : "s");
    }
    text += fmt::format("  {:<{}}  {}\n", line.name, width, reasons);
  }
  return text;
}

std::string bytes_and_joules(const RunResult& result) {
  std::string text = fmt::format("  HBM     {} read, {} written\n",
                                 bytes_text(static_cast<double>(result.hbm_read)),
                                 bytes_text(static_cast<double>(result.hbm_written)));
  if (result.cmem_read + result.cmem_written > 0) {
    text += fmt::format("  CMEM    {} read, {} written\n",
                        bytes_text(static_cast<double>(result.cmem_read)),
                        bytes_text(static_cast<double>(result.cmem_written)));
  }
  std::string parts;
  double total = 0;
  for (const auto& [component, joules] : result.energy_j) {
    if (component == "total") {
      total = joules;
    } else if (joules > 0) {
      parts +=
          fmt::format("{}{} {}", parts.empty() ? "" : ", ", component, with_prefix(joules, "J"));
    }
  }
  text += fmt::format("  energy  {}: {}\n", with_prefix(total, "J"), parts);
  text += fmt::format("  power   {}\n", with_prefix(result.power_w, "W"));
  return text;
}

std::string gpus(const RunResult& result) {
  if (result.baselines.empty()) return {};
  double total = 0;
  for (const auto& [component, joules] : result.energy_j) {
    if (component == "total") total = joules;
  }
  Table table{{"", "kind", "time", "time ratio", "energy", "energy ratio"}};
  table.push_back({result.chip.spec.name, "simulated", with_prefix(result.seconds, "s"),
                   with_groups(1), with_prefix(total, "J"), with_groups(1)});
  std::string figures;
  std::vector<std::string> sources;
  for (const BaselineResult& b : result.baselines) {
    table.push_back({b.gpu, b.kind, with_prefix(b.time_us * 1e-6, "s"),
                     result.seconds > 0 ? with_groups(b.time_us * 1e-6 / result.seconds) : "-",
                     with_prefix(b.energy_j, "J"),
                     total > 0 ? with_groups(b.energy_j / total) : "-"});
    if (!b.figures.empty()) figures += fmt::format("  {}: {}\n", b.gpu, b.figures);
    for (const std::string& source : b.sources) {
      if (std::find(sources.begin(), sources.end(), source) == sources.end()) {
        sources.push_back(source);
      }
    }
  }
  std::string text = "\nThe same ops on GPUs\n" + table_text(table, {1}, "  ") + figures;
  if (!figures.empty()) {
    text += "  rated: roofline per op at 100 % of these figures; energy = time x TDP\n";
  }
  for (const std::string& source : sources) text += "  source: " + source + "\n";
  return text;
}

std::string op_table(const RunResult& result) {
  if (result.ops.empty()) return {};
  std::vector<const OpResult*> order;
  for (const OpResult& op : result.ops) order.push_back(&op);
  std::stable_sort(order.begin(), order.end(),
                   [](const OpResult* a, const OpResult* b) { return a->lost() > b->lost(); });
  Table table{{"op", "kind", "times", "cycles", "bound", "by", "lost", "MXU", "HBM bytes",
               "what kept it from its bound"}};
  for (const OpResult* op : order) {
    table.push_back({op->name, op->kind, grouped(op->count), grouped(op->cycles),
                     grouped(op->bound_cycles), std::string{name_of(op->bound_by)},
                     grouped(op->lost()), op->overlapped() ? "-" : percent(op->mxu_utilization),
                     grouped(op->hbm_bytes), op->held_by});
  }
  return "\nOps by cycles lost against their bounds\n" + table_text(table, {1, 5, 9}, "  ");
}

std::string values(const RunResult& result) {
  std::string text;
  if (!result.outputs.empty()) {
    Table table;
    for (const OutputResult& o : result.outputs) {
      table.push_back({o.name, fmt::format("{}[{}, {}]", name_of(o.type), o.rows, o.cols),
                       "digest " + o.digest});
    }
    text += "\nOutputs\n" + table_text(table, {1, 2}, "  ");
  }
  if (result.check) {
    text += fmt::format("\nCheck {}: {}\n", result.check->passed ? "passed" : "failed",
                        result.check->message);
  }
  return text;
}

std::string csv_field(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string report_text(const RunResult& result) {
  std::string text = title(result) + capacity_text(result);
  text += "\nHow long       " + how_long(result);
  text += "\nHow busy       " + how_busy(result);
  text += how_even(result);
  text += "\nWhat bound it  " + what_bound_it(result);
  text += fmt::format("\n\nWhere the cycles went (of {} each)\n", grouped(result.cycles));
  text += where_cycles_went(result);
  text += "\nBytes and joules\n" + bytes_and_joules(result);
  text += gpus(result);
  text += op_table(result);
  text += values(result);
  return text;
}

std::string ops_csv(const RunResult& result) {
  std::string text =
      "name,kind,count,cycles,macs,hbm_bytes,compulsory_bytes,mxu_utilization,bound_cycles,"
      "bound_by,lost_cycles,held_by\n";
  for (const OpResult& op : result.ops) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(op.name),
                        csv_field(op.kind), op.count, op.cycles, op.macs, op.hbm_bytes,
                        op.compulsory_bytes, op.mxu_utilization, op.bound_cycles,
                        name_of(op.bound_by), op.lost(), csv_field(op.held_by));
  }
  return text;
}

}  // namespace systole
