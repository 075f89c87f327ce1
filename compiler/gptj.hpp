// SPDX-License-Identifier: Apache-2.0
// GPT-J (Wang and Komatsuzaki 2021, github.com/kingoflolz/mesh-transformer-jax).
#pragma once

#include <string_view>

#include "compiler/config_reader.hpp"
#include "compiler/import.hpp"

namespace systole {

// Embedding, layers as the repeated section, in which attention and MLP read the same norm and are
// added together, and the output head, with its bias, for each sequence's last position.
//
// The first rotary_dim columns of each head are turned, columns 2 j and 2 j + 1 by j's frequency.
// Here columns j and j + half of a head are a pair: q and k have their columns in the order 0, 2,
// 4, ... and 1, 3, 5, ... of each head, which leaves q . k^T as it is, and pairs past rotary_dim
// turn by 0 per position. Precondition: check_scenario() has passed. Errors: exit status 3.
Graph import_gptj(const ConfigReader& read, std::string_view name, const Scenario& scenario);

}  // namespace systole
