// SPDX-License-Identifier: Apache-2.0
// T5 (Raffel et al., arXiv 1910.10683).
#pragma once

#include <string_view>

#include "compiler/config_reader.hpp"
#include "compiler/import.hpp"

namespace systole {

// Prefill: the encoder over Scenario::seq tokens, and the decoder's first token. Decode: one token
// of the decoder after Scenario::context others, with the keys and values of an encoded text of
// Scenario::seq tokens in caches. Encoder and decoder are a repeated section each. Biases of
// relative positions are added to the scores: one number per head, row and key, which is a look-up
// in the model's table of buckets that the host does once; the same for all layers. Precondition:
// check_scenario() has passed. Errors: exit status 3.
Graph import_t5(const ConfigReader& read, std::string_view name, const Scenario& scenario);

}  // namespace systole
