// SPDX-License-Identifier: Apache-2.0
// Every dataflow from the command line: --set alone selects it.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

std::vector<std::string> on_dataflow(std::vector<std::string> arguments, const char* dataflow) {
  arguments.insert(arguments.begin(), "run");
  const std::string set = std::string("mxu.dataflow=") + dataflow;
  arguments.insert(arguments.end(), {"--chip", "tiny-4x4", "--set", set});
  return arguments;
}

std::string digest_of(const Json& json) { return json["outputs"][0]["digest"]; }

}  // namespace

TEST_CASE("a gemm is checked on every dataflow, and int8 has the same values on each") {
  std::string digest;
  for (const char* dataflow : {"weight_stationary", "output_stationary", "input_stationary"}) {
    INFO(dataflow);
    const Outcome bf16 = run_program(on_dataflow({"gemm:37x29x53", "--check"}, dataflow));
    INFO(bf16.err);
    CHECK(bf16.status == 0);
    CHECK(bf16.out.find("Check passed: 1961 elements") != std::string::npos);
    const Outcome int8 = run_program(on_dataflow(
        {"gemm:37x29x53", "--dtype", "int8", "--check", "--values", "--json"}, dataflow));
    REQUIRE(int8.status == 0);
    const Json json = Json::parse(int8.out);
    CHECK(json["check"]["passed"] == true);
    CHECK(json["array_cycles"]["core0.mxu0"] > 0);
    if (digest.empty()) digest = digest_of(json);
    CHECK(digest_of(json) == digest);
  }
}

TEST_CASE("the files of an output are row-major, whatever its layout in HBM") {
  const Scratch scratch;
  std::string bytes;
  for (const char* dataflow : {"weight_stationary", "input_stationary"}) {
    const std::string folder = scratch / dataflow;
    const Outcome outcome = run_program(
        on_dataflow({"gemm:7x9x5", "--dtype", "int8", "--values", "--report", folder}, dataflow));
    REQUIRE(outcome.status == 0);
    const std::string tensor = file_bytes(folder + "/tensors/out.bin");
    CHECK(tensor.size() == 35);
    if (bytes.empty()) bytes = tensor;
    CHECK(tensor == bytes);
  }
}

TEST_CASE("ops that a dataflow does not take are refused by op and name") {
  for (const char* dataflow : {"output_stationary", "input_stationary"}) {
    const Outcome outcome = run_program(on_dataflow({"gpt2", "--seq", "8"}, dataflow));
    CHECK(outcome.status == 3);
    CHECK(outcome.err.find("scores (h.attn.core)") != std::string::npos);
    CHECK(outcome.err.find(std::string("not mxu.dataflow ") + dataflow) != std::string::npos);
    CHECK(outcome.err.find("tpu-v5e") != std::string::npos);
  }
}

TEST_CASE("a program for another dataflow is refused before it runs") {
  const Scratch scratch;
  const std::string file = scratch / "p.sasm";
  const Outcome compiled =
      run_program({"compile", "gemm:8x8x8", "--chip", "tiny-4x4", "--set",
                   "mxu.dataflow=output_stationary", "--emit", "asm", "-o", file});
  REQUIRE(compiled.status == 0);
  const Outcome same = run_program(on_dataflow({file}, "output_stationary"));
  CHECK(same.status == 0);
  const Outcome other = run_program(on_dataflow({file}, "weight_stationary"));
  CHECK(other.status == 3);
}
