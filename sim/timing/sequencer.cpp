// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/sequencer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sim/timing/kernel_time.hpp"
#include "sim/timing/unit_index.hpp"

namespace systole {

QueuedUnit& UnitQueues::at(UnitId unit) const {
  const auto number = static_cast<std::size_t>(unit.number);
  switch (unit.kind) {
    case UnitKind::kDma: return *dma.at(number);
    case UnitKind::kMxu: return *mxu.at(number);
    case UnitKind::kVpu: return *vpu.at(number);
    case UnitKind::kXlu: return *xlu.at(number);
    case UnitKind::kSequencer: break;
  }
  throw std::logic_error("the sequencer has no queue");
}

Sequencer::Sequencer(const sc_core::sc_module_name& name, const CoreSite& site,
                     const Stream& stream, const UnitQueues& queues, Cycles limit)
    : sc_module(name),
      core_(site.core),
      chip_(site.chip),
      interval_(site.chip.core.issue_interval),
      limit_(limit),
      queues_(queues),
      probe_(site.probe),
      timeline_(site.probe, unit_index(site.chip, {UnitKind::kSequencer, 0}, site.core), true),
      walker_(stream, site.tables) {
  SC_METHOD(issue);
  sensitive << place_;
}

void Sequencer::issue() {
  if (held_ && !enqueue()) return;
  while (!halted_ && at_ <= limit_) {
    const StreamWalker::Step step = walker_.step();
    fetched(walker_.instruction().op);
    switch (step) {
      case StreamWalker::Step::kInstruction:
        held_ = true;
        if (!enqueue()) return;
        break;
      case StreamWalker::Step::kHalt:
        halted_ = true;
        probe_.completion({.sequence = sequence_, .end = at_, .core = core_});
        break;
      case StreamWalker::Step::kSkipped:
      case StreamWalker::Step::kControl: break;
    }
  }
}

void Sequencer::fetched(std::int32_t op) {
  if (op != fetch_op_) {
    probe_.action(ActionId::kIssue, std::exchange(fetch_op_, op), std::exchange(fetches_, 0),
                  std::exchange(fetched_from_, at_), at_);
  }
  at_ += interval_;
  timeline_.spend(Reason::kBusy, at_, op);
  ++fetches_;
}

// The walker's instruction goes to its queue at the end of its issue interval, or when a place
// becomes free after that.
bool Sequencer::enqueue() {
  const Instruction& instruction = walker_.instruction();
  QueuedUnit& unit = queues_.at(instruction.unit);
  if (unit.full()) {
    unit.await_place(place_);
    return false;
  }
  held_ = false;
  at_ = std::max(at_, now_cycles());
  timeline_.spend(Reason::kQueueFull, at_, instruction.op);
  unit.push({&instruction, walker_.position(), sequence_++, at_, walker_.indices()});
  return true;
}

std::string Sequencer::stuck(const std::vector<std::string>& unit_names) const {
  if (!held_) return {};
  const Instruction& instruction = walker_.instruction();
  return fmt::format(
      "{} instruction {} ({}) finds the queue of {} full",
      unit_names[static_cast<std::size_t>(timeline_.unit())], walker_.position(),
      name_of(instruction.body),
      unit_names[static_cast<std::size_t>(unit_index(chip_, instruction.unit, core_))]);
}

void Sequencer::finish(Cycles end) {
  probe_.action(ActionId::kIssue, fetch_op_, std::exchange(fetches_, 0), fetched_from_, at_);
  timeline_.spend(Reason::kHalted, end, -1);
  timeline_.flush();
}

}  // namespace systole
