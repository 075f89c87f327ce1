// SPDX-License-Identifier: Apache-2.0
// Which experts the tokens of a run go to. The choice is a constant of the scenario, the same in
// every layer: computed values never steer timing, and layers stay one loop.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace systole {

struct ExpertScenario {
  std::int64_t seed = 1;
  double imbalance = 1;  // how much likelier than the mean expert the likeliest one is drawn
  // 0: each expert computes the tokens it gets. Else each computes this many times its share,
  // filled up; a token whose expert is full goes to the next one that is not.
  double capacity = 0;
  std::vector<std::int64_t> given{};  // tokens x top experts, instead of drawn ones
  bool asked = false;                 // any of it was given: a model without experts refuses it
};

// A line per token with the numbers of its experts, separated by commas. Errors: exit status 3.
std::vector<std::int64_t> parse_experts(std::string_view csv, std::string_view where);

struct ExpertChoice {
  std::vector<std::int64_t>
      experts{};              // entry t * top + k: the k-th expert of token t, all different
  std::int64_t capacity = 0;  // rows that each expert computes; 0: what it has
};

// Probabilities of drawn experts fall geometrically from expert 0 on. Where only experts that a
// token has already are left with room, an earlier token goes to one of them instead. Errors: exit
// status 2 for an imbalance outside 1 .. experts or a capacity below 1 (other than 0); 3 for given
// experts of another number, out of range, twice for a token, or beyond the capacity.
ExpertChoice choose_experts(const ExpertScenario& scenario, std::int64_t tokens,
                            std::int64_t experts, std::int64_t top, std::string_view where);

}  // namespace systole
