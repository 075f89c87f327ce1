// SPDX-License-Identifier: Apache-2.0
#include "compiler/expert_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "compiler/graph_verifier.hpp"
#include "isa/error.hpp"
#include "isa/seeded.hpp"

namespace systole {
namespace {

// Sums of probabilities r^0, r^1, ... with r such that the first is `imbalance` times the mean.
std::vector<double> cumulative(std::int64_t experts, double imbalance) {
  const auto count = static_cast<double>(experts);
  double low = 0;
  double high = 1;
  for (int step = 0; step < 60; ++step) {
    const double r = (low + high) / 2;
    const double first = count * (1 - r) / (1 - std::pow(r, count));
    (first > imbalance ? low : high) = r;
  }
  const double r = imbalance <= 1 ? 1 : low;
  std::vector<double> sums;
  double weight = 1;
  double sum = 0;
  for (std::int64_t e = 0; e < experts; ++e, weight *= r) sums.push_back(sum += weight);
  return sums;
}

bool contains(const std::vector<std::int64_t>& experts, std::int64_t expert) {
  return std::find(experts.begin(), experts.end(), expert) != experts.end();
}

class Drawer {
 public:
  Drawer(const ExpertScenario& scenario, std::int64_t experts, std::int64_t most)
      : draw_(static_cast<std::uint64_t>(scenario.seed), "experts", 0),
        sums_(cumulative(experts, scenario.imbalance)),
        room_(static_cast<std::size_t>(experts), most) {}

  // One that is not among `taken`: the drawn one, or the next after it that has room; none where
  // only those of `taken` have.
  std::optional<std::int64_t> next(const std::vector<std::int64_t>& taken) {
    const double place = (static_cast<double>(draw_.unit(drawn_++)) + 1) / 2 * sums_.back();
    const auto at = std::upper_bound(sums_.begin(), sums_.end() - 1, place);
    const auto drawn = static_cast<std::size_t>(at - sums_.begin());
    for (std::size_t step = 0; step < room_.size(); ++step) {
      const std::size_t expert = (drawn + step) % room_.size();
      const auto number = static_cast<std::int64_t>(expert);
      if (room_[expert] == 0 || contains(taken, number)) continue;
      --room_[expert];
      return number;
    }
    return std::nullopt;
  }

  // Moves an expert of an earlier token, one that is not among `taken`, to one that has room, and
  // returns the moved one. Each token has `top` experts in `choice`.
  std::int64_t swap(const std::vector<std::int64_t>& taken, std::int64_t top,
                    std::vector<std::int64_t>& choice) {
    for (std::size_t free = 0; free < room_.size(); ++free) {
      if (room_[free] == 0) continue;
      const auto number = static_cast<std::int64_t>(free);
      for (auto first = choice.begin(); first != choice.end(); first += top) {
        if (std::find(first, first + top, number) != first + top) continue;
        const auto other =
            std::find_if(first, first + top, [&](std::int64_t e) { return !contains(taken, e); });
        if (other == first + top) continue;
        --room_[free];
        return std::exchange(*other, number);
      }
    }
    throw std::logic_error("experts with room for fewer rows than there are");
  }

 private:
  SeededTensor draw_;
  std::vector<double> sums_;
  std::vector<std::int64_t> room_;
  std::int64_t drawn_ = 0;
};

void check_given(const std::vector<std::int64_t>& given, std::int64_t tokens, std::int64_t experts,
                 std::int64_t top, std::int64_t most, std::string_view where) {
  if (std::ssize(given) != tokens * top) {
    bad_input(where, fmt::format("{} given experts", given.size()),
              fmt::format("{} for each of {} tokens: {}", top, tokens, tokens * top));
  }
  std::vector<std::int64_t> loads(static_cast<std::size_t>(experts), 0);
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::int64_t expert = given[i];
    const auto token = static_cast<std::int64_t>(i) / top;
    if (expert < 0 || expert >= experts) {
      bad_input(where, fmt::format("expert {} of token {}", expert, token),
                fmt::format("experts 0 to {}", experts - 1));
    }
    const auto first = given.begin() + token * top;
    if (std::count(first, first + top, expert) > 1) {
      bad_input(where, fmt::format("expert {} twice for token {}", expert, token),
                "different experts for a token");
    }
    if (++loads[static_cast<std::size_t>(expert)] > most) {
      bad_input(where, fmt::format("more than {} tokens of expert {}", most, expert),
                "at most the capacity of each expert");
    }
  }
}

// 0 where each expert computes what it has.
std::int64_t wanted_capacity(const ExpertScenario& scenario, std::int64_t tokens,
                             std::int64_t experts, std::int64_t top) {
  if (scenario.capacity == 0) return 0;
  const double share = static_cast<double>(tokens * top) / static_cast<double>(experts);
  return std::min(tokens, static_cast<std::int64_t>(std::ceil(scenario.capacity * share)));
}

}  // namespace

std::vector<std::int64_t> parse_experts(std::string_view csv, std::string_view where) {
  std::vector<std::int64_t> experts;
  std::int64_t line = 1;
  std::size_t at = 0;
  const auto fail = [&](std::string_view expected) {
    const std::size_t end = std::min(csv.find_first_of(",\n", at), csv.size());
    bad_input(fmt::format("{}:{}", where, line),
              fmt::format("'{}'", csv.substr(at, std::min<std::size_t>(end - at, 40))), expected);
  };
  while (at < csv.size()) {
    std::int64_t expert = 0;
    const auto [end, failed] = std::from_chars(csv.data() + at, csv.data() + csv.size(), expert);
    if (failed != std::errc{} || expert < 0) fail("the number of an expert");
    at = static_cast<std::size_t>(end - csv.data());
    experts.push_back(expert);
    if (std::ssize(experts) > kMaxTableValues) {
      fail(fmt::format("at most {} numbers", kMaxTableValues));
    }
    if (at < csv.size() && csv[at] == '\r') ++at;
    if (at == csv.size()) break;
    if (csv[at] != ',' && csv[at] != '\n') fail("a comma or the end of the line");
    if (csv[at] == '\n') ++line;
    ++at;
  }
  if (experts.empty()) {
    bad_input(where, "no numbers", "a line per token with the numbers of its experts");
  }
  return experts;
}

ExpertChoice choose_experts(const ExpertScenario& scenario, std::int64_t tokens,
                            std::int64_t experts, std::int64_t top, std::string_view where) {
  if (!(scenario.imbalance >= 1 && scenario.imbalance <= static_cast<double>(experts))) {
    usage_error(fmt::format("--expert-imbalance {}", scenario.imbalance),
                fmt::format("1 to the number of experts, {}", experts));
  }
  if (scenario.capacity != 0 && !(scenario.capacity >= 1)) {
    usage_error(fmt::format("--expert-capacity {}", scenario.capacity),
                "0 (as many rows as there are) or 1 and more");
  }
  ExpertChoice choice{.capacity = wanted_capacity(scenario, tokens, experts, top)};
  const std::int64_t most = choice.capacity == 0 ? tokens : choice.capacity;
  if (!scenario.given.empty()) {
    check_given(scenario.given, tokens, experts, top, most, where);
    choice.experts = scenario.given;
    return choice;
  }
  Drawer drawer(scenario, experts, most);
  choice.experts.reserve(static_cast<std::size_t>(tokens * top));
  for (std::int64_t t = 0; t < tokens; ++t) {
    std::vector<std::int64_t> taken;
    for (std::int64_t k = 0; k < top; ++k) {
      const std::optional<std::int64_t> expert = drawer.next(taken);
      taken.push_back(expert ? *expert : drawer.swap(taken, top, choice.experts));
    }
    choice.experts.insert(choice.experts.end(), taken.begin(), taken.end());
  }
  return choice;
}

}  // namespace systole
