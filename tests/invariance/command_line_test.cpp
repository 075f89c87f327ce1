// SPDX-License-Identifier: Apache-2.0
// What `systole run` prints, on every preset: the same bytes each time, and the same cycles with
// values, with their check and with a trace.
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
