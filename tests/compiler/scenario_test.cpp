// SPDX-License-Identifier: Apache-2.0
#include "compiler/scenario.hpp"

#include "catch.hpp"
#include "compiler/graph_verifier.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

Refusal checked(const Scenario& scenario) {
  try {
    check_scenario(scenario, "m.json");
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {};
}

Refusal limited(const Scenario& scenario, const ModelLimits& limits) {
  try {
    check_limits(scenario, limits, "m.json");
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {};
}

const ModelLimits kHundred{.positions_key = "max_position_embeddings", .positions = 100};

}  // namespace

TEST_CASE("prefill takes --seq and decode takes --context, never both") {
  CHECK(checked(prefill(1)).code == ExitCode::kDone);
  CHECK(checked(decode(1)).code == ExitCode::kDone);
  for (const std::int64_t length : {0, -1}) {
    CHECK(checked(prefill(length)).code == ExitCode::kUsage);
    CHECK_THAT(checked(prefill(length)).message, contains("--seq"));
    CHECK(checked(decode(length)).code == ExitCode::kUsage);
    CHECK_THAT(checked(decode(length)).message, contains("--context"));
  }
  Scenario both = prefill(4);
  both.context = 3;
  CHECK_THAT(checked(both).message, contains("--context belongs to decode"));
  CHECK(checked(both).code == ExitCode::kUsage);
  both = decode(3);
  both.seq = 4;
  CHECK_THAT(checked(both).message, contains("--seq belongs to prefill"));
  CHECK(checked(both).code == ExitCode::kUsage);
}

TEST_CASE("a phase, a batch and a type that there are not are refused") {
  Scenario scenario = prefill(4);
  scenario.phase = "train";
  CHECK_THAT(checked(scenario).message, contains("--phase prefill or decode"));
  CHECK(checked(scenario).code == ExitCode::kUsage);
  CHECK(checked(prefill(4, 0)).code == ExitCode::kUsage);
  CHECK(checked(prefill(4, 1, DataType::kInt8)).code == ExitCode::kDone);
  for (const DataType type :
       {DataType::kFp32, DataType::kInt32, DataType::kFp8E4m3, DataType::kFp8E5m2}) {
    CHECK(checked(prefill(4, 1, type)).code == ExitCode::kBadInput);
    CHECK_THAT(checked(prefill(4, 1, type)).message,
               contains(std::string(name_of(type)) + " transformers") && contains("bf16 or int8"));
  }
}

TEST_CASE("a sequence has at most the model's positions, the step's own token included") {
  CHECK(limited(prefill(100), kHundred).code == ExitCode::kDone);
  CHECK(limited(prefill(101), kHundred).message ==
        "m.json: found --seq 101; expected at most 100 (max_position_embeddings = 100)");
  CHECK(limited(decode(99), kHundred).code == ExitCode::kDone);
  CHECK(limited(decode(100), kHundred).message ==
        "m.json: found --context 100; expected at most 99, and the step's own token "
        "(max_position_embeddings = 100)");
  CHECK(limited(decode(100), kHundred).code == ExitCode::kBadInput);
  CHECK(limited(decode(std::int64_t{9223372036854775807}), kHundred).code == ExitCode::kBadInput);
}

TEST_CASE("an encoder has no decode") {
  ModelLimits limits = kHundred;
  limits.encoder = true;
  CHECK(limited(prefill(4), limits).code == ExitCode::kDone);
  CHECK(limited(decode(4), limits).code == ExitCode::kBadInput);
  CHECK_THAT(limited(decode(4), limits).message, contains("of an encoder"));
}

TEST_CASE("tokens and rows of KV cache are bounded") {
  const std::int64_t most = kMaxTableValues / 4;
  CHECK(limited(prefill(4, most), kHundred).code == ExitCode::kDone);
  CHECK(limited(prefill(4, most + 1), kHundred).code == ExitCode::kBadInput);
  ModelLimits longer = kHundred;
  longer.positions = 1 << 20;
  CHECK(limited(decode((1 << 20) - 1, 2048), longer).code == ExitCode::kDone);
  CHECK_THAT(limited(decode((1 << 20) - 1, 2049), longer).message,
             contains("at most 2048 sequences"));
}

TEST_CASE("a step is the sequence in prefill and one token in decode") {
  CHECK(step_of(prefill(7)) == 7);
  CHECK(keys_of(prefill(7)) == 7);
  CHECK(step_of(decode(7)) == 1);
  CHECK(keys_of(decode(7)) == 8);
}

TEST_CASE("layers of a scenario are some of the model's, the last one included") {
  ModelLimits limits = kHundred;
  limits.layers = 12;
  Scenario scenario = prefill(4);
  const auto with = [&](std::int64_t first, std::int64_t end) {
    scenario.layers = {first, end};
    return limited(scenario, limits);
  };
  CHECK(with(0, 12).code == ExitCode::kDone);
  CHECK(with(11, 12).code == ExitCode::kDone);
  CHECK(with(11, 13).message ==
        "m.json: found --layers 11:13; expected at most 12 layers, --layers 0:12");
  CHECK(with(11, 13).code == ExitCode::kBadInput);
  CHECK(with(3, 3).code == ExitCode::kUsage);
  CHECK(with(3, 2).code == ExitCode::kUsage);
  CHECK(with(-1, 2).code == ExitCode::kUsage);
  limits.layers = 0;
  CHECK_THAT(with(0, 1).message, contains("are not supported"));
}
