// SPDX-License-Identifier: Apache-2.0
// A run as a Chrome trace: a track per unit, slices for instructions and waits, flows for signals,
// counters for bandwidth and power. docs/trace.md says what is on it. Written while the run goes
// on: memory does not grow with the run.
#pragma once

#include <string>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/energy/energy.hpp"
#include "sim/observe/action_bins.hpp"
#include "sim/report/trace_writer.hpp"

namespace systole {

class ChromeTrace : public Listener {
 public:
  // `units` as the simulation names them. All but `units` must outlive it.
  ChromeTrace(GzipFile& file, const ChipSpec& chip, const Program& program,
              const EnergyTable& energy, const std::vector<std::string>& units);

  void on(const Interval& interval) override;
  void on(const Action& action) override { bins_.on(action); }
  void on(const Completion& completion) override;

  // After the run: counters, and what the trace says about itself. Throws std::logic_error where
  // something was done after `cycles`, the run's end.
  void finish(Cycles cycles);

 private:
  enum class Kind : std::uint8_t { kSequencer, kQueue, kChannel, kCmemPort };
  // Time of a sequencer on the instructions of one op.
  struct Issue {
    std::int32_t op = -1;
    Cycles begin = 0;
    Cycles end = 0;
    Cycles busy = 0;
    Cycles queue_full = 0;
  };
  struct Unit {
    Kind kind = Kind::kQueue;
    std::string name;  // escaped
    TraceWriter::Track track;
    bool has_beside = false;  // its second track is named
    Issue issue{};            // of a sequencer
  };

  void add_unit(const std::string& name);
  TraceWriter::Track track_of(std::int32_t unit, bool beside);
  std::string slice_name(std::int32_t op, std::string_view what) const;
  void issue(const Interval& interval);
  void end_issue(const Unit& sequencer);
  void channel_moved(const Interval& interval, std::string_view memory);
  void waited(const Completion& completion, const std::string& args);
  void signalled(const Completion& completion);

  const ChipSpec& chip_;
  const Program& program_;
  const EnergyTable& energy_;
  TraceTime time_;
  TraceWriter writer_;
  ActionBins bins_;
  std::vector<Unit> units_;
  std::vector<std::string> processes_;
  std::vector<std::string> ops_;         // names, escaped
  std::vector<std::string> locations_;   // of the ops, escaped
  std::vector<std::string> semaphores_;  // names, escaped
};

}  // namespace systole
