// SPDX-License-Identifier: Apache-2.0
// `systole run` with a program that uses CMEM.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

const std::string kCmem = SYSTOLE_SOURCE_ROOT "/workloads/examples/cmem.sasm";
constexpr std::int64_t kWeight = 512 * 512 * 2;

}  // namespace

TEST_CASE("what is read from CMEM is told beside HBM, with its energy and its ports") {
  const Outcome text = run_program({"run", kCmem, "--chip", "tpu-v4i"});
  INFO(text.err);
  REQUIRE(text.status == 0);
  CHECK(text.out.find(
            "  HBM     512 KiB read, 0 B written\n  CMEM    2.00 MiB read, 512 KiB written\n") !=
        std::string::npos);
  CHECK(text.out.find("(4 ports)") != std::string::npos);
  const auto json =
      nlohmann::json::parse(run_program({"run", kCmem, "--chip", "tpu-v4i", "--json"}).out);
  CHECK(json["cmem_bytes"]["read"] == 4 * kWeight);
  CHECK(json["cmem_bytes"]["write"] == kWeight);
  CHECK(json["hbm_bytes"]["read"] == kWeight);
  CHECK(json["energy_j"]["cmem"] > 0);
  CHECK(json["units"]["cmem.port0"]["busy"] > 0);
}

TEST_CASE("a CMEM that nothing uses is not told of in text, and costs nothing") {
  const Outcome text = run_program({"run", "gemm:64x64x64", "--chip", "tpu-v4i"});
  CHECK(text.out.find("cmem") == std::string::npos);
  CHECK(text.out.find("CMEM") == std::string::npos);
  const auto json = nlohmann::json::parse(
      run_program({"run", "gemm:64x64x64", "--chip", "tpu-v4i", "--json"}).out);
  CHECK(json["energy_j"]["cmem"] == 0);
}

TEST_CASE("a chip without CMEM refuses a program that uses it") {
  const Outcome outcome = run_program({"run", kCmem, "--chip", "tpu-v5e"});
  CHECK(outcome.status == 3);
  CHECK(outcome.err.find("tpu-v5e has no CMEM") != std::string::npos);
}
