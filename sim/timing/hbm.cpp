// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/hbm.hpp"

#include <algorithm>
#include <limits>

#include "isa/timing.hpp"
#include "sim/timing/kernel_time.hpp"

namespace systole {

Hbm::Hbm(const sc_core::sc_module_name& name, const ChipSpec& chip, const MemoryShare& share,
         const Probe& probe)
    : sc_module(name),
      probe_(probe),
      chip_(chip),
      base_(share.base),
      burst_(burst_bytes(chip.hbm)),
      map_(chip) {
  for (std::int32_t c = 0; c < map_.channels(); ++c) {
    channels_.push_back({Timeline{probe, share.first_channel + c, true}, Direction::kNone});
  }
  SC_METHOD(arbitrate);
  sensitive << requested_;
  dont_initialize();
}

Cycles Hbm::latency(bool /*write*/) const { return memory_latency_cycles(chip_); }

Cycles Hbm::engine_cycles(Bytes bytes, std::int64_t requests) const {
  return dma_data_cycles(chip_, bytes, requests);
}

void Hbm::request(const MemoryRequest& request) {
  requests_.push_back(request);
  requested_.notify(sc_core::SC_ZERO_TIME);
}

void Hbm::arbitrate() {
  std::sort(requests_.begin(), requests_.end(),
            [](const MemoryRequest& a, const MemoryRequest& b) { return a.engine < b.engine; });
  const Cycles now = now_cycles();
  for (const MemoryRequest& request : requests_) request.client->served(serve(request, now));
  requests_.clear();
}

Cycles Hbm::serve(const MemoryRequest& request, Cycles now) {
  const Direction direction = request.write ? Direction::kWrite : Direction::kRead;
  HbmRuns runs = request.runs;
  runs.address -= base_;
  const auto [pattern, rotation] = map_.place(runs);
  Cycles served = now;
  Cycles begin = std::numeric_limits<Cycles>::max();  // of the first channel
  auto at = static_cast<std::size_t>(rotation);
  for (const LoadPattern::Channel& load : pattern->channels) {
    Channel& channel = channels_[at];
    if (++at == channels_.size()) at = 0;
    if (load.service == 0) continue;
    const bool turned = channel.last != Direction::kNone && channel.last != direction;
    channel.last = direction;
    channel.timeline.spend(Reason::kNoInstruction, now, -1);
    begin = std::min(begin, channel.timeline.at());
    const Cycles end = channel.timeline.at() + (turned ? load.service_turned : load.service);
    channel.timeline.move(load.load.bursts * burst_, request.write, end, request.op);
    served = std::max(served, end);
  }
  probe_.action(request.write ? ActionId::kHbmWriteBytes : ActionId::kHbmReadBytes, request.op,
                pattern->total.bursts * burst_, begin, served);
  probe_.action(ActionId::kHbmActivate, request.op, pattern->total.activates, begin, served);
  return served;
}

void Hbm::finish(Cycles end) {
  for (Channel& channel : channels_) {
    channel.timeline.spend(Reason::kNoInstruction, end, -1);
    channel.timeline.flush();
  }
}

}  // namespace systole
