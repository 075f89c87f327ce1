// SPDX-License-Identifier: Apache-2.0
// A TensorCore, put together from its chip's parameters.
//
//   sequencer -> queues -> MXUs, VPU, XLUs, DMA engines -> VMEM, CMEM, HBM
//                            semaphores between them, and between cores
#pragma once

#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "sim/timing/core_parts.hpp"
#include "sim/timing/dma_engine.hpp"
#include "sim/timing/memory.hpp"
#include "sim/timing/semaphores.hpp"
#include "sim/timing/sequencer.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

class Core : public sc_core::sc_module {
 public:
  // Runs stream number `number` of `program`; fetches nothing beyond cycle `limit`. `far`: what its
  // DMA engines reach.
  Core(const sc_core::sc_module_name& name, std::int32_t number, const ChipSpec& chip,
       const Program& program, FarMemories far, Semaphores& semaphores, Cycles limit,
       const Probe& probe, const CoreParts& parts);

  bool done() const;   // halted, and every unit is idle
  Cycles end() const;  // done: of the last effect
  // done: accounts for the time up to `end`, the run's.
  void finish(Cycles end);
  // Not done: every unit that cannot go on, and why.
  std::vector<std::string> stuck(const Program& program,
                                 const std::vector<std::string>& unit_names) const;

 private:
  QueuedUnit* add(std::unique_ptr<QueuedUnit> unit);

  Vmem vmem_;
  const CoreSite site_;
  std::vector<std::unique_ptr<QueuedUnit>> units_;
  UnitQueues queues_;
  Sequencer sequencer_;
};

}  // namespace systole
