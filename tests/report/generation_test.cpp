// SPDX-License-Identifier: Apache-2.0
// Figures of a generation are those of its runs; what was not simulated lies between what was.
#include "sim/report/generation.hpp"

#include "catch.hpp"

using namespace systole;

namespace {

RunCost cost(double cycles) {
  return {cycles, cycles / 1000, cycles / 1e6, {{"g", "rated", "s", 2 * cycles, 3 * cycles}}};
}

Generation generation_of(std::vector<DecodeStep> steps, std::int64_t batch = 1) {
  Generation generation{.batch = batch,
                        .prefill = {},
                        .first_step = {},
                        .last_step = {},
                        .prefill_cost = {},
                        .steps = {}};
  generation.prefill_cost = cost(5000);
  generation.steps = std::move(steps);
  return generation;
}

}  // namespace

TEST_CASE("the first and the last step are simulated, and no more than were asked for") {
  CHECK(simulated_steps(1, 17) == std::vector<std::int64_t>{0});
  CHECK(simulated_steps(2, 2) == std::vector<std::int64_t>{0, 1});
  CHECK(simulated_steps(5, 5) == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  CHECK(simulated_steps(5, 4) == std::vector<std::int64_t>{0, 1, 3, 4});
  CHECK(simulated_steps(100, 2) == std::vector<std::int64_t>{0, 99});
  for (std::int64_t count = 2; count < 70; ++count) {
    for (std::int64_t most = 2; most < 20; ++most) {
      const std::vector<std::int64_t> steps = simulated_steps(count, most);
      INFO(count << " steps, at most " << most);
      CHECK(std::ssize(steps) == std::min(count, most));
      CHECK(steps.front() == 0);
      CHECK(steps.back() == count - 1);
      const auto gap = [&](std::size_t k) { return steps[k] - steps[k - 1]; };
      std::int64_t least = count, largest = 0;
      for (std::size_t k = 1; k < steps.size(); ++k) {
        least = std::min(least, gap(k));
        largest = std::max(largest, gap(k));
      }
      CHECK(least >= 1);
      CHECK(largest - least <= 1);
    }
  }
}

TEST_CASE("a step that was not simulated lies on the line between its neighbours, as an estimate") {
  const std::vector<DecodeStep> steps =
      all_steps(100, 6, {{0, cost(1000)}, {1, cost(1100)}, {5, cost(1500)}});
  REQUIRE(steps.size() == 6);
  for (std::int64_t s = 0; s < 6; ++s) {
    const DecodeStep& step = steps[static_cast<std::size_t>(s)];
    CHECK(step.context == 100 + s);
    CHECK(step.cost.cycles == 1000 + 100 * static_cast<double>(s));
    CHECK(step.cost.baselines.at(0).time_us == Approx(2 * step.cost.cycles));
    CHECK(step.cost.baselines.at(0).energy_j == Approx(3 * step.cost.cycles));
    CHECK(step.estimate == (s > 1 && s < 5));
  }
  CHECK_THROWS(all_steps(1, 3, {{0, cost(1)}}));  // the last one is missing
}

TEST_CASE("TTFT is the prefill's time, TPOT the mean of the steps', and tokens are counted once") {
  const Generation one = generation_of(all_steps(7, 1, {{0, cost(2000)}}));
  CHECK(one.ttft_us() == 5);
  CHECK(one.tpot_us() == 2);
  CHECK(one.tokens() == 2);
  CHECK(one.cycles() == 7000);
  CHECK(one.tokens_per_s() == Approx(2 / 7e-6));
  CHECK(one.decode_tokens_per_s() == Approx(1 / 2e-6));
  const Generation more = generation_of(all_steps(7, 3, {{0, cost(1000)}, {2, cost(3000)}}), 4);
  CHECK(more.tokens() == 16);
  CHECK(more.simulated() == 2);
  CHECK(more.cycles() == 11000);
  CHECK(more.tpot_us() == 2);
  CHECK(more.energy_j() == Approx(0.011));
  CHECK(more.decode_tokens_per_s() == Approx(12 / 6e-6));
  CHECK(steps_csv(more) ==
        "context,cycles,time_us,energy_j,estimate\n7,1000,1,0.001,false\n8,2000,2,0.002,true\n"
        "9,3000,3,0.003,false\n");
}
