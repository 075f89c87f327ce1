// SPDX-License-Identifier: Apache-2.0
#include "compiler/expert_choice.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "catch.hpp"
#include "compiler/expert_tiles.hpp"
#include "compiler/text_matchers.hpp"
#include "isa/error.hpp"

using namespace systole;

namespace {

std::vector<std::int64_t> loads(const ExpertChoice& choice, std::int64_t experts) {
  return expert_loads(choice.experts, experts);
}

std::string refusal(const ExpertScenario& scenario, ExitCode code, std::int64_t tokens = 3,
                    std::int64_t experts = 4, std::int64_t top = 2) {
  try {
    choose_experts(scenario, tokens, experts, top, "m.json");
  } catch (const Error& e) {
    CHECK(e.code() == code);
    return e.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("each token goes to as many different experts as the model says") {
  for (const std::int64_t top : {1, 2, 7, 8}) {
    for (const double imbalance : {1.0, 3.0, 8.0}) {
      ExpertScenario scenario;
      scenario.imbalance = imbalance;
      const ExpertChoice choice = choose_experts(scenario, 100, 8, top, "m");
      REQUIRE(std::ssize(choice.experts) == 100 * top);
      for (auto at = choice.experts.begin(); at != choice.experts.end(); at += top) {
        const std::set<std::int64_t> of_token(at, at + top);
        CHECK(std::ssize(of_token) == top);
        CHECK(*of_token.begin() >= 0);
        CHECK(*of_token.rbegin() < 8);
      }
    }
  }
}

TEST_CASE("a seed draws the same experts every time, another seed others") {
  ExpertScenario scenario;
  const auto drawn = [&](std::int64_t seed) {
    scenario.seed = seed;
    return choose_experts(scenario, 50, 16, 4, "m").experts;
  };
  CHECK(drawn(1) == drawn(1));
  CHECK(drawn(1) != drawn(2));
}

TEST_CASE("with one expert per token, the likeliest one gets as much more as the imbalance says") {
  constexpr std::int64_t kTokens = 20000;
  for (const double imbalance : {1.0, 1.5, 4.0, 12.0}) {
    ExpertScenario scenario;
    scenario.imbalance = imbalance;
    const auto load = loads(choose_experts(scenario, kTokens, 16, 1, "m"), 16);
    CHECK(static_cast<double>(load[0]) == Approx(imbalance * kTokens / 16).epsilon(0.06));
    if (imbalance > 1) CHECK(load[0] > load[4]);
  }
}

TEST_CASE("with a capacity no expert computes more, and all compute as much") {
  for (const double capacity : {1.0, 1.25, 2.0}) {
    for (const std::int64_t tokens : {1, 7, 64, 1000}) {
      ExpertScenario scenario;
      scenario.capacity = capacity;
      scenario.imbalance = 3;
      const ExpertChoice choice = choose_experts(scenario, tokens, 8, 2, "m");
      const auto load = loads(choice, 8);
      CHECK(choice.capacity >= *std::max_element(load.begin(), load.end()));
      CHECK(choice.capacity ==
            std::min<std::int64_t>(tokens, static_cast<std::int64_t>(std::ceil(
                                               capacity * static_cast<double>(tokens) / 4))));
      for (std::size_t t = 0; t < choice.experts.size(); t += 2) {
        CHECK(choice.experts[t] != choice.experts[t + 1]);
      }
    }
  }
  CHECK(choose_experts({}, 64, 8, 2, "m").capacity == 0);
}

TEST_CASE("given experts are taken as they are, where they can be") {
  ExpertScenario scenario;
  scenario.given = {0, 1, 1, 2, 3, 0};
  CHECK(choose_experts(scenario, 3, 4, 2, "m").experts == scenario.given);
  scenario.given = {0, 1, 1, 2};
  CHECK_THAT(refusal(scenario, ExitCode::kBadInput), contains("found 4 given experts; expected 2"));
  scenario.given = {0, 1, 1, 2, 3, 4};
  CHECK_THAT(refusal(scenario, ExitCode::kBadInput), contains("expert 4 of token 2"));
  scenario.given = {0, 1, 2, 2, 3, 0};
  CHECK_THAT(refusal(scenario, ExitCode::kBadInput), contains("expert 2 twice for token 1"));
  scenario.given = {0, 1, 0, 2, 3, 0};
  scenario.capacity = 1;
  CHECK_THAT(refusal(scenario, ExitCode::kBadInput), contains("more than 2 tokens of expert 0"));
}

TEST_CASE("an imbalance lies between 1 and the number of experts, a capacity is 0 or from 1 on") {
  ExpertScenario scenario;
  for (const double imbalance : {0.99, 4.01, -1.0}) {
    scenario.imbalance = imbalance;
    CHECK_THAT(refusal(scenario, ExitCode::kUsage), contains("--expert-imbalance"));
  }
  scenario.imbalance = 4;
  CHECK(refusal(scenario, ExitCode::kUsage) == "none");
  for (const double capacity : {0.99, -1.0}) {
    scenario.capacity = capacity;
    CHECK_THAT(refusal(scenario, ExitCode::kUsage), contains("--expert-capacity"));
  }
}

TEST_CASE("a file of experts is read line by line, and refused with the line") {
  CHECK(parse_experts("0,1\n2,3\r\n4,5", "e.csv") == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});
  const auto found = [](const char* text) {
    try {
      parse_experts(text, "e.csv");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  CHECK_THAT(found("0,1\n2,x\n"), contains("e.csv:2: found 'x'"));
  CHECK_THAT(found("0,-1"), contains("e.csv:1: found '-1'"));
  CHECK_THAT(found("0;1"), contains("a comma or the end of the line"));
  CHECK_THAT(found(""), contains("no numbers"));
  CHECK_THAT(found("99999999999999999999"), contains("the number of an expert"));
}

TEST_CASE("tiles hold rows of one expert each, every row once") {
  const std::vector<std::int64_t> experts{1, 2, 1, 1, 2, 4};
  const ExpertTiles tiles = expert_tiles(experts, 5, 0, 2);
  CHECK(tiles.expert == std::vector<std::int64_t>{1, 1, 2, 4});
  CHECK(tiles.computed == std::vector<std::int64_t>{2, 1, 2, 1});
  CHECK(tiles.stored == tiles.computed);
  CHECK(tiles.rows == std::vector<std::int64_t>{0, 2, 3, 0, 1, 4, 5, 0});
  const ExpertTiles full = expert_tiles(experts, 5, 3, 2);
  CHECK(full.expert == std::vector<std::int64_t>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4});
  CHECK(full.computed == std::vector<std::int64_t>{2, 1, 2, 1, 2, 1, 2, 1, 2, 1});
  CHECK(full.stored == std::vector<std::int64_t>{0, 0, 2, 1, 2, 0, 0, 0, 1, 0});
  CHECK(computed_rows(experts, 5, 0) == std::vector<std::int64_t>{3, 2, 1});
  CHECK(computed_rows(experts, 5, 3) == std::vector<std::int64_t>{3, 3, 3, 3, 3});
}
