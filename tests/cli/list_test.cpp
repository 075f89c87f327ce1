// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <sstream>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

// The first word of each line; each line must say more than that.
std::vector<std::string> listed(const std::string& what) {
  const Outcome outcome = run_program({"list", what});
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  std::vector<std::string> names;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    names.push_back(line.substr(0, line.find(' ')));
    CHECK(line.size() > names.back().size() + 5);
  }
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("chips are listed by the names that --chip takes") {
  const auto names = listed("chips");
  for (const char* chip : {"tiny-4x4", "gemmini-16x16", "tpu-v1", "tpu-v2", "tpu-v3", "tpu-v4i",
                           "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7"}) {
    CHECK(has(names, chip));
  }
}

TEST_CASE("models are listed by the shortest names that run takes, with what they are") {
  const auto names = listed("models");
  for (const char* name : {"gpt2", "llama-3-8b", "llama-2-7b", "mistral-7b", "qwen3-8b"}) {
    CHECK(has(names, name));
  }
  const std::string text = run_program({"list", "models"}).out;
  const std::size_t at = text.find("meta-llama/Meta-Llama-3-8B ");
  REQUIRE(at != std::string::npos);
  CHECK(text.substr(at, text.find('\n', at) - at).find("llama, 8.03 billion parameters") !=
        std::string::npos);
  CHECK(text.find("gpt2, 124 million parameters") != std::string::npos);
  CHECK(text.find("not supported") == std::string::npos);
}

TEST_CASE("GPUs are listed by the names that --vs takes") {
  CHECK(listed("gpus") ==
        std::vector<std::string>{"a100", "ascend-910b", "b200", "h100", "h20", "h200", "h800"});
}

TEST_CASE("chips and GPUs are listed with the types that they multiply") {
  const std::string chips = run_program({"list", "chips"}).out;
  CHECK(chips.find("4x4 MXU (bf16, int8, fp8)") != std::string::npos);
  CHECK(chips.find("256x256 MXU (int8)") != std::string::npos);
  const std::string gpus = run_program({"list", "gpus"}).out;
  CHECK(gpus.find("624 int8 TOPS, no fp8, ") != std::string::npos);
  CHECK(gpus.find("1978.9 int8 TOPS, 1978.9 fp8 TFLOPS, ") != std::string::npos);
}

TEST_CASE("DRAM devices are listed by the names that hbm.extends takes") {
  const auto names = listed("dram");
  CHECK(names == std::vector<std::string>{"ddr3", "hbm2", "hbm2e", "hbm3"});
  for (const std::string& name : names) {
    CHECK(run_program({"run", "gemm:8x8x8", "--chip", "tiny-4x4", "--set", "hbm.extends=" + name})
              .status == 0);
  }
}

TEST_CASE("passes are listed by the names that --print-after takes") {
  for (const std::string& pass : listed("passes")) {
    INFO(pass);
    CHECK(run_program({"compile", "gemm:8x8x8", "--chip", "tiny-4x4", "--print-after", pass})
              .status == 0);
  }
}

TEST_CASE("instructions are listed by the names that programs use") {
  const auto names = listed("instructions");
  for (const char* name : {"load", "matmul", "vector", "loop", "halt"}) CHECK(has(names, name));
}
