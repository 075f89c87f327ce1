// SPDX-License-Identifier: Apache-2.0
// How many heads, rows and keys an attention, or a part of one, has.
#pragma once

#include <cstddef>
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

// Where in the operands of mha, attention or scores the further ones are; -1: it has none.
struct HeadOperands {
  std::int32_t q2 = -1, k2 = -1;  // a second part of the scores; k2 is one head for all
  std::int32_t bias = -1;         // [heads * seq, keys], added to the scores of each sequence
  std::int32_t sinks = -1;        // [heads, 1]
};
HeadOperands head_operands(const Op& op);
bool has_bias(const Op& op);
// How many operands an op may have at most, without those of an epilogue.
std::size_t most_operands(const Op& op);

// Of mha and attention: v is some columns of k, and there is one head of them, so that what is read
// as keys is there as values, too.
bool values_in_keys(const Graph& graph, const Op& op);

// Of mha, scores, context or attention, with what an attribute of 0 stands for filled in.
HeadCounts head_counts(const Op& op);

// The keys of a sequence that mha or attention reads at all: where no row sees fewer than another,
// those in the window.
std::int64_t keys_read(const Op& op);

// Of the rows of operand `which` of any op, those that it reads: all but for k, v and k2 of mha and
// attention.
std::int64_t rows_read(const Op& op, std::size_t which, std::int64_t rows);

// Pairs of a row and a key that it sees, per sequence.
std::int64_t pairs_seen(const Op& op);

// The attributes that say so, without those that are as many as another.
std::map<std::string, double, std::less<>> head_attributes(const HeadCounts& counts);

}  // namespace systole
