// SPDX-License-Identifier: Apache-2.0
// Scenarios as flags and as files: one table of keys, and results that say how they were run.
#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"
#include "isa/error.hpp"
#include "sim/cli/scenario_file.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

std::string refused(const std::string& yaml) {
  try {
    parse_scenario(yaml, "s.yaml");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    return error.what();
  }
  return {};
}

Outcome run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  return run_program(arguments);
}

Json result_of(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const Outcome outcome = run(std::move(arguments));
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  return Json::parse(outcome.out);
}

std::string config_of(const std::string& name) {
  return SYSTOLE_SOURCE_ROOT "/tests/configs/" + name + ".json";
}

// A value that the key takes.
std::string sample(const ScenarioKeyRow& row) {
  if (!row.values.empty()) return values_of(row).back();
  if (is_switch(row)) return "true";
  return row.name == "layers" ? "1:3" : "2";
}

}  // namespace

TEST_CASE("every key of the table is a flag of run and compile, and a key of a file") {
  const std::string run_help = run_program({"run", "--help"}).out;
  const std::string compile_help = run_program({"compile", "--help"}).out;
  for (const ScenarioKeyRow& row : scenario_keys()) {
    INFO(row.name);
    CHECK(run_help.find(flag_of(row)) != std::string::npos);
    CHECK(compile_help.find(flag_of(row)) != std::string::npos);
    const ScenarioFlags flags =
        parse_scenario(std::string(row.name) + ": " + sample(row) + "\n", "s.yaml");
    for (const ScenarioKeyRow& other : scenario_keys()) {
      CHECK(given(flags, other) == (other.name == row.name));
    }
  }
}

TEST_CASE("a scenario file says what a line is wrong, and what was expected") {
  CHECK(refused("phase: decode\ncontxt: 4\n")
            .find("s.yaml:2:1: found key 'contxt'; did you mean "
                  "'context'?; expected one of: phase, ") == 0);
  CHECK(refused("batch: 0\n") ==
        "s.yaml:1:8: found batch '0'; expected a whole number from 1 to 2147483648");
  CHECK(refused("phase: decod\n").find("s.yaml:1:8: found phase 'decod'; did you mean 'decode'?") ==
        0);
  CHECK(refused("batch: 2\nbatch: 3\n").find("s.yaml:2:1") == 0);
  CHECK(refused("batch:\n  seq: 3\n") == "s.yaml:1:1: found a map for batch; expected a value");
  CHECK(refused("ignore_capacity: yes\n").find("one of: true, false") != std::string::npos);
  CHECK(refused("layers: 3:3\n").find("which is no layer") != std::string::npos);
  CHECK(refused("layers: 4:3\n").find("which ends before it begins") != std::string::npos);
  for (const char* text : {"3", "3:", ":3", "a:b", "-1:3", "1:2:3", "1: 2"}) {
    CHECK(refused("layers: \"" + std::string(text) + "\"\n").find("expected A:B") !=
          std::string::npos);
  }
  CHECK(refused("").find("no keys") != std::string::npos);
}

TEST_CASE("a flag wins over the same key of the file, and files lie beside it") {
  const ScenarioFlags file = parse_scenario("seq: 5\nbatch: 3\nexperts: e.csv\n", "a/s.yaml");
  CHECK(file.experts == "a/e.csv");
  ScenarioFlags flags;
  flags.seq = 7;
  const ScenarioFlags both = joined(flags, file);
  CHECK(both.seq == 7);
  CHECK(both.batch == 3);
}

TEST_CASE("a run by file is the run by flags") {
  const Scratch scratch;
  const std::string file = scratch.file("s.yaml", "phase: decode\ncontext: 9\nbatch: 2\n");
  const std::vector<std::string> model{config_of("llama"), "--chip", "tiny-4x4"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), model.begin(), model.end());
    return result_of(std::move(more));
  };
  const Json by_flags = with({"--phase", "decode", "--context", "9", "--batch", "2"});
  CHECK(with({"--scenario", file}) == by_flags);
  CHECK(with({"--scenario", file, "--batch", "1"})["scenario"]["batch"] == 1);
  CHECK(run({config_of("llama"), "--chip", "tiny-4x4", "--scenario", scratch / "none"}).status ==
        3);
  CHECK(run({"gemm:8x8x8", "--chip", "tiny-4x4", "--scenario", file}).status == 2);
}

TEST_CASE("a result says which layers were run, of how many") {
  const Json json =
      result_of({config_of("llama"), "--chip", "tiny-4x4", "--seq", "5", "--layers", "1:2"});
  CHECK(json["scenario"]["layers"] == "1:2");
  CHECK(json["scenario"]["layers_of"].get<int>() >= 3);
  const std::string text =
      run({config_of("llama"), "--chip", "tiny-4x4", "--seq", "5", "--layers", "1:2"}).out;
  CHECK(text.find(", bf16, layers 1:2 of ") != std::string::npos);
  for (const char* workload : {"gemm:8x8x8", "x.sgr", "x.sasm"}) {
    const Outcome outcome = run({workload, "--chip", "tiny-4x4", "--layers", "0:1"});
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("--layers for '") != std::string::npos);
  }
}

TEST_CASE("a result of a model with experts says how they were chosen, and no other does") {
  const Json drawn = result_of({config_of("mixtral"), "--chip", "tiny-4x4", "--seq", "5",
                                "--expert-seed", "9", "--expert-imbalance", "1.5"});
  CHECK(drawn["scenario"]["expert_seed"] == 9);
  CHECK(drawn["scenario"]["expert_imbalance"] == 1.5);
  CHECK(drawn["scenario"]["expert_capacity"] == 0);
  const Scratch scratch;
  const std::string file = scratch.file("e.csv", "0,1\n1,2\n2,0\n");
  const Json read =
      result_of({config_of("mixtral"), "--chip", "tiny-4x4", "--seq", "3", "--experts", file});
  CHECK(read["scenario"]["experts"] == file);
  CHECK_FALSE(read["scenario"].contains("expert_seed"));
  CHECK_FALSE(
      result_of({config_of("llama"), "--chip", "tiny-4x4", "--seq", "3"})["scenario"].contains(
          "expert_seed"));
}

TEST_CASE("what is too large runs all the same where that is asked for, and the result says so") {
  const std::vector<std::string> small{
      config_of("llama"), "--chip", "tiny-4x4", "--seq", "9", "--set", "hbm.size=128 KiB"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = small;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  const Outcome refusal = run(small);
  CHECK(refusal.status == 3);
  CHECK(refusal.err.find("--ignore-capacity") != std::string::npos);
  const Json json = result_of(with({"--ignore-capacity", "--check"}));
  CHECK(json["capacity"]["ignored"] == true);
  CHECK(json["capacity"]["hbm_bytes"] == 128 * 1024);
  CHECK(json["capacity"]["needed_bytes"].get<std::int64_t>() > 128 * 1024);
  CHECK(json["check"]["passed"] == true);
  // The chip in the result is the one that was asked for, and time is that of one with enough HBM.
  CHECK(json["chip"]["hbm.size"]["value"] == 128 * 1024);
  const Json large = result_of({config_of("llama"), "--chip", "tiny-4x4", "--seq", "9"});
  CHECK(json["cycles"] == large["cycles"]);
  CHECK_FALSE(large.contains("capacity"));
  CHECK(run(with({"--ignore-capacity"})).out.find("\n--ignore-capacity: ") != std::string::npos);
  // A graph may be too large, too; a program has its addresses.
  CHECK(run({"gemm:512x512x512", "--chip", "tiny-4x4", "--set", "hbm.size=128 KiB"}).status == 3);
  CHECK(result_of({"gemm:512x512x512", "--chip", "tiny-4x4", "--set", "hbm.size=128 KiB",
                   "--ignore-capacity"})
            .contains("capacity"));
  CHECK(run({"x.sasm", "--chip", "tiny-4x4", "--ignore-capacity"}).status == 2);
}

TEST_CASE("docs/scenario.md is the reference of the table of keys") {
  const std::string path = SYSTOLE_SOURCE_ROOT "/docs/scenario.md";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << scenario_reference();
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  CHECK(file_bytes(path) == scenario_reference());
}
