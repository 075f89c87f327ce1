// SPDX-License-Identifier: Apache-2.0
// The mappings of an attention that the search looks at, whether they fit or not.
#pragma once

#include <vector>

#include "compiler/mapping.hpp"

namespace systole {

// Lanes that share a KV head, KV heads side by side, and, of one query per sequence, sequences and
// parts of the keys side by side; see AttentionMapping. `a` has the shape of the attention.
std::vector<AttentionMapping> lane_choices(const ChipSpec& chip, AttentionMapping a);

// Queries and keys at a time, and their slots. Nothing much larger than the sequence is considered.
std::vector<AttentionMapping> block_choices(const ChipSpec& chip, AttentionMapping a);

}  // namespace systole
