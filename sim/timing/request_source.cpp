// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/request_source.hpp"

#include <algorithm>

namespace systole {

RequestSource::RequestSource(const ChipSpec& chip)
    : request_(chip.dma.request),
      burst_(burst_bytes(chip.hbm)),
      port_width_(chip.vmem.port_width),
      places_(chip.dma.outstanding) {}

void RequestSource::start(const HbmRuns& runs, Cycles now) {
  runs_ = runs;
  if (runs_.index == nullptr && runs_.pitch == runs_.row_bytes) {  // rows that join are one run
    runs_.row_bytes *= runs_.rows;
    runs_.rows = 1;
  }
  row_ = 0;
  offset_ = 0;
  begin_ = now;
  issued_ = 0;
}

void RequestSource::free_places(Cycles now) {
  while (!releases_.empty() && releases_.top() <= now) {
    releases_.pop();
    ++places_;
  }
}

std::optional<RequestSource::Span> RequestSource::take(Cycles now) {
  free_places(now);
  if (done() || places_ == 0 || port_free() > now) return std::nullopt;
  const std::int64_t index = runs_.index != nullptr ? runs_.index[row_] : row_;
  const std::int64_t run = runs_.address + index * runs_.pitch;
  // Requests meet at bursts, so that none is moved twice.
  const std::int64_t begin = run + offset_;
  const std::int64_t cut = (begin + request_) / burst_ * burst_;
  const std::int64_t end = std::min(run + runs_.row_bytes, cut);
  offset_ += end - begin;
  issued_ += end - begin;
  --places_;
  if (offset_ == runs_.row_bytes) {
    offset_ = 0;
    ++row_;
  }
  return Span{begin, end};
}

std::optional<Cycles> RequestSource::next(Cycles now) {
  if (done()) return std::nullopt;
  free_places(now);
  if (places_ > 0) return port_free();
  if (releases_.empty()) return std::nullopt;
  return std::max(releases_.top(), port_free());
}

}  // namespace systole
