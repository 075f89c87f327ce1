// SPDX-License-Identifier: Apache-2.0
// How many heads, rows and keys an attention, or a part of one, has.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "compiler/graph.hpp"

namespace systole {

struct HeadCounts {
  std::int64_t heads = 1;     // of q
  std::int64_t kv_heads = 1;  // of k and v: heads / kv_heads heads in a row share one
  std::int64_t seq = 1;       // rows of q per sequence
  std::int64_t keys = 1;      // rows of k and v per sequence
  friend bool operator==(const HeadCounts&, const HeadCounts&) = default;
};

// mha, attention, and scores: one operand more, [heads * seq, keys], which is added to the scores
// of each sequence.
bool may_have_bias(OpKind kind);
bool has_bias(const Op& op);

// Of mha, scores, context or attention, with what an attribute of 0 stands for filled in.
HeadCounts head_counts(const Op& op);

// The keys of a sequence that mha or attention reads at all: where no row sees fewer than another,
// those in the window.
std::int64_t keys_read(const Op& op);

// Of the rows of operand `which` of any op, those that it reads: all but for k and v of mha and
// attention.
std::int64_t rows_read(const Op& op, std::size_t which, std::int64_t rows);

// Pairs of a row and a key that it sees, per sequence.
std::int64_t pairs_seen(const Op& op);

// The attributes that say so, without those that are as many as another.
std::map<std::string, double, std::less<>> head_attributes(const HeadCounts& counts);

}  // namespace systole
