// SPDX-License-Identifier: Apache-2.0
// The loops of an attention: where they stand, which queries and keys meet there, and under what
// conditions. compiler/mapping.hpp says which heads run on which MXU.
//
// The blocks of keys that a causal block of queries sees in part are its diagonal: query q sees the
// keys up to q, so that of block d of the diagonal only the queries from d * block_kv on see any
// key, and column block k of its keys only those from k * cols further. Steps on the diagonal
// therefore take fewer rows the further they are; those before it take all, without a mask. A
// window's blocks are visited from the diagonal backwards: on the diagonal the rows are the more
// the further they are, and before it the fewer, as query q sees no key before q - window + 1.
#pragma once

#include <vector>

#include "compiler/emitter.hpp"
#include "compiler/mapping.hpp"

namespace systole {

// Of a block of queries, in loop indices.
struct Position {
  Affine sequence, group, round, block;
};

// A block of queries meets block j of its keys. On the diagonal, queries before first_row see none
// of them. A lane's keys begin with number first_block of the blocks.
struct Step {
  Position at;
  Affine j;
  bool diagonal = false;
  Affine first_row;
  std::int64_t first_block = 0;
};

class AttentionNest {
 public:
  // `cols`: keys of a column block. Precondition: `g` was chosen for the op
  // (attention_mapping.hpp).
  AttentionNest(const AttentionMapping& g, std::int64_t cols) : g_(g), cols_(cols) {}

  bool windowed() const { return g_.window > 0; }
  // Whether the blocks before the diagonal are visited first, and then the diagonal; a window's
  // are, the other way round.
  bool has_diagonal() const { return g_.causal && !windowed(); }

  Affine q_number(const Position& at) const {
    return ((at.sequence * g_.groups() + at.group) * g_.rounds() + at.round) * g_.q_blocks() +
           at.block;
  }
  // Counts the blocks of keys. If causal, it grows with every step and by at least the ring's slots
  // from one block of queries to the next.
  Affine kv_number(const Step& s) const { return q_number(s.at) * g_.most_steps() + s.j; }
  // The step's number for its place among a ring's slots, and among two places.
  Affine place(const Step& s) const { return g_.causal ? s.j : kv_number(s); }

  // The first row that sees keys of column block `part`.
  Affine first_row(const Step& s, const Affine& part = 0) const {
    return s.diagonal ? s.first_row + part * cols_ : Affine(0);
  }
  Value tokens(const Position& at) const { return tokens_from(at, 0, g_.block_q); }
  // Tokens of the block from `first` on, at most `most`.
  Value tokens_from(const Position& at, const Affine& first, std::int64_t most) const {
    return clamped(Affine(g_.seq) - at.block * g_.block_q - first, most);
  }
  // Rows of a lane from first_row() on. Precondition: has_keys().
  Value rows(const Step& s, const Affine& part = 0) const {
    if (g_.stack > 1) return g_.stack;
    return clamped(last_row(s), g_.block_q, Affine(0) - first_row(s, part));
  }
  // Past the last row of a lane that sees keys, or more than its rows. One limit is written: where
  // the last block of queries is not full, that of the tokens, and a window's elsewhere.
  Affine last_row(const Step& s) const {
    if (trimmed()) return Affine(g_.block_q + g_.window - 1) - s.j * g_.block_kv;
    return Affine(g_.seq) - s.at.block * g_.block_q;
  }
  // Whether blocks before a window's diagonal take only the rows that see keys.
  bool trimmed() const { return windowed() && g_.seq % g_.block_q == 0; }
  // Rows of a diagonal step that see all of column block `part` and nothing after it.
  Value band_rows(const Step& s, const Affine& part) const {
    return clamped(Affine(g_.seq) - s.at.block * g_.block_q - first_row(s, part), cols_);
  }

  Affine first_key(const Step& s) const {
    if (!windowed()) return (s.j + s.first_block) * g_.block_kv;
    return (s.at.block + 1) * g_.block_q - (s.j + 1) * g_.block_kv;
  }
  // Keys of the step, at most `most`.
  Value keys(const Step& s, std::int64_t most) const {
    return clamped(Affine(g_.keys) - first_key(s), most);
  }
  Value keys(const Step& s) const { return keys(s, g_.block_kv); }
  // Keys from number `key` of the step on, at most `most`.
  Value keys_from(const Step& s, const Affine& key, std::int64_t most) const {
    return clamped(Affine(g_.keys) - first_key(s) - key, most);
  }
  Value part_keys(const Step& s, const Affine& part) const {
    return keys_from(s, part * cols_, cols_);
  }
  // Holds where column block `part` has keys, and queries that see them.
  Guard has_keys(const Step& s, const Affine& part = 0) const {
    if (s.diagonal) {
      return at_least(Affine(g_.seq) - s.at.block * g_.block_q - first_row(s, part), 1);
    }
    const bool always = !g_.causal && g_.key_lanes == 1 && part == Affine(0);
    if (has_diagonal() || always) return {};
    const Guard keys = at_least(Affine(g_.keys) - first_key(s) - part * cols_, 1);
    return trimmed() ? both(keys, at_least(last_row(s), 1)) : keys;
  }
  Mask mask(const Step& s, const Affine& part) const {
    if (!s.diagonal && !windowed()) return {};
    return {windowed() ? MaskKind::kWindow : MaskKind::kCausal,
            s.at.block * g_.block_q + first_row(s, part), first_key(s) + part * cols_, g_.window};
  }

  // The first block of keys of the first block of queries of a head, and of a later one.
  Step first_of_head(const Position& at) const {
    return has_diagonal() ? on_diagonal(at, 0) : first_of_later(at);
  }
  Step first_of_later(const Position& at) const {
    return windowed() ? on_diagonal(at, 0) : before_diagonal(at, 0);
  }
  // Block d of the diagonal, and block j of those before it (or of all, where there is no
  // diagonal). A window's are counted from its diagonal backwards, on which this one begins.
  Step on_diagonal(const Position& at, const Affine& d) const {
    if (windowed())
      return {at, d, true, Affine((g_.steps_per_block() - 1) * g_.block_kv) - d * g_.block_kv};
    return {at, at.block * g_.steps_per_block() + d, true, d * g_.block_kv};
  }
  Step before_diagonal(const Position& at, const Affine& j) const { return {at, j, false, 0}; }

  // The number of steps of a block of queries before its diagonal, or without one, is the smallest
  // of these.
  std::vector<Affine> step_counts(const Position& at) const {
    const Affine before = at.block * g_.steps_per_block();
    if (has_diagonal()) return {before};
    if (!windowed()) return {g_.most_steps()};
    return {before, g_.most_steps() - g_.steps_per_block()};
  }
  // Whether j is the last step: one guard for each count that may be the smallest, of which at most
  // one holds.
  static std::vector<Guard> last_of(const std::vector<Affine>& counts, const Affine& j) {
    const Affine& a = counts.front();
    if (counts.size() == 1) return {at_least(j - a, -1)};
    const Affine& b = counts.back();
    return {both(at_least(b - a, 0), at_least(j - a, -1)),
            both(at_least(a - b, 1), at_least(j - b, -1))};
  }

  // The last block of queries of all.
  Position last_block() const {
    return {g_.sequence_groups() - 1, g_.groups() - 1, g_.rounds() - 1, g_.q_blocks() - 1};
  }
  // The last block of keys of a block of queries: of these, the one whose guard holds.
  struct Last {
    Step step;
    Guard when;
  };
  std::vector<Last> last_steps(const Position& at) const {
    if (has_diagonal()) return {{on_diagonal(at, g_.steps_per_block() - 1), {}}};
    if (!windowed()) return {{before_diagonal(at, g_.most_steps() - 1), {}}};
    const Affine reached = (at.block + 1) * g_.steps_per_block();
    return {{before_diagonal(at, reached - 1), at_least(Affine(g_.most_steps()) - reached, 0)},
            {before_diagonal(at, g_.most_steps() - 1), at_least(reached - g_.most_steps(), 1)}};
  }

  // The block of queries before this one, where `first` holds: one of these, or none.
  struct Previous {
    Position at;
    Guard when;
  };
  Previous preceding_of_head(const Position& at, const Guard& first) const {
    return {{at.sequence, at.group, at.round, at.block - 1}, both(first, at_least(at.block, 1))};
  }
  // Of other heads, or of another sequence: for the first block of a head.
  std::vector<Previous> preceding_heads(const Position& at, Guard first) const {
    std::vector<Previous> all;
    first = both(first, equals_first(at.block));
    const auto add = [&](const Position& before, const Affine& index) {
      all.push_back({before, both(first, at_least(index, 1))});
      first = both(first, equals_first(index));
    };
    const auto& [last_sequence, last_group, last_round, last] = last_block();
    add({at.sequence, at.group, at.round - 1, last}, at.round);
    add({at.sequence, at.group - 1, last_round, last}, at.group);
    add({at.sequence - 1, last_group, last_round, last}, at.sequence);
    return all;
  }

  // A step that follows, where `when` holds.
  struct Next {
    Step step;
    Guard when;
  };
  // The first steps of the block of queries that follows where one of `ends` holds: of the same
  // heads, else of the next ones, else of the next sequence. At most one is taken.
  std::vector<Next> following_blocks(const Position& at, const std::vector<Guard>& ends) const {
    std::vector<Next> all;
    for (Guard end : ends) {
      const auto add = [&](const Step& step, const Affine& index, std::int64_t count) {
        all.push_back({step, both(end, at_least(Affine(count) - index, 2))});
        end = both(end, equals_last(index, count));
      };
      const auto& [sequence, group, round, block] = at;
      add(first_of_later({sequence, group, round, block + 1}), block, g_.q_blocks());
      add(first_of_head({sequence, group, round + 1, 0}), round, g_.rounds());
      add(first_of_head({sequence, group + 1, 0, 0}), group, g_.groups());
      add(first_of_head({sequence + 1, 0, 0, 0}), sequence, g_.sequence_groups());
    }
    return all;
  }

 private:
  const AttentionMapping& g_;
  std::int64_t cols_;
};

}  // namespace systole
