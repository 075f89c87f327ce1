// SPDX-License-Identifier: Apache-2.0
#include "sim/report/chrome_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/report/trace_counters.hpp"

namespace systole {
namespace {

constexpr std::string_view kSequencer = ".sequencer";
constexpr std::string_view kMemory = "hbm";
constexpr std::string_view kCmem = "cmem";
constexpr std::string_view kChip = "chip";
constexpr int kFirstThread = 10;  // above the numbers of processes: a thread of its process's
                                  // number would be drawn as its main thread

// "matmul", "vector gelu", "reduce max".
std::string instruction_name(const Body& body) {
  std::string name{name_of(body)};
  if (const auto* vector = std::get_if<Vector>(&body)) {
    name += " " + std::string{row_of(vector->op).name};
  } else if (const auto* reduce = std::get_if<Reduce>(&body)) {
    name += " " + std::string{kReduceOps[static_cast<std::size_t>(reduce->op)].name};
  }
  return name;
}

}  // namespace

ChromeTrace::ChromeTrace(GzipFile& file, const ChipSpec& chip, const Program& program,
                         const EnergyTable& energy, const std::vector<std::string>& units)
    : chip_(chip), program_(program), energy_(energy), time_(chip.clock), writer_(file, time_) {
  for (const SourceOp& op : program.ops) {
    ops_.push_back(json_escaped(op.name));
    locations_.push_back(json_escaped(op.location));
  }
  for (const Semaphore& semaphore : program.semaphores) {
    semaphores_.push_back(json_escaped(semaphore.name));
  }
  for (const std::string& name : units) add_unit(name);
  processes_.emplace_back(kChip);
  writer_.name_process(static_cast<int>(processes_.size()), kChip);
}

// "core0.mxu1" is thread mxu1 of process core0. Processes are numbered from 1 in the order in which
// they come.
void ChromeTrace::add_unit(const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string process = name.substr(0, dot);
  const auto found = std::find(processes_.begin(), processes_.end(), process);
  const int number = static_cast<int>(found - processes_.begin()) + 1;
  if (found == processes_.end()) {
    processes_.push_back(process);
    writer_.name_process(number, process);
  }
  Unit unit;
  unit.name = json_escaped(name);
  if (process == kMemory) unit.kind = Kind::kChannel;
  if (process == kCmem) unit.kind = Kind::kCmemPort;
  if (name.substr(dot) == kSequencer) unit.kind = Kind::kSequencer;
  const int thread = kFirstThread + 2 * static_cast<int>(units_.size());
  unit.track = {number, thread};
  writer_.name_track(unit.track, name.substr(dot + 1), thread);
  units_.push_back(std::move(unit));
}

TraceWriter::Track ChromeTrace::track_of(std::int32_t unit, bool beside) {
  Unit& of = units_.at(static_cast<std::size_t>(unit));
  if (!beside) return of.track;
  const TraceWriter::Track track{of.track.process, of.track.thread + 1};
  if (!std::exchange(of.has_beside, true)) {
    writer_.name_track(track, of.name.substr(of.name.find('.') + 1) + " weights", track.thread);
  }
  return track;
}

std::string ChromeTrace::slice_name(std::int32_t op, std::string_view what) const {
  std::string name;
  if (op >= 0) name.append(ops_.at(static_cast<std::size_t>(op))).append(" ");
  return name.append(what);
}

void ChromeTrace::on(const Interval& interval) {
  const Kind kind = units_.at(static_cast<std::size_t>(interval.unit)).kind;
  if (kind != Kind::kCmemPort) bins_.on(interval);  // CMEM's bytes are told as actions
  switch (kind) {
    case Kind::kSequencer: issue(interval); break;
    case Kind::kChannel: channel_moved(interval, kMemory); break;
    case Kind::kCmemPort: channel_moved(interval, kCmem); break;
    case Kind::kQueue: break;  // its completions say more
  }
}

void ChromeTrace::issue(const Interval& interval) {
  const Cycles cycles = interval.end - interval.begin;
  const bool halted = interval.reason == Reason::kHalted;
  Unit& unit = units_[static_cast<std::size_t>(interval.unit)];
  Issue& issue = unit.issue;
  if (halted || interval.op != issue.op) {
    end_issue(unit);
    issue = {interval.op, interval.begin, interval.begin, 0, 0};
  }
  if (halted) return;
  issue.end = interval.end;
  (interval.reason == Reason::kBusy ? issue.busy : issue.queue_full) += cycles;
}

void ChromeTrace::end_issue(const Unit& sequencer) {
  const Issue& issue = sequencer.issue;
  if (issue.end == issue.begin) return;
  writer_.slice(sequencer.track, "issue", slice_name(issue.op, "issue"), issue.begin, issue.end,
                fmt::format(R"("busy":{},"queue_full":{})", issue.busy, issue.queue_full));
}

void ChromeTrace::channel_moved(const Interval& interval, std::string_view memory) {
  if (interval.reason != Reason::kBusy) return;
  std::string args = R"("bytes":)";
  append_number(args, interval.bytes);
  if (interval.other_bytes > 0) {
    args += interval.write ? R"(,"read_bytes":)" : R"(,"written_bytes":)";
    append_number(args, interval.other_bytes);
  }
  writer_.slice(track_of(interval.unit, false), memory,
                slice_name(interval.op, interval.write ? "write" : "read"), interval.begin,
                interval.end, args);
}

void ChromeTrace::on(const Completion& completion) {
  if (completion.unit < 0) return;  // halt
  const bool works = completion.free > completion.begin;
  const bool waits = completion.wait.semaphore >= 0;
  if (!works && !waits) return;
  const Stream& stream = program_.streams.at(static_cast<std::size_t>(completion.core));
  const std::string instruction =
      instruction_name(stream.at(static_cast<std::size_t>(completion.position)).body);
  std::string args;
  if (completion.op >= 0) {
    const std::string& op = ops_.at(static_cast<std::size_t>(completion.op));
    args.append(R"("op":")").append(op).append(R"(",)");
    const std::string& at = locations_.at(static_cast<std::size_t>(completion.op));
    if (!at.empty()) args.append(R"("at":")").append(at).append(R"(",)");
  }
  args.append(R"("instruction":")").append(instruction).append(R"(","index":)");
  append_number(args, completion.position);
  args.append(R"(,"completion":)");
  append_number(args, completion.end);
  if (waits) waited(completion, args);
  if (works) {
    writer_.slice(track_of(completion.unit, completion.beside), "instruction",
                  slice_name(completion.op, instruction), completion.begin, completion.free, args);
  }
  if (waits) signalled(completion);
}

void ChromeTrace::waited(const Completion& completion, const std::string& args) {
  const Wait& wait = completion.wait;
  const std::string& semaphore = semaphores_.at(static_cast<std::size_t>(wait.semaphore));
  writer_.slice(track_of(completion.unit, false), "wait", "wait " + semaphore, wait.begin, wait.end,
                args);
}

// From the end of the signalling slice to the start of the instruction, or to the end of the wait
// of one that does no work. Ends are a nanosecond early, so that Perfetto finds them in the slice.
void ChromeTrace::signalled(const Completion& completion) {
  const Wait& wait = completion.wait;
  const Mark& signal = wait.signal;
  if (signal.unit < 0) return;
  const Cycles early = time_.nanosecond();
  const Cycles from = std::max(signal.begin, signal.end - early);
  const bool works = completion.free > completion.begin;
  const Cycles to = works ? completion.begin : std::max({wait.begin, wait.end - early, from});
  // Each core counts its instructions from 0.
  const std::int64_t flow = completion.sequence * std::ssize(program_.streams) + completion.core;
  writer_.flow(flow, semaphores_.at(static_cast<std::size_t>(wait.semaphore)),
               {track_of(signal.unit, signal.beside), from},
               {track_of(completion.unit, works && completion.beside), to});
}

void ChromeTrace::finish(Cycles cycles) {
  for (Unit& unit : units_) {
    end_issue(unit);
    unit.issue = {};
  }
  bins_.cover(cycles);
  const auto memory = std::find(processes_.begin(), processes_.end(), kMemory);
  const CounterProcesses processes{static_cast<int>(memory - processes_.begin()) + 1,
                                   static_cast<int>(processes_.size())};
  write_counters(writer_, processes, chip_, energy_, bins_, cycles);
  writer_.close({{"schema", "systole.trace/1"},
                 {"workload", program_.workload},
                 {"chip", chip_.name},
                 {"clock_hz", chip_.clock},
                 {"cycles", cycles},
                 {"counter_cycles", bins_.width()}});
}

}  // namespace systole
