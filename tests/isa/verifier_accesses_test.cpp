// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_accesses.hpp"

#include <random>
#include <set>

#include "catch.hpp"

using namespace systole;

namespace {

constexpr std::int64_t kMemory = std::int64_t{64} << 20;  // 256 granules
constexpr std::size_t kQueues = 3;
const std::vector<bool> kInOrder{true, true, false};

// Remembers every access, and drops none.
class Everything {
 public:
  // The earlier accesses that race with this one, by sequence.
  std::set<std::int32_t> add(const LiveAccess& access, const QueueClocks& clocks) {
    std::set<std::int32_t> raced;
    for (const LiveAccess& before : accesses_) {
      const bool ordered =
          (before.queue == access.queue && kInOrder[static_cast<std::size_t>(before.queue)]) ||
          clocks.complete(static_cast<std::size_t>(access.queue),
                          static_cast<std::size_t>(before.queue), before.number);
      if (!ordered && (before.write || access.write) && overlap(before.runs, access.runs)) {
        raced.insert(before.sequence);
      }
    }
    accesses_.push_back(access);
    return raced;
  }

 private:
  std::vector<LiveAccess> accesses_;
};

// A random run of three queues that exchange tokens; both memories see the same accesses until
// the first race. Returns the number of accesses before it.
int run(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](int limit) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(limit));
  };
  QueueClocks clocks(kQueues);
  LiveAccesses live(kMemory, {0, 1, 2}, kInOrder);
  Everything everything;
  const int sync = 1 + static_cast<int>(below(6));
  for (std::int32_t sequence = 0; sequence < 3000; ++sequence) {
    const auto queue = static_cast<std::size_t>(below(kQueues));
    for (int n = 0; n < sync; ++n) {  // wait for all that another queue has started
      const auto other = static_cast<std::size_t>(below(kQueues));
      std::vector<std::int32_t> given(kQueues);
      const std::int32_t last = clocks.start(other);
      clocks.completion(other, last, given);
      TokenQueue token(kQueues, 0);
      token.give(given, 1);
      token.take(clocks.of(queue), 1);
    }
    LiveAccess access;
    access.number = clocks.start(queue);
    access.sequence = sequence;
    access.queue = static_cast<std::int16_t>(queue);
    access.write = below(3) == 0;
    const std::int64_t pitch = std::int64_t{256} << below(10);
    const std::int64_t rows = 1 + below(below(8) == 0 ? 64 : 4);
    access.runs = normal_form(below(kMemory / 2 / 4096) * 4096 / (1 + below(64)) / 64 * 64, rows,
                              64 << below(3), pitch);
    const std::set<std::int32_t> expected = everything.add(access, clocks);
    const auto raced = live.add(access, clocks);
    REQUIRE(raced.has_value() == !expected.empty());
    if (raced) {
      REQUIRE(expected.count(raced->sequence) == 1);
      return sequence;
    }
  }
  return 3000;
}

}  // namespace

TEST_CASE("dropped accesses never hide a race, and never make one up") {
  int longest = 0;
  int races = 0;
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    const int accesses = run(seed);
    longest = std::max(longest, accesses);
    races += accesses < 3000 ? 1 : 0;
  }
  CHECK(longest > 500);
  CHECK(races > 50);
}

TEST_CASE("a queue that works in place keeps one access, not one per repetition") {
  LiveAccesses live(kMemory, {0}, {true});
  QueueClocks clocks(1);
  for (std::int32_t n = 0; n < 1000; ++n) {
    LiveAccess access;
    access.runs = {1 << 20, 4, 64, 1024};
    access.number = clocks.start(0);
    access.sequence = n;
    access.write = n % 2 == 0;
    REQUIRE_FALSE(live.add(access, clocks));
    CHECK(live.size() <= 2);
  }
}

TEST_CASE("what every user of a memory has waited for is swept") {
  LiveAccesses live(kMemory, {0, 1}, {true, true, true});
  QueueClocks clocks(3);
  for (std::int32_t n = 0; n < 5000; ++n) {
    LiveAccess access;
    access.runs = {64 * n, 1, 64, 0};
    access.number = clocks.start(0);
    access.sequence = n;
    access.write = true;
    REQUIRE_FALSE(live.add(access, clocks));
    clocks.completion(0, access.number, clocks.of(1));
  }
  CHECK(live.size() < 2000);
}
