// SPDX-License-Identifier: Apache-2.0
// One DMA engine. A transfer is set up, then served by HBM, CMEM or both and the engine's own port,
// and complete their latency after its last byte was served. The next transfer's setup follows the
// service of this one.
//
//   setup | data: port and requests in flight, memory | latency ...
//                                                     | setup of the next | ...
#pragma once

#include "sim/timing/cmem.hpp"
#include "sim/timing/memory.hpp"
#include "sim/timing/queued_unit.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

// The memories that a core's DMA engines reach beside those of the core.
struct FarMemories {
  Memory& hbm;
  Cmem* cmem = nullptr;  // null: the chip has none
};

class DmaEngine : public QueuedUnit, public MemoryClient {
 public:
  SC_HAS_PROCESS(DmaEngine);
  DmaEngine(const sc_core::sc_module_name& name, const CoreSite& site, std::int16_t number,
            FarMemories far);

  void served(Cycles at) override;  // by HBM

 private:
  void prepare(const Issued& head) override;
  std::optional<Cycles> free_at() const override;
  void execute(const Issued& head, Cycles start) override;

  void submit();  // the process: setup is done, the memory takes over
  void prepare_transfer(const Tile& far, const Tile& near, const RowIndex* index,
                        const Extents& extents, const Indices& indices);
  void served_by_cmem(Cycles at);
  void complete_transfer();

  // Hears of CMEM's service.
  class CmemSide : public MemoryClient {
   public:
    explicit CmemSide(DmaEngine& engine) : engine_(engine) {}
    void served(Cycles at) override { engine_.served_by_cmem(at); }

   private:
    DmaEngine& engine_;
  };

  struct Transfer {
    MemoryRequest request;  // of HBM
    Region near;            // of VMEM, the weight FIFO or CMEM
    bool hbm = true;        // is one side
    bool cmem = false;      // is one side
    bool write = false;     // away from the core
    std::int32_t op = -1;
    Bytes bytes = 0;
    Cycles data_cycles = 0;  // that the engine itself needs
    Cycles latency = 0;      // from the last byte served to the completion
    Cycles begin = 0;        // setup is done
    std::optional<Cycles> hbm_served, cmem_served;
  };

  const DmaParams& params_;
  const Vmem& vmem_;
  const FarMemories far_;
  const std::int64_t number_;  // among the engines of all cores
  CmemSide cmem_side_{*this};
  sc_core::sc_event set_up_{"set_up"};

  // The prepared instruction.
  bool work_ = false;
  HbmRuns runs_;  // of the memory farther from the core
  Region near_;
  bool hbm_ = false;
  bool cmem_ = false;

  std::optional<Transfer> transfer_;  // in setup, or with the memories
  Cycles data_free_ = 0;              // the last transfer's data are served
};

}  // namespace systole
