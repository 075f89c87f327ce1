// SPDX-License-Identifier: Apache-2.0
// One DMA engine. A transfer is set up, then served by the memory and the engine's own port, and
// complete the memory's latency after its last byte was served. The next transfer's setup follows
// the service of this one.
//
//   setup | data: port and requests in flight, memory | latency ...
//                                                     | setup of the next | ...
#pragma once

#include "sim/timing/memory.hpp"
#include "sim/timing/queued_unit.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

class DmaEngine : public QueuedUnit, public MemoryClient {
 public:
  SC_HAS_PROCESS(DmaEngine);
  DmaEngine(const sc_core::sc_module_name& name, const ChipSpec& chip, const Tables& tables,
            std::int16_t number, Semaphores& semaphores, const Vmem& vmem, Memory& memory,
            const Probe& probe);

  void served(Cycles at) override;

 private:
  void prepare(const Issued& head) override;
  std::optional<Cycles> free_at() const override;
  void execute(const Issued& head, Cycles start) override;

  void submit();  // the process: setup is done, the memory takes over
  void prepare_transfer(const Tile& remote, const Tile& local, const RowIndex* index,
                        const Extents& extents, const Indices& indices);

  struct Transfer {
    MemoryRequest request;
    Region local;        // of VMEM or the weight FIFO
    Cycles data_cycles;  // that the engine itself needs
    Cycles begin = 0;    // setup is done
  };

  const DmaParams& params_;
  const Vmem& vmem_;
  Memory& memory_;
  const std::int64_t number_;
  sc_core::sc_event set_up_{"set_up"};

  // The prepared instruction.
  bool work_ = false;
  HbmRuns runs_;
  Region local_;

  std::optional<Transfer> transfer_;  // in setup, or with the memory
  Cycles data_free_ = 0;              // the last transfer's data are served
};

}  // namespace systole
