// SPDX-License-Identifier: Apache-2.0
// `systole run` with a program of two cores.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"
#include "isa/assembly.hpp"
#include "isa/chip_loader.hpp"
#include "isa/files.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"
#include "trace_file.hpp"

using namespace systole;

namespace {

const std::string kTwoCores = SYSTOLE_SOURCE_ROOT "/workloads/examples/two_cores.sasm";

}  // namespace

TEST_CASE("data pass from core 0 to core 1 through HBM, and the result has the right values") {
  const Program program = parse_program(read_file(kTwoCores), kTwoCores);
  const ChipSpec chip = load_chip("tpu-v4", {}).spec;
  MemoryImage hbm = hbm_image(program);
  seed_inputs(program, 7, hbm);
  const std::vector<double> x = read_symbol(program.symbols[0], 0, hbm);
  execute(chip, program, hbm);
  const std::vector<double> y = read_symbol(program.symbols[2], 0, hbm);
  REQUIRE(y.size() == 64 * 128);
  for (std::size_t k = 0; k < y.size(); ++k) {
    const auto doubled = static_cast<float>(x[k]) + static_cast<float>(x[k]);
    CHECK(y[k] == static_cast<double>(3 * doubled));
  }
}

TEST_CASE("a run of two cores reports both, and how many of the chip's cores are in use") {
  const Outcome outcome = run_program({"run", kTwoCores, "--chip", "tpu-v4", "--values"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.out.find("two_cores on tpu-v4, 2 of 2 cores") == 0);
  CHECK(outcome.out.find("core0.vpu ") != std::string::npos);
  CHECK(outcome.out.find("core1.vpu ") != std::string::npos);
  CHECK(outcome.out.find("wait:core0.dma1") != std::string::npos);
  const auto json =
      nlohmann::json::parse(run_program({"run", kTwoCores, "--chip", "tpu-v4", "--json"}).out);
  CHECK(json["cores_used"] == 2);
  CHECK(json["units"]["core1.dma0"].contains("wait:core0.dma1"));
  std::int64_t cycles = 0;
  for (const auto& op : json["ops"]) cycles += op["cycles"].get<std::int64_t>();
  CHECK(cycles == json["cycles"]);
}

TEST_CASE("a trace shows the cores as processes, and the signal between them") {
  const Scratch scratch;
  const std::string file = scratch / "two.json";
  REQUIRE(run_program({"run", kTwoCores, "--chip", "tpu-v4", "--trace", file}).status == 0);
  const TraceFile trace(file);
  CHECK(trace.slices("core0.vpu").size() >= 4);
  CHECK(trace.slices("core1.vpu").size() >= 4);
  bool crosses = false;
  for (const auto& flow : trace.flows()) {
    crosses = crosses || (flow.from_track == "core0.dma1" && flow.to_track == "core1.dma0");
  }
  CHECK(crosses);
}

TEST_CASE("a program of two cores is refused where there is one, and by levels that step arrays") {
  const Outcome one = run_program({"run", kTwoCores, "--chip", "tpu-v5e"});
  CHECK(one.status == 3);
  CHECK(one.err.find("found 2 streams; expected 1 to 1: one for each core of tpu-v5e in use") !=
        std::string::npos);
  const Outcome pe = run_program(
      {"run", kTwoCores, "--chip", "tiny-4x4", "--set", "core.count=2", "--fidelity", "pe"});
  CHECK(pe.status == 3);
  CHECK(pe.err.find("--fidelity pe: found a program for 2 cores; expected a program for one core "
                    "(core.count=1), "
                    "or --fidelity tile") != std::string::npos);
}

TEST_CASE("verify-timing compares programs of one core") {
  const Outcome outcome = run_program({"verify-timing", kTwoCores, "--chip", "tpu-v4"});
  CHECK(outcome.status == 3);
  CHECK(outcome.err.find("found a program for 2 cores; expected a program for one core") !=
        std::string::npos);
}

TEST_CASE("cores with split HBM do not reach each other's tensors") {
  const Outcome split = run_program({"run", kTwoCores, "--chip", "tpu-v3"});
  CHECK(split.status == 3);
  CHECK(split.err.find("of hbm") != std::string::npos);
}
