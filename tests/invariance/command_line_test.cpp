// SPDX-License-Identifier: Apache-2.0
// What `systole run` prints, on every preset: the same bytes each time, and the same cycles with
// values, with their check and with a trace; and no law is broken.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"
#include "isa/chip_loader.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

std::string output(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  return outcome.out;
}

}  // namespace

TEST_CASE("text, JSON and cycles do not depend on the run, on values or on a trace") {
  const Scratch scratch;
  for (const std::string& chip : chip_names()) {
    INFO(chip);
    const std::vector<std::string> base{"gemm:70x45x83", "--chip", chip};
    const auto with = [&](std::vector<std::string> more) {
      more.insert(more.begin(), base.begin(), base.end());
      return output(more);
    };
    CHECK(with({}) == with({}));
    const std::string json = with({"--json"});
    CHECK(with({"--json"}) == json);
    CHECK(with({"--json", "--trace", scratch / ("trace-" + chip + ".json.gz")}) == json);
    for (const char* flag : {"--values", "--check"}) {
      Json more = Json::parse(with({"--json", flag}));
      CHECK(more.erase("outputs") + more.erase("check") == 1);
      CHECK(more == Json::parse(json));
    }
  }
}

// status 70 where a law does not hold.
TEST_CASE("bursts shorter than a core cycle keep every conservation law") {
  const auto holds = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--memory", "command", "--json"});
    const Json result = Json::parse(output(arguments));
    for (const Json& law : result["conservation"]) CHECK(law["holds"]);
  };
  for (const std::string& chip : chip_names()) {
    for (const char* clock : {"clock=200 MHz", "clock=500 MHz", "clock=700 MHz"}) {
      for (const char* gemm : {"gemm:7x5x3", "gemm:70x45x83"}) {
        INFO(gemm << " on " << chip << " at " << clock);
        holds({gemm, "--chip", chip, "--set", clock});
      }
    }
  }
  holds({"gemm:200x100x300", "--chip", "tpu-v1", "--set", "hbm.extends=hbm2e"});
  holds({"gemm:200x100x300", "--chip", "tpu-v5e", "--set", "hbm.bandwidth=1600 GB/s"});
}

// 64 MiB at 819.2 GB/s and 1.5 GHz.
TEST_CASE("the bound of HBM bytes at command level has no refresh in it") {
  const auto bound = [](const char* memory) -> std::int64_t {
    return Json::parse(output({SYSTOLE_SOURCE_ROOT "/workloads/examples/stream.sasm", "--chip",
                               "tpu-v5e", "--memory", memory, "--json"}))["ops"][0]["bound_cycles"];
  };
  CHECK(bound("command") == 122'880);
  CHECK(bound("page") > 122'880);
}
