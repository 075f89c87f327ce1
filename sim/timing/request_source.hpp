// SPDX-License-Identifier: Apache-2.0
// The requests of one DMA engine at command level: a transfer is cut into requests of dma.request
// bytes, of which vmem.port_width bytes per cycle are issued and dma.outstanding are in flight. No
// SystemC in this header.
#pragma once

#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "sim/timing/hbm_map.hpp"

namespace systole {

class RequestSource {
 public:
  explicit RequestSource(const ChipSpec& chip);  // dma.request holds a burst

  struct Span {
    std::int64_t begin = 0;  // bytes begin..end, at most dma.request of them
    std::int64_t end = 0;
  };

  // A transfer whose first request may be issued now. Precondition: done().
  void start(const HbmRuns& runs, Cycles now);
  bool done() const { return row_ == runs_.rows; }  // all requests of the transfer are issued

  // Issues a request, if there is one that may go now.
  std::optional<Span> take(Cycles now);
  // Some request's place is free from that cycle on.
  void release_at(Cycles at) { releases_.push(at); }
  // Cycle from which take() has something, as far as is known; nothing where that depends on a
  // release to come.
  std::optional<Cycles> next(Cycles now);

 private:
  void free_places(Cycles now);
  Cycles port_free() const { return begin_ + issued_ / port_width_; }

  Bytes request_;
  Bytes burst_;
  Bytes port_width_;
  std::int64_t places_;  // that are free
  std::priority_queue<Cycles, std::vector<Cycles>, std::greater<>> releases_;

  HbmRuns runs_;
  std::int64_t row_ = 0;  // of the next request
  Bytes offset_ = 0;      // of the next request, in its run
  Cycles begin_ = 0;
  Bytes issued_ = 0;  // of the transfer
};

}  // namespace systole
