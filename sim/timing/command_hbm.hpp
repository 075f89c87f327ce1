// SPDX-License-Identifier: Apache-2.0
// The memory at command level: each DMA engine's requests go, cut at the address map's granules, to
// the controllers of their pseudo-channels.
//
//   request() -> RequestSource of each engine -> DramController of each pseudo-channel -> served()
//
// Controllers take the accesses of older transfers first, as the page level serves whole transfers
// in their order. A transfer is served when its last column command has passed its data's time on
// the bus; its data are there tCL later (tCWL for a write), and complete hbm.latency after that.
// The controllers know their own tRCD and tCL, so unlike at page level neither is part of a fixed
// latency.
#pragma once

#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "sim/dram/dram_counts.hpp"
#include "sim/timing/channel_account.hpp"
#include "sim/timing/memory.hpp"
#include "sim/timing/request_source.hpp"

namespace systole {

class CommandHbm : public sc_core::sc_module, public Memory {
 public:
  SC_HAS_PROCESS(CommandHbm);
  CommandHbm(const sc_core::sc_module_name& name, const ChipSpec& chip, const MemoryShare& share,
             const Probe& probe);
  ~CommandHbm() override;

  void request(const MemoryRequest& request) override;
  Cycles latency(bool write) const override { return write ? write_latency_ : read_latency_; }
  Cycles engine_cycles(Bytes bytes, std::int64_t requests) const override;
  void finish(Cycles end) override;

  const DramCounts& counts() const { return counts_; }

 private:
  class Channel;
  struct Engine {
    RequestSource source;
    std::optional<MemoryRequest> transfer;  // in service
    std::int64_t number = 0;                // of the transfer
    Cycles begin = 0;
    Cycles served = 0;           // of the requests that are served
    std::int64_t in_flight = 0;  // requests with the controllers
    std::int64_t bursts = 0;
    std::int64_t activates = 0;
  };
  // A request with the controllers.
  struct Flight {
    std::size_t engine = 0;
    std::int64_t accesses = 0;  // that are not served
    Cycles served = 0;
  };

  void advance();  // the process
  void start_transfers(Cycles now);
  void issue_requests(Cycles now);
  void send(std::size_t engine, RequestSource::Span span, Cycles now);
  void wake_next(Cycles now);
  void issued(Channel& channel, const DramIssue& issue);
  void served(std::int64_t flight);
  void finish_transfer(Engine& engine);

  const Probe& probe_;
  const ChipSpec& chip_;
  const std::int64_t base_;
  const ClockRatio ratio_;
  const DramClocks clocks_;
  const HbmChannels channel_map_;
  const DramMap map_;
  const Bytes burst_;
  const Cycles read_latency_;
  const Cycles write_latency_;
  DramCounts counts_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<Engine> engines_;
  std::vector<MemoryRequest> requests_;  // of this cycle
  std::int64_t transfers_ = 0;           // that were requested
  std::vector<Flight> flights_;
  std::vector<std::int64_t> free_flights_;
  sc_core::sc_event wake_{"wake"};
};

}  // namespace systole
