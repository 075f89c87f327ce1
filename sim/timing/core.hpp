// SPDX-License-Identifier: Apache-2.0
// One TensorCore, put together from its chip's parameters.
//
//   sequencer -> queues -> MXUs, VPU, XLUs, DMA engines -> VMEM, HBM
//                            semaphores between them
#pragma once

#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "sim/timing/core_parts.hpp"
#include "sim/timing/memory.hpp"
#include "sim/timing/semaphores.hpp"
#include "sim/timing/sequencer.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

class Core : public sc_core::sc_module {
 public:
  // Runs stream 0 of `program`; fetches nothing beyond cycle `limit`.
  Core(const sc_core::sc_module_name& name, const ChipSpec& chip, const Program& program,
       Memory& memory, Cycles limit, const Probe& probe, const CoreParts& parts);

  bool done() const;   // halted, and every unit is idle
  Cycles end() const;  // done: of the last effect
  // done: accounts for the time up to end().
  void finish();
  // Not done: every unit that cannot go on, and why.
  std::vector<std::string> stuck(const Program& program,
                                 const std::vector<std::string>& unit_names) const;

 private:
  QueuedUnit* add(std::unique_ptr<QueuedUnit> unit);

  Semaphores semaphores_;
  Vmem vmem_;
  std::vector<std::unique_ptr<QueuedUnit>> units_;
  UnitQueues queues_;
  Sequencer sequencer_;
};

}  // namespace systole
