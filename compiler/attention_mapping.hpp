// SPDX-License-Identifier: Apache-2.0
// The search for an attention's mapping: which heads run side by side, and how many queries and
// keys at a time.
#pragma once

#include "compiler/graph.hpp"
#include "compiler/mapping.hpp"

namespace systole {

// The mapping with the lowest estimate that fits `vmem` bytes and the accumulators. Throws Error
// (kBadInput) where none fits; the message names the op.
AttentionMapping map_attention(const ChipSpec& chip, const Graph& graph, const Op& op, Bytes vmem);

// Bytes of VMEM that a mapping's buffers take, without their alignment.
Bytes attention_vmem(const AttentionMapping& mapping, const ChipSpec& chip);

// Pairs of a query (of whole blocks) and a key that a mapping computes for a head of a sequence; of
// heads that are the rows of a lane, for all of them.
std::int64_t attention_pairs(const AttentionMapping& mapping, const ChipSpec& chip);

// Rows of each MXU's accumulators that a mapping takes.
std::int64_t attention_acc_rows(const AttentionMapping& mapping, const ChipSpec& chip);

}  // namespace systole
