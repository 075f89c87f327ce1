// SPDX-License-Identifier: Apache-2.0
// The memory at page level. Each pseudo-channel serves the loads that transfers put on it
// first come, first served; a transfer is served when its last channel is.
//
//   DMA engines -> request() -> arbitrate: engine order within a cycle -> channels -> served()
#pragma once

#include <systemc>
#include <vector>

#include "sim/timing/memory.hpp"
#include "sim/timing/timeline.hpp"

namespace systole {

class Hbm : public sc_core::sc_module, public Memory {
 public:
  SC_HAS_PROCESS(Hbm);
  Hbm(const sc_core::sc_module_name& name, const ChipSpec& chip, const MemoryShare& share,
      const Probe& probe);

  void request(const MemoryRequest& request) override;
  Cycles latency(bool write) const override;
  Cycles engine_cycles(Bytes bytes, std::int64_t requests) const override;
  void finish(Cycles end) override;

 private:
  enum class Direction : std::uint8_t { kNone, kRead, kWrite };
  struct Channel {
    Timeline timeline;  // at(): when it is free
    Direction last = Direction::kNone;
  };
  void arbitrate();  // the process
  Cycles serve(const MemoryRequest& request, Cycles now);

  const Probe& probe_;
  const ChipSpec& chip_;
  const std::int64_t base_;
  const Bytes burst_;
  HbmMap map_;
  std::vector<Channel> channels_;
  std::vector<MemoryRequest> requests_;
  sc_core::sc_event requested_{"requested"};
};

}  // namespace systole
