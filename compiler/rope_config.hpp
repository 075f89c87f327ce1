// SPDX-License-Identifier: Apache-2.0
// The rotary embedding of a config.json.
#pragma once

#include <cstdint>

#include "compiler/config_reader.hpp"
#include "compiler/rope_frequencies.hpp"

namespace systole {

// Reads rope_theta (10000 where it is absent) and its scaling: null, rope_scaling with rope_type or
// the older type, or rope_parameters, which may hold rope_theta as well. Errors: exit status 3.
// Taken: partial_rotary_factor gives the share of a head's columns that are turned, which
// RopeScaling::head_dim then is; the scaling must leave their size as it is.
enum class PartialRope : std::uint8_t { kRefused, kTaken };
RopeScaling read_rope(const ConfigReader& read, std::int64_t head_dim, std::int64_t max_positions,
                      PartialRope partial = PartialRope::kRefused);

}  // namespace systole
