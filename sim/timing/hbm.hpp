// SPDX-License-Identifier: Apache-2.0
// The memory behind its controllers. Each pseudo-channel serves the loads that transfers put on it
// first come, first served; a transfer is served when its last channel is.
//
//   DMA engines -> request() -> arbitrate: engine order within a cycle -> channels -> served()
#pragma once

#include <systemc>
#include <vector>

#include "sim/timing/hbm_map.hpp"
#include "sim/timing/timeline.hpp"

namespace systole {

class HbmClient {
 public:
  HbmClient() = default;
  HbmClient(const HbmClient&) = delete;
  HbmClient& operator=(const HbmClient&) = delete;
  virtual ~HbmClient() = default;
  // The last channel is done with the client's transfer at cycle `at` (now or later).
  virtual void served(Cycles at) = 0;
};

class Hbm : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Hbm);
  Hbm(const sc_core::sc_module_name& name, const ChipSpec& chip, const Probe& probe);

  struct Request {
    std::int64_t engine = 0;  // requests of one cycle are served in this order
    HbmClient* client = nullptr;
    bool write = false;
    std::int32_t op = -1;
    HbmRuns runs;
  };
  void request(const Request& request);

  // Accounts for the time up to the end of the run.
  void finish(Cycles end);

 private:
  enum class Direction : std::uint8_t { kNone, kRead, kWrite };
  struct Channel {
    Timeline timeline;  // at(): when it is free
    Direction last = Direction::kNone;
  };
  void arbitrate();  // the process
  Cycles serve(const Request& request, Cycles now);

  const Probe& probe_;
  const Bytes burst_;
  HbmMap map_;
  std::vector<Channel> channels_;
  std::vector<Request> requests_;
  sc_core::sc_event requested_{"requested"};
};

}  // namespace systole
