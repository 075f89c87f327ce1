// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/cmem.hpp"

#include <algorithm>

#include "isa/timing.hpp"
#include "sim/timing/kernel_time.hpp"

namespace systole {

Cmem::Cmem(const sc_core::sc_module_name& name, const ChipSpec& chip, std::int32_t first_unit,
           const Probe& probe)
    : sc_module(name), probe_(probe), chip_(chip) {
  for (std::int32_t port = 0; port < chip.cmem.ports; ++port) {
    ports_.emplace_back(probe, first_unit + port, true);
  }
  SC_METHOD(arbitrate);
  sensitive << requested_;
  dont_initialize();
}

void Cmem::request(const CmemRequest& request) {
  requests_.push_back(request);
  requested_.notify(sc_core::SC_ZERO_TIME);
}

void Cmem::arbitrate() {
  std::sort(requests_.begin(), requests_.end(),
            [](const CmemRequest& a, const CmemRequest& b) { return a.engine < b.engine; });
  const Cycles now = now_cycles();
  for (const CmemRequest& request : requests_) request.client->served(serve(request, now));
  requests_.clear();
}

Cycles Cmem::serve(const CmemRequest& request, Cycles now) {
  Timeline& port =
      *std::min_element(ports_.begin(), ports_.end(), [&](const Timeline& a, const Timeline& b) {
        return std::max(a.at(), now) < std::max(b.at(), now);
      });
  port.spend(Reason::kNoInstruction, now, -1);
  const Cycles begin = port.at();
  const Cycles end = begin + cmem_cycles(chip_, request.bytes);
  port.move(request.bytes, request.write, end, request.op);
  probe_.action(request.write ? ActionId::kCmemWriteBytes : ActionId::kCmemReadBytes, request.op,
                request.bytes, begin, end);
  return end;
}

void Cmem::finish(Cycles end) {
  for (Timeline& port : ports_) {
    port.spend(Reason::kNoInstruction, end, -1);
    port.flush();
  }
}

}  // namespace systole
