// SPDX-License-Identifier: Apache-2.0
// DeepSeek-V2, V3 and R1, and Kimi-K2, which is shaped as V3: multi-head latent attention
// (arXiv 2405.04434, section 2.1) and experts beside shared ones.
//
// A token's keys and values of all heads come of one vector c of kv_lora_rank numbers, and of a
// rotated key of qk_rope_head_dim that all heads share; the cache holds these. Prefill multiplies
// the c of all tokens with kv_b_proj, to a key and a value per head. A step of a decoder multiplies
// instead each head's q with that head's part of kv_b_proj for keys, attends to c itself, which is
// key and value, and multiplies the result with the head's part for values: the same sums in
// another order (section 2.1.2: "absorbed"). A score is that of the part without positions plus
// that of the rotated one.
//
// Columns lie in another order than in a checkpoint, which changes no product: those of q first
// without positions for all heads, then rotated ones; those of kv_b_proj first keys, then values;
// pairs that are turned half a head apart instead of neighbours.
#pragma once

#include <string_view>

#include "compiler/config_reader.hpp"
#include "compiler/import.hpp"

namespace systole {

// Logits of the last position of each sequence. Layers that predict further tokens
// (num_nextn_predict_layers) are no part of it. Errors: exit status 3.
Graph import_deepseek(const ConfigReader& read, std::string_view name, const Scenario& scenario);

}  // namespace systole
