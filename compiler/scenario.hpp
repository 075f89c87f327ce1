// SPDX-License-Identifier: Apache-2.0
// What a scenario (compiler/import.hpp) must have, and what a model allows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/import.hpp"

namespace systole {

inline bool is_decode(const Scenario& scenario) { return scenario.phase == "decode"; }

// Rows of each sequence that a run processes, and the rows of K and V that they attend to.
std::int64_t step_of(const Scenario& scenario);
std::int64_t keys_of(const Scenario& scenario);

// A phase, with the length that belongs to it and no other, a batch and a type. Errors: exit status
// 2, and 3 for a type that models do not have.
// `source`: decode has the length of an encoder's text, too.
void check_scenario(const Scenario& scenario, std::string_view where, bool source = false);

struct ModelLimits {
  std::string positions_key;   // of the config.json, for messages
  std::int64_t positions = 0;  // that a sequence may have
  bool encoder = false;        // sees whole sequences: there is no decode
  std::int64_t layers = 0;     // of which a scenario may take some; 0: it may not
};

// Errors: exit status 3, with the most that the model allows.
void check_limits(const Scenario& scenario, const ModelLimits& limits, std::string_view where);

}  // namespace systole
