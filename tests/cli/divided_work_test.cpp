// SPDX-License-Identifier: Apache-2.0
// Work divided over cores and MXUs: what that gains, and what is said of it.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

using Json = nlohmann::json;

Json run(const std::string& workload, const std::string& chip,
         const std::vector<std::string>& overrides) {
  std::vector<std::string> arguments{"run", workload, "--chip", chip, "--json"};
  for (const std::string& key : overrides) {
    arguments.push_back("--set");
    arguments.push_back(key);
  }
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  return Json::parse(outcome.out);
}

double gain(const std::string& chip, std::vector<std::string> one, std::vector<std::string> more) {
  const Json slow = run("gemm:8192x8192x8192", chip, one);
  const Json fast = run("gemm:8192x8192x8192", chip, more);
  CHECK(fast["balance"]["cores"].get<double>() >= 0.99);
  CHECK(fast["balance"]["mxus"].get<double>() >= 0.99);
  return slow["cycles"].get<double>() / fast["cycles"].get<double>();
}

}  // namespace

TEST_CASE("on a large GEMM four MXUs take 3.7 times less than one, and not four times") {
  const double found = gain("tpu-v5e", {"mxu.count=1"}, {"mxu.count=4"});
  INFO(found);
  CHECK((found >= 3.7 && found <= 4));
}

// TPU v5p's HBM feeds two cores, and four where a product is this large.
TEST_CASE("on a large GEMM four cores take 3.7 times less than one, two 1.9 times") {
  const double four = gain("tpu-v5p", {"core.count=1"}, {"core.count=4"});
  const double two = gain("tpu-v5p", {"core.count=1"}, {"core.count=2"});
  INFO(four << " and " << two);
  CHECK((four >= 3.7 && four <= 4));
  CHECK((two >= 1.9 && two <= 2));
}

// TPU v5e's would feed four only if it had four times the channels.
TEST_CASE("four cores gain 3.7 times where the memory allows it, and not where it does not") {
  const std::vector<std::string> wide{"hbm.channels=64", "hbm.bandwidth=3276.8 GB/s"};
  const auto with = [&](const std::string& cores, bool is_wide) {
    std::vector<std::string> overrides{"core.count=" + cores};
    if (is_wide) overrides.insert(overrides.end(), wide.begin(), wide.end());
    return overrides;
  };
  CHECK(gain("tpu-v5e", with("1", true), with("4", true)) >= 3.7);
  CHECK(gain("tpu-v5e", with("1", false), with("4", false)) < 3.7);
}

TEST_CASE("a step of decode on two cores is no slower than on one, and within what memory gives") {
  const auto cycles = [&](const std::string& cores) {
    return run("gemm:1x8192x8192", "tpu-v5p", {"core.count=" + cores})["cycles"].get<double>();
  };
  CHECK(cycles("2") <= cycles("1"));
}

TEST_CASE("the result says how even the work is") {
  const Json even = run("gemm:512x512x512", "tpu-v4", {});
  CHECK(even["cores_used"] == 2);
  CHECK(even["balance"]["cores"] == 1);
  CHECK(even["balance"]["mxus"] == 1);
  const auto& busy = even["balance"]["busy_cycles"];
  for (const char* core : {"core0", "core1"}) {
    std::int64_t mxus = 0;
    for (const auto& [name, reasons] : even["units"].items()) {
      if (name.find(std::string(core) + ".mxu") != 0) continue;
      mxus += reasons["busy"].get<std::int64_t>();
    }
    CHECK(busy[core]["mxu"] == mxus);
    CHECK(busy[core]["dma"].get<std::int64_t>() > 0);
  }
  // One block of columns, of one row: no part for the other core.
  const Json alone = run("gemm:1x100x64", "tpu-v4", {});
  CHECK(alone["cores_used"] == 2);
  CHECK(alone["balance"]["cores"] == 0);
  CHECK(alone["balance"]["mxus"] == 0);
}

TEST_CASE("the report of several cores says how even the work is, that of one does not") {
  const std::vector<std::string> common{"run", "gemm:512x512x512", "--chip"};
  const auto report = [&](const std::string& chip) {
    std::vector<std::string> arguments = common;
    arguments.push_back(chip);
    return run_program(arguments).out;
  };
  CHECK(report("tpu-v4").find(
            "\nHow even       the least busy core works for 100.0 % of the cycles "
            "of the busiest, the least busy MXU for 100.0 %\n") != std::string::npos);
  CHECK(report("tpu-v5e").find("How even") == std::string::npos);
}

TEST_CASE("where each core has HBM of its own, a workload runs on one of them") {
  for (const char* chip : {"tpu-v2", "tpu-v3", "tpu-v7"}) {
    const Json result = run("gemm:256x256x256", chip, {});
    CHECK(result["cores_used"] == 1);
    CHECK(result["chip"]["core.count"]["value"] == 2);
  }
}

TEST_CASE("values of several cores agree with the graph evaluator") {
  for (const char* name : {"mlp", "blocks", "attention", "int8"}) {
    const std::string file =
        std::string(SYSTOLE_SOURCE_ROOT "/workloads/examples/") + name + ".sgr";
    for (const char* cores : {"2", "4"}) {
      const Outcome outcome = run_program({"run", file, "--chip", "tpu-v4", "--check", "--set",
                                           std::string("core.count=") + cores});
      INFO(outcome.err);
      CHECK(outcome.status == 0);
      CHECK(outcome.out.find("Check passed") != std::string::npos);
    }
  }
}

TEST_CASE("arrays that are stepped run what is compiled for one core") {
  const Outcome two = run_program(
      {"run", "gemm:8x8x8", "--chip", "tiny-4x4", "--set", "core.count=2", "--fidelity", "pe"});
  CHECK(two.status == 3);
  CHECK(two.err.find("a program for 2 cores; expected a program for one core (core.count=1)") !=
        std::string::npos);
  CHECK(run_program({"run", "gemm:8x8x8", "--chip", "tiny-4x4", "--fidelity", "pe"}).status == 0);
}
