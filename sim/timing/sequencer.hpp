// SPDX-License-Identifier: Apache-2.0
// Walks a core's instruction stream, one instruction per issue interval (skipped ones, loops, ends
// and halt included), and puts each into its unit's queue. A full queue holds the stream.
//
// It computes arrival times ahead of the kernel's time and is activated only when a queue was
// full: places only become free as time passes, so what is not full now is not full then.
#pragma once

#include <limits>
#include <string>
#include <systemc>
#include <vector>

#include "isa/walker.hpp"
#include "sim/timing/queued_unit.hpp"

namespace systole {

// The units of a core, by kind and number.
struct UnitQueues {
  std::vector<QueuedUnit*> dma, mxu, vpu, xlu;
  QueuedUnit& at(UnitId unit) const;
};

class Sequencer : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Sequencer);
  // Stops fetching beyond cycle `limit`.
  Sequencer(const sc_core::sc_module_name& name, const CoreSite& site, const Stream& stream,
            const UnitQueues& queues, Cycles limit);

  bool halted() const { return halted_; }
  Cycles at() const { return at_; }  // halted: when
  // Which instruction cannot leave, and whose queue is full; empty where it has halted.
  std::string stuck(const std::vector<std::string>& unit_names) const;
  void finish(Cycles end);

 private:
  void issue();  // the process
  bool enqueue();
  void fetched(std::int32_t op);

  const std::int32_t core_;
  const ChipSpec& chip_;
  const Cycles interval_;
  const Cycles limit_;
  const UnitQueues& queues_;
  const Probe& probe_;
  Timeline timeline_;
  StreamWalker walker_;
  sc_core::sc_event place_{"place"};

  Cycles at_ = 0;      // end of the last instruction's issue interval
  bool held_ = false;  // the walker's instruction waits for a place
  bool halted_ = false;
  std::int64_t sequence_ = 0;  // instructions handed to units
  std::int64_t fetches_ = 0;   // of op fetch_op_ that the probe has not heard of
  Cycles fetched_from_ = 0;    // start of the first of them
  std::int32_t fetch_op_ = -1;
};

}  // namespace systole
