// SPDX-License-Identifier: Apache-2.0
#include "compiler/attention_nest.hpp"

#include <map>
#include <set>
#include <vector>

#include "catch.hpp"

using namespace systole;

namespace {

constexpr std::int64_t kCols = 4;

std::int64_t number(const Value& value) { return value.at({}, {}); }
bool holds(const Guard& guard) { return guard.holds({}); }

struct Shape {
  std::int64_t seq = 1, keys = 1, block_q = 1, block_kv = kCols;
  bool causal = false;
  std::int64_t window = 0, key_lanes = 1, kv_slots = 2;
};

AttentionMapping mapping_of(const Shape& s) {
  AttentionMapping a;
  a.sequences = a.heads = a.kv_heads = 1;
  a.seq = s.seq;
  a.keys = a.key_rows = s.keys;
  a.causal = s.causal;
  a.window = s.window;
  a.block_q = s.block_q;
  a.block_kv = s.block_kv;
  a.kv_slots = s.kv_slots;
  a.key_lanes = s.key_lanes;
  return a;
}

// The steps of a block of queries on a lane, in the kernel's order.
std::vector<Step> steps_of(const AttentionNest& nest, const AttentionMapping& a, const Position& at,
                           std::int64_t part) {
  std::vector<Step> diagonal, before;
  for (std::int64_t d = 0; a.causal && d < a.steps_per_block(); ++d) {
    diagonal.push_back(nest.on_diagonal(at, d));
  }
  std::int64_t count = a.most_steps();
  for (const Affine& most : nest.step_counts(at)) count = std::min(count, most.base);
  const std::int64_t first = nest.windowed() ? a.steps_per_block() : 0;
  for (std::int64_t j = 0; j < count; ++j) before.push_back(nest.before_diagonal(at, first + j));
  std::vector<Step> all = nest.windowed() ? diagonal : before;
  const std::vector<Step>& others = nest.windowed() ? before : diagonal;
  all.insert(all.end(), others.begin(), others.end());
  for (Step& s : all) s.first_block = part * a.most_steps();
  return all;
}

bool seen(const AttentionMapping& a, std::int64_t query, std::int64_t key) {
  if (!a.causal) return true;
  return key <= query && (a.window == 0 || key > query - a.window);
}

bool masked_away(const Mask& mask, std::int64_t row, std::int64_t col) {
  const std::int64_t r = mask.row0.at({}) + row;
  const std::int64_t c = mask.col0.at({}) + col;
  switch (mask.kind) {
    case MaskKind::kNone: return false;
    case MaskKind::kCausal: return c > r;
    case MaskKind::kWindow: return c > r || c <= r - mask.window;
  }
  return false;
}

// Every pair that is seen is visited once, and no other one is left unmasked.
void check_visits(const Shape& shape) {
  CAPTURE(shape.seq, shape.keys, shape.block_q, shape.block_kv, shape.causal, shape.window,
          shape.key_lanes, shape.kv_slots);
  const AttentionMapping a = mapping_of(shape);
  const AttentionNest nest(a, kCols);
  std::map<std::pair<std::int64_t, std::int64_t>, int> visits;
  std::int64_t wrong = 0;
  for (std::int64_t block = 0; block < a.q_blocks(); ++block) {
    const Position at{0, 0, 0, block};
    for (std::int64_t lane = 0; lane < a.key_lanes; ++lane) {
      for (const Step& s : steps_of(nest, a, at, lane)) {
        for (std::int64_t part = 0; part < a.block_kv / kCols; ++part) {
          if (!holds(nest.has_keys(s, part))) continue;
          const std::int64_t first_row = nest.first_row(s, part).base;
          const std::int64_t first_key = nest.first_key(s).base + part * kCols;
          const std::int64_t keys = number(nest.part_keys(s, part));
          const std::int64_t rows = keys == 0 ? 0 : number(nest.rows(s, part));
          if (first_row + rows > a.block_q || first_row < 0 || rows < 0) ++wrong;
          for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t c = 0; c < keys; ++c) {
              if (masked_away(nest.mask(s, part), r, c)) continue;
              const std::int64_t query = block * a.block_q + first_row + r;
              if (!seen(a, query, first_key + c) || query >= a.seq) ++wrong;
              ++visits[{query, first_key + c}];
            }
          }
        }
      }
    }
  }
  CHECK(wrong == 0);
  std::int64_t pairs = 0;
  for (std::int64_t query = 0; query < a.seq; ++query) {
    for (std::int64_t key = 0; key < a.keys; ++key) pairs += seen(a, query, key) ? 1 : 0;
  }
  CHECK(std::ssize(visits) == pairs);
  for (const auto& [pair, count] : visits) {
    if (count != 1) FAIL_CHECK("query " << pair.first << " meets key " << pair.second << " twice");
  }
}

}  // namespace

TEST_CASE("each query meets each key up to itself once, around the ends of blocks") {
  for (const std::int64_t block_kv : {kCols, 2 * kCols}) {
    for (const std::int64_t steps : {2, 4}) {
      const std::int64_t block_q = steps * block_kv;
      for (const std::int64_t blocks : {1, 2, 3}) {
        for (const std::int64_t over : {-1, 0, 1}) {
          const std::int64_t seq = blocks * block_q + over;
          check_visits({seq, seq, block_q, block_kv, true, 0, 1, steps});
        }
      }
    }
  }
}

TEST_CASE("each query meets the keys of its window once, around the ends of blocks") {
  for (const std::int64_t block_kv : {kCols, 2 * kCols}) {
    for (const std::int64_t slots : {2, 4}) {
      const std::int64_t block_q = 4 * block_kv;
      for (const std::int64_t seq : {block_q - 1, block_q, 3 * block_q - 1, 3 * block_q}) {
        for (const std::int64_t window :
             {std::int64_t{1}, std::int64_t{2}, block_kv - 1, block_kv, block_kv + 1, block_q - 1,
              block_q, block_q + 1, 2 * block_q}) {
          if (window < seq) check_visits({seq, seq, block_q, block_kv, true, window, 1, slots});
        }
      }
    }
  }
}

TEST_CASE("without a mask each query meets each key once, on one of the lanes of a sequence") {
  for (const std::int64_t lanes : {1, 2, 3, 4}) {
    for (const std::int64_t keys : {4 * kCols - 1, 4 * kCols, 9 * kCols + 1}) {
      for (const std::int64_t block_kv : {kCols, 2 * kCols}) {
        check_visits({1, keys, 1, block_kv, false, 0, lanes});
        if (lanes == 1) check_visits({9, keys, kCols, block_kv, false, 0});
      }
    }
  }
}

TEST_CASE("a window's step before the diagonal takes the rows that see keys, and no further one") {
  const AttentionMapping a = mapping_of({96, 96, 16, 8, true, 20});
  const AttentionNest nest(a, kCols);
  const Position at{0, 0, 0, 3};
  // Keys 40 to 47: of queries 48 to 63, those up to 47 + 19 see some; keys 24 to 31: those up
  // to 50.
  CHECK(number(nest.rows(nest.before_diagonal(at, 2))) == 16);
  CHECK(number(nest.rows(nest.before_diagonal(at, 4))) == 3);
  CHECK(holds(nest.has_keys(nest.before_diagonal(at, 4))));
  CHECK_FALSE(holds(nest.has_keys(nest.before_diagonal(at, 5))));
}

TEST_CASE("the last step of a block of queries is told by the one guard that holds") {
  for (const std::int64_t window : {0, 1, 9, 20}) {
    const AttentionMapping a = mapping_of({96, 96, 16, 8, true, window});
    const AttentionNest nest(a, kCols);
    for (std::int64_t block = 0; block < a.q_blocks(); ++block) {
      CAPTURE(window, block);
      const Position at{0, 0, 0, block};
      std::vector<Step> told;
      for (const auto& [step, when] : nest.last_steps(at)) {
        if (holds(when)) told.push_back(step);
      }
      REQUIRE(told.size() == 1);
      CHECK(told.front().j == steps_of(nest, a, at, 0).back().j);
    }
  }
}

TEST_CASE("blocks of queries follow each other through rounds, groups and sequences") {
  AttentionMapping a = mapping_of({20, 20, 8, 4, true});
  a.sequences = 3;
  a.heads = 6;
  a.kv_heads = 2;
  const AttentionNest nest(a, kCols);
  Position at;
  std::int64_t count = 1;
  for (;; ++count) {
    std::vector<Position> next;
    for (const auto& [step, when] : nest.following_blocks(at, {Guard{}})) {
      if (holds(when)) next.push_back(step.at);
    }
    if (next.empty()) break;
    REQUIRE(next.size() == 1);
    CHECK(nest.q_number(next.front()) == nest.q_number(at) + 1);
    at = next.front();
  }
  CHECK(count == 3 * 2 * 3 * 3);
  const Position last = nest.last_block();
  CHECK(nest.q_number(at) == nest.q_number(last));
}
