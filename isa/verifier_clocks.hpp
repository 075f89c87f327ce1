// SPDX-License-Identifier: Apache-2.0
// Happens-before between queues. A queue's clock says, for every queue, how many of that queue's
// instructions are complete whenever the next instruction of this one starts. One number per
// queue is enough because queues complete in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace systole {

// Whether clocks are as far as earlier ones and so many steps more: some are not; all are, some
// farther; all are, and no farther.
enum class Lead : std::uint8_t { kNone, kMore, kEven };

inline Lead lead_of(std::span<const std::int32_t> now, std::span<const std::int32_t> before,
                    std::span<const std::int32_t> steps) {
  Lead lead = Lead::kEven;
  for (std::size_t q = 0; q < now.size(); ++q) {
    const std::int32_t ahead = now[q] - before[q];
    if (ahead < steps[q]) return Lead::kNone;
    if (ahead > steps[q]) lead = Lead::kMore;
  }
  return lead;
}

// Tokens of one semaphore, oldest first, each with the clock of the instruction that gave it.
// With one signaller, which completes in order, and one waiter, which starts in order, the tokens
// are taken in the order in which they were given.
class TokenQueue {
 public:
  TokenQueue(std::size_t queues, std::int64_t initial) : queues_(queues), available_(initial) {
    if (initial > 0) push(std::vector<std::int32_t>(queues, 0), initial, 0);
  }

  std::int64_t available() const { return available_; }
  std::size_t entries() const { return used_; }

  void give(std::span<const std::int32_t> clock, std::int64_t count) { push(clock, count, count); }

  // Of the tokens of `before`, whose clocks are compared with `steps` added.
  Lead lead(const TokenQueue& before, std::span<const std::int32_t> steps) const {
    if (used_ != before.used_ || available_ != before.available_) return Lead::kNone;
    Lead all = Lead::kEven;
    for (std::size_t n = 0; n < used_; ++n) {
      const std::size_t now = place(n);
      const std::size_t then = before.place(n);
      if (counts_[now] != before.counts_[then]) return Lead::kNone;
      all = std::min(all, lead_of({&clocks_[now * queues_], queues_},
                                  {&before.clocks_[then * queues_], queues_}, steps));
    }
    return all;
  }
  void advance(std::span<const std::int32_t> steps, std::int32_t times) {
    for (std::size_t n = 0; n < used_; ++n) {
      for (std::size_t q = 0; q < queues_; ++q) clocks_[place(n) * queues_ + q] += steps[q] * times;
    }
  }

  // Joins `clock` with those of the `count` oldest tokens and takes them. Clocks of one signaller
  // only grow, so the youngest of them holds the others. Precondition: count <= available().
  void take(std::span<std::int32_t> clock, std::int64_t count) {
    available_ -= count;
    while (true) {
      const std::size_t oldest = place(0);
      if (counts_[oldest] >= count) {
        const std::int32_t* given = &clocks_[oldest * queues_];
        for (std::size_t q = 0; q < queues_; ++q) clock[q] = std::max(clock[q], given[q]);
        counts_[oldest] -= count;
        if (counts_[oldest] == 0) pop();
        return;
      }
      count -= counts_[oldest];
      pop();
    }
  }

 private:
  std::size_t place(std::size_t n) const { return (head_ + n) & (counts_.size() - 1); }

  void pop() {
    ++head_;
    --used_;
  }

  void push(std::span<const std::int32_t> clock, std::int64_t count, std::int64_t added) {
    if (used_ == counts_.size()) grow();
    const std::size_t youngest = place(used_);
    std::copy(clock.begin(), clock.end(),
              clocks_.begin() + static_cast<std::ptrdiff_t>(youngest * queues_));
    counts_[youngest] = count;
    ++used_;
    available_ += added;
  }

  void grow() {
    const std::size_t size = std::max<std::size_t>(4, 2 * counts_.size());
    std::vector<std::int64_t> counts(size);
    std::vector<std::int32_t> clocks(size * queues_);
    for (std::size_t n = 0; n < used_; ++n) {
      counts[n] = counts_[place(n)];
      std::copy_n(&clocks_[place(n) * queues_], queues_, &clocks[n * queues_]);
    }
    counts_ = std::move(counts);
    clocks_ = std::move(clocks);
    head_ = 0;
  }

  std::size_t queues_;
  std::int64_t available_;
  std::vector<std::int64_t> counts_;  // a ring whose size is a power of two
  std::vector<std::int32_t> clocks_;  // queues_ numbers per place of the ring
  std::size_t head_ = 0;
  std::size_t used_ = 0;
};

// The clocks of all queues.
class QueueClocks {
 public:
  explicit QueueClocks(std::size_t queues)
      : queues_(queues), clocks_(queues * queues, 0), issued_(queues, 0) {}

  std::size_t queues() const { return queues_; }
  std::span<std::int32_t> of(std::size_t queue) { return {&clocks_[queue * queues_], queues_}; }

  // Instructions of each queue that have started since `before`.
  std::vector<std::int32_t> steps_since(const QueueClocks& before) const {
    std::vector<std::int32_t> steps(queues_);
    for (std::size_t q = 0; q < queues_; ++q) steps[q] = issued_[q] - before.issued_[q];
    return steps;
  }
  // Of the queues that have started instructions since `before`, `steps` of them, whose clocks then
  // are compared with `steps` added.
  Lead lead(const QueueClocks& before, std::span<const std::int32_t> steps) const {
    Lead all = Lead::kEven;
    for (std::size_t o = 0; o < queues_; ++o) {
      if (steps[o] == 0) continue;
      all = std::min(all, lead_of({&clocks_[o * queues_], queues_},
                                  {&before.clocks_[o * queues_], queues_}, steps));
    }
    return all;
  }
  void advance(std::span<const std::int32_t> steps, std::int32_t times) {
    for (std::size_t o = 0; o < queues_; ++o) {
      issued_[o] += steps[o] * times;
      for (std::size_t q = 0; q < queues_ && steps[o] > 0; ++q) {
        clocks_[o * queues_ + q] += steps[q] * times;
      }
    }
  }

  // Number of `queue`'s instruction that starts now, from 1.
  std::int32_t start(std::size_t queue) { return ++issued_[queue]; }

  // Whether instruction `number` of `queue` is complete before the next one of `observer` starts.
  bool complete(std::size_t observer, std::size_t queue, std::int32_t number) const {
    return clocks_[observer * queues_ + queue] >= number;
  }

  // The clock of `queue`'s completion number `number`, written to `clock`.
  void completion(std::size_t queue, std::int32_t number, std::span<std::int32_t> clock) {
    const std::span<std::int32_t> own = of(queue);
    std::copy(own.begin(), own.end(), clock.begin());
    clock[queue] = number;
  }

 private:
  std::size_t queues_;
  std::vector<std::int32_t> clocks_;
  std::vector<std::int32_t> issued_;
};

}  // namespace systole
