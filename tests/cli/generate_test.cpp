// SPDX-License-Identifier: Apache-2.0
// A generation is its prefill and its decode steps, each as it is by itself.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

std::string config_of(const std::string& name) {
  return SYSTOLE_SOURCE_ROOT "/tests/configs/" + name + ".json";
}

Outcome run(std::vector<std::string> arguments, const std::string& model = config_of("llama")) {
  arguments.insert(arguments.begin(), {"run", model, "--chip", "tiny-4x4"});
  return run_program(arguments);
}

Json result_of(std::vector<std::string> arguments, const std::string& model = config_of("llama")) {
  arguments.emplace_back("--json");
  const Outcome outcome = run(std::move(arguments), model);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  return Json::parse(outcome.out);
}

void refused(const std::vector<std::string>& arguments, int status, const std::string& part) {
  const Outcome outcome = run(arguments);
  INFO(outcome.err);
  CHECK(outcome.status == status);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("the runs of a generation are the runs by themselves, with a context that grows by one") {
  const Json json = result_of({"--seq", "6", "--generate", "4", "--batch", "2"});
  CHECK(json["schema"] == "systole.generation/1");
  CHECK(json["estimate"] == false);
  const Json prefill = result_of({"--seq", "6", "--batch", "2"});
  CHECK(json["prefill"] == prefill);
  CHECK(json["ttft_us"] == prefill["time_us"]);
  std::int64_t cycles = prefill["cycles"];
  REQUIRE(json["steps"].size() == 4);
  for (int s = 0; s < 4; ++s) {
    const Json& step = json["steps"][static_cast<std::size_t>(s)];
    const Json alone =
        result_of({"--phase", "decode", "--context", std::to_string(6 + s), "--batch", "2"});
    CHECK(step["context"] == 6 + s);
    CHECK(step["cycles"] == alone["cycles"]);
    cycles += alone["cycles"].get<std::int64_t>();
    if (s == 0) CHECK(json["first_step"] == alone);
    if (s == 3) CHECK(json["last_step"] == alone);
  }
  CHECK(json["cycles"] == cycles);
  CHECK(json["tokens"] == 10);
  CHECK(json["tpot_us"]["first"] == json["steps"][0]["time_us"]);
  CHECK(json["tpot_us"]["last"] == json["steps"][3]["time_us"]);
  CHECK(json["tokens_per_s"].get<double>() == Approx(10 / (json["time_us"].get<double>() * 1e-6)));
  CHECK(json["scenario"]["phase"] == "generation");
  CHECK(json["scenario"]["generate"] == 4);
}

TEST_CASE("steps that were not simulated are called estimates, in text and JSON") {
  const Json every = result_of({"--seq", "6", "--generate", "9"});
  const Json some = result_of({"--seq", "6", "--generate", "9", "--simulated-steps", "3"});
  CHECK(some["estimate"] == true);
  CHECK(some["simulated_steps"] == 3);
  for (const int s : {0, 4, 8}) {
    CHECK(some["steps"][static_cast<std::size_t>(s)] ==
          every["steps"][static_cast<std::size_t>(s)]);
  }
  CHECK(some["steps"][1]["estimate"] == true);
  const double line =
      (3 * some["steps"][0]["time_us"].get<double>() + some["steps"][4]["time_us"].get<double>()) /
      4;
  CHECK(some["steps"][1]["time_us"].get<double>() == Approx(line));
  const std::string text = run({"--seq", "6", "--generate", "9", "--simulated-steps", "3"}).out;
  CHECK(text.find("3 of 9 decode steps; the others are an estimate") != std::string::npos);
  CHECK(run({"--seq", "6", "--generate", "9"}).out.find("estimate") == std::string::npos);
}

TEST_CASE("a generation after an encoder starts with the token that its prefill has decoded") {
  const Json json = result_of({"--seq", "7", "--generate", "2", "--check"}, config_of("t5"));
  CHECK(json["steps"][0]["context"] == 1);
  CHECK(json["steps"][1]["context"] == 2);
  CHECK(json["first_step"]["scenario"]["seq"] == 7);
  CHECK(json["first_step"]["check"]["passed"] == true);
}

TEST_CASE("GPUs get the prefill and every step, too, and a report has the steps") {
  const Scratch scratch;
  const Json json =
      result_of({"--seq", "6", "--generate", "3", "--vs", "h100", "--report", scratch / "out"});
  const Json& gpu = json["baselines"][0];
  CHECK(gpu["gpu"] == "h100");
  CHECK(gpu["time_us"].get<double>() ==
        Approx(gpu["ttft_us"].get<double>() + 3 * gpu["tpot_us"].get<double>()));
  CHECK(gpu["ttft_us"] == json["prefill"]["baselines"][0]["time_us"]);
  CHECK(Json::parse(file_bytes(scratch / "out/result.json")) == json);
  CHECK(file_bytes(scratch / "out/steps.csv").rfind("context,cycles,", 0) == 0);
  CHECK(file_bytes(scratch / "out/report.txt").find("TPOT ") != std::string::npos);
}

TEST_CASE("what a generation cannot do is refused before anything is simulated") {
  refused({"--generate", "3"}, 2, "--seq");
  refused({"--generate", "0", "--seq", "4"}, 2, "--generate");
  refused({"--generate", "3", "--seq", "4", "--phase", "prefill"}, 2, "no phase");
  refused({"--generate", "3", "--seq", "4", "--context", "4"}, 2, "--context for a generation");
  refused({"--simulated-steps", "3", "--seq", "4"}, 2, "without --generate");
  refused({"--generate", "3", "--seq", "4", "--simulated-steps", "1"}, 2, "from 2");
  for (const char* flag : {"--values", "--trace"}) {
    std::vector<std::string> arguments{"--generate", "3", "--seq", "4", flag};
    if (std::string{flag} == "--trace") arguments.emplace_back("/dev/null");
    refused(arguments, 2, std::string{flag} + " with --generate");
  }
  // The last step is beyond the model's 37 positions: its context would be 37.
  CHECK(run({"--generate", "3", "--seq", "34"}).status == 0);
  refused({"--generate", "4", "--seq", "34"}, 3, "max_position_embeddings");
  refused({"--generate", "2", "--seq", "4", "--max-cycles", "10"}, 4, "");
  const Outcome encoder = run({"--generate", "2", "--seq", "4"}, config_of("bert"));
  CHECK(encoder.status == 3);
  CHECK(run({"--generate", "2"}, "gemm:8x8x8").status == 2);
}
