// SPDX-License-Identifier: Apache-2.0
// A CMEM: ports that serve one transfer each, first come, first served. A transfer takes the port
// that is free first, the lowest of several.
//
//   DMA engines -> request() -> arbitrate: engine order within a cycle -> ports -> served()
#pragma once

#include <systemc>
#include <vector>

#include "sim/timing/memory.hpp"
#include "sim/timing/timeline.hpp"

namespace systole {

struct CmemRequest {
  std::int64_t engine = 0;  // requests of one cycle are served in this order
  MemoryClient* client = nullptr;
  bool write = false;
  std::int32_t op = -1;
  Bytes bytes = 0;  // above 0
};

class Cmem : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Cmem);
  // `first_unit`: number of its first port in Interval::unit.
  Cmem(const sc_core::sc_module_name& name, const ChipSpec& chip, std::int32_t first_unit,
       const Probe& probe);

  void request(const CmemRequest& request);
  // Accounts for the time up to the end of the run.
  void finish(Cycles end);

 private:
  void arbitrate();  // the process
  Cycles serve(const CmemRequest& request, Cycles now);

  const Probe& probe_;
  const ChipSpec& chip_;
  std::vector<Timeline> ports_;  // at(): when a port is free
  std::vector<CmemRequest> requests_;
  sc_core::sc_event requested_{"requested"};
};

}  // namespace systole
