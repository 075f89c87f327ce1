// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/campaign.hpp"

#include "catch.hpp"
#include "isa/assembly.hpp"
#include "isa/verifier.hpp"
#include "sim/witness/comparison.hpp"
#include "sim/witness/random_program.hpp"
#include "witness/planted.hpp"

using namespace systole;

namespace {

struct Found {
  std::int64_t programs = 0;
  std::size_t instructions = 0;  // of the smallest, halt apart
  Disagreement disagreement;
};

// The first program, of at most `most`, in which the tile level and `faulty` disagree.
Found find(const Witness& faulty, std::int64_t most) {
  const std::vector<Witness> witnesses{tile_level(), faulty};
  const ChipVariant base = preset_variant("tiny-4x4");
  for (std::int64_t n = 0; n < most; ++n) {
    const CampaignResult result = run_campaign(
        witnesses, base, {.seed = 1 + static_cast<std::uint64_t>(n), .programs = 1, .sizes = {}});
    if (!result.disagreement) continue;
    INFO(replay_text(*result.disagreement));
    CHECK(result.disagreements == 1);
    CHECK_FALSE(result.findings.empty());
    return {n + 1, result.disagreement->smallest.program.streams.at(0).size() - 1,
            *result.disagreement};
  }
  FAIL("no disagreement in " << most << " programs");
  return {};
}

}  // namespace

TEST_CASE("a semaphore that is a cycle late is found and reduced to a token") {
  const Found found = find(other_chip([](ChipSpec& chip) { ++chip.core.semaphore_latency; }), 5);
  INFO(replay_text(found.disagreement));
  CHECK(found.instructions <= 3);
}

TEST_CASE("a weight load of a line more is found and reduced to the load") {
  const Found found = find(faulty_pe({.weights =
                                          [](WeightOrder& order) {
                                            if (order.transposed) ++order.interval;
                                          }}),
                           20);
  INFO(replay_text(found.disagreement));
  CHECK(found.instructions == 1);
}

TEST_CASE("a feed that takes a cycle more for one extent only is found and reduced") {
  const Found found = find(faulty_pe({.matmul =
                                          [](MatmulOrder& order) {
                                            if (order.rows == 7) ++order.interval;
                                          }}),
                           60);
  INFO(replay_text(found.disagreement));
  CHECK(found.instructions <= 2);  // the weights, and the matmul
}

TEST_CASE("accumulators that are overwritten where they should be added to are found") {
  const Found found =
      find(faulty_pe({.matmul = [](MatmulOrder& order) { order.accumulate = false; }}), 30);
  INFO(replay_text(found.disagreement));
  CHECK(found.instructions <= 9);
}

TEST_CASE("an unload that loses its last row is found and reduced") {
  const Found found = find(faulty_pe({.unload =
                                          [](UnloadOrder& order) {
                                            if (order.rows > 1) --order.rows;
                                          }}),
                           40);
  INFO(replay_text(found.disagreement));
  CHECK(found.instructions <= 7);
}

TEST_CASE("witnesses that stop for the same reason do not agree, and have not run") {
  const std::vector<Witness> witnesses{stopping("one", "out of order"),
                                       stopping("two", "out of order")};
  const CampaignResult result =
      run_campaign(witnesses, preset_variant("tiny-4x4"), {.seed = 1, .programs = 3, .sizes = {}});
  CHECK(result.disagreements == 3);
  CHECK(result.runs == std::vector<std::int64_t>{0, 0});
  REQUIRE(result.findings.size() == 6);
  CHECK(result.findings[1] == "seed 1: the end: two says 'out of order'; expected it to halt");
  REQUIRE(result.disagreement);
  CHECK(result.disagreement->smallest.program.streams.at(0).size() == 1);  // its halt
}

TEST_CASE("a witness that stops is told apart from those that go on, which are still compared") {
  const Witness late = other_chip([](ChipSpec& chip) { ++chip.core.issue_interval; });
  const RandomCase drawn = random_case(1, preset_variant("tiny-4x4"), {});
  const Comparison compared =
      compare({stopping("one", "stuck"), tile_level(), late}, drawn.chip.spec, drawn.program);
  REQUIRE(compared.differences.size() == 2);
  CHECK(compared.differences[0] == "the end: one says 'stuck'; expected it to halt");
  CHECK(compared.differences[1].find("tile") != std::string::npos);
  CHECK(compare({tile_level()}, drawn.chip.spec, drawn.program).differences.empty());
}

TEST_CASE("a reduced program is legal, disagrees when it is run again, and is replayed as text") {
  const Witness late = other_chip([](ChipSpec& chip) { ++chip.vpu.latency; });
  const Found found = find(late, 5);
  const TimingCase& smallest = found.disagreement.smallest;
  const std::string text = replay_text(found.disagreement);
  INFO(text);
  const Program again = parse_program(text, "replay.sasm");
  CHECK(again == smallest.program);
  ChipVariant chip = preset_variant(smallest.chip.base);
  for (const std::string& override : smallest.chip.overrides) {
    const std::size_t equals = override.find('=');
    chip = with(chip, override.substr(0, equals), override.substr(equals + 1));
  }
  verify_program(chip.spec, 0, again, "replay.sasm");
  const Comparison compared = compare({tile_level(), late}, chip.spec, again);
  REQUIRE(compared.differences.size() == 1);
  CHECK(compared.differences[0] == found.disagreement.smallest_difference);
  CHECK(text.find(flags_of(chip)) != std::string::npos);
}
