// SPDX-License-Identifier: Apache-2.0
// Runs that work: their numbers belong together, and every form of output says the same.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

std::string good(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.err.empty());
  return outcome.out;
}

Json result_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  arguments.emplace_back("--json");
  return Json::parse(good(arguments));
}

void adds_up(const Json& json) {
  const auto cycles = json["cycles"].get<std::int64_t>();
  std::int64_t charged = 0;
  std::int64_t macs = 0;
  for (const Json& op : json["ops"]) {
    charged += op["cycles"].get<std::int64_t>();
    macs += op["macs"].get<std::int64_t>();
  }
  CHECK(charged == cycles);
  CHECK(macs == json["macs"]);
  for (const auto& [unit, reasons] : json["units"].items()) {
    INFO(unit);
    std::int64_t sum = 0;
    for (const auto& [reason, time] : reasons.items()) sum += time.get<std::int64_t>();
    CHECK(sum == cycles);
  }
  for (const char* unit : {"mxu", "hbm", "vpu"}) {
    CHECK(json["utilization"][unit].get<double>() >= 0);
    CHECK(json["utilization"][unit].get<double>() <= 1);
  }
  double energy = 0;
  for (const auto& [part, joules] : json["energy_j"].items()) {
    if (part != "total") energy += joules.get<double>();
  }
  CHECK(energy == Approx(json["energy_j"]["total"].get<double>()));
}

const std::vector<std::string> kGemm{"gemm:37x29x41", "--chip", "tiny-4x4"};

std::vector<std::string> gemm_with(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"run"};
  arguments.insert(arguments.end(), kGemm.begin(), kGemm.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// GPT-2 of two layers, in a file of its own.
std::string small_gpt2(const Scratch& scratch) {
  std::string config = file_bytes(std::string{SYSTOLE_SOURCE_ROOT} + "/workloads/models/gpt2.json");
  for (const auto& [from, to] : {std::pair{"\"n_embd\": 768", "\"n_embd\": 24"},
                                 {"\"n_head\": 12", "\"n_head\": 2"},
                                 {"\"n_layer\": 12", "\"n_layer\": 2"},
                                 {"\"vocab_size\": 50257", "\"vocab_size\": 101"}}) {
    const std::size_t at = config.find(from);
    REQUIRE(at != std::string::npos);
    config.replace(at, std::string{from}.size(), to);
  }
  return scratch.file("config.json", config);
}

}  // namespace

TEST_CASE("a GEMM's useful MACs are M N K, and its numbers add up") {
  const Json json = result_of(kGemm);
  CHECK(json["macs"] == 37 * 29 * 41);
  CHECK(json["flops"] == 2 * 37 * 29 * 41);
  CHECK(json["cores_used"] == 1);
  CHECK_FALSE(json.contains("tokens_per_s"));
  adds_up(json);
}

TEST_CASE("int8 runs where the MXU takes it") {
  adds_up(result_of({"gemm:64x64x64", "--chip", "tpu-v1"}));
  adds_up(result_of({"gemm:37x29x41", "--chip", "tiny-4x4", "--dtype", "int8"}));
}

TEST_CASE("fp8 runs and its values agree where the MXU takes it, e4m3 where no format is named") {
  for (const auto& [typed, type] : {std::pair{"fp8", "fp8_e4m3"}, std::pair{"fp8_e4m3", "fp8_e4m3"},
                                    std::pair{"fp8_e5m2", "fp8_e5m2"}}) {
    const Json json =
        result_of({"gemm:37x29x53", "--chip", "tiny-4x4", "--dtype", typed, "--check"});
    CHECK(json["scenario"]["dtype"] == type);
    CHECK(json["check"]["passed"] == true);
    adds_up(json);
    // Operands of one byte, results of two.
    const Json h100 = result_of(
        {"gemm:37x29x53", "--chip", "tiny-4x4", "--dtype", typed, "--vs", "h100"})["baselines"][0];
    const double bytes = 37 * 29 + 29 * 53 + 2 * 37 * 53;
    CHECK(h100["time_us"].get<double>() == Approx(bytes / 3352e9 * 1e6));
  }
}

TEST_CASE("two runs print the same bytes, with and without values") {
  const std::string first = good(gemm_with({"--json", "--vs", "h100,H20"}));
  CHECK(first == good(gemm_with({"--json", "--vs", "h100,H20"})));
  const Json plain = Json::parse(first);
  const Json values = Json::parse(good(gemm_with({"--json", "--values", "--check"})));
  CHECK(values["cycles"] == plain["cycles"]);
  CHECK(values["units"] == plain["units"]);
  CHECK(values["check"]["passed"] == true);
  CHECK(values["outputs"].size() == 1);
}

TEST_CASE("an override of the chip changes the result and is in it") {
  const Json json = result_of(
      {"gemm:64x64x64", "--chip", "tiny-4x4", "--set", "mxu.rows=8", "--set", "mxu.cols=8"});
  CHECK(json["chip"]["mxu.rows"]["value"] == 8);
  CHECK(json["chip"]["mxu.rows"]["origin"] == "--set");
  CHECK(json["cycles"] < result_of({"gemm:64x64x64", "--chip", "tiny-4x4"})["cycles"]);
}

TEST_CASE("baselines come in the order of --vs, rated, on the same ops") {
  const Json json = result_of({"gemm:37x29x41", "--chip", "tiny-4x4", "--vs", "H20,h100"});
  REQUIRE(json["baselines"].size() == 2);
  CHECK(json["baselines"][0]["gpu"] == "h20");
  CHECK(json["baselines"][1]["gpu"] == "h100");
  CHECK(json["baselines"][0]["kind"] == "rated");
  const double bytes = 2 * (37 * 41 + 41 * 29 + 37 * 29);
  CHECK(json["baselines"][0]["time_us"].get<double>() == Approx(bytes / 4000e9 * 1e6));
}

TEST_CASE("a cycle limit stops the machine with status 4, at the limit it does not") {
  const std::int64_t cycles = result_of(kGemm)["cycles"];
  CHECK(run_program(gemm_with({"--max-cycles", std::to_string(cycles)})).status == 0);
  const Outcome outcome = run_program(gemm_with({"--max-cycles", std::to_string(cycles - 1)}));
  CHECK(outcome.status == 4);
  CHECK(outcome.out.empty());
}

TEST_CASE("a report folder holds what is printed, and the program that was run") {
  const Scratch scratch;
  const std::string text = good(gemm_with({"--report", scratch / "out"}));
  CHECK(file_bytes(scratch / "out/report.txt") == text);
  CHECK(file_bytes(scratch / "out/result.json") == good(gemm_with({"--json"})));
  CHECK(file_bytes(scratch / "out/ops.csv").rfind("name,kind,", 0) == 0);
  CHECK(file_bytes(scratch / "out/chip.txt").find("mxu.rows") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "out/tensors"));
  const Json again = result_of({scratch / "out/program.sasm", "--chip", "tiny-4x4"});
  CHECK(again["cycles"] == Json::parse(file_bytes(scratch / "out/result.json"))["cycles"]);
}

TEST_CASE("values put each output's bytes into the report folder") {
  const Scratch scratch;
  good(gemm_with({"--values", "--report", scratch / "out"}));
  const Json tensors = Json::parse(file_bytes(scratch / "out/tensors.json"));
  REQUIRE(tensors["tensors"].size() == 1);
  const Json& tensor = tensors["tensors"][0];
  const std::string file = tensor["files"][0];
  CHECK(file_bytes(scratch / ("out/" + file)).size() == 2 * 37 * 41);
  CHECK(tensor["rows"] == 37);
  CHECK(tensor["cols"] == 41);
  good(gemm_with({"--report", scratch / "out"}));
  CHECK_FALSE(std::filesystem::exists(scratch / "out/tensors.json"));
}

TEST_CASE("a GEMM list runs each product") {
  const Scratch scratch;
  const std::string file = scratch.file("x.csv", "Layer,M,N,K\na,8,12,16\nb,4,4,4\n");
  const Json json = result_of({file, "--chip", "tiny-4x4"});
  CHECK(json["macs"] == 8 * 12 * 16 + 4 * 4 * 4);
  adds_up(json);
}

TEST_CASE("the main job: GPT-2 prefill, with its report and two GPUs") {
  const Scratch scratch;
  const Json json = result_of({"gpt2", "--chip", "tpu-v5e", "--phase", "prefill", "--seq", "1024",
                               "--batch", "1", "--vs", "h100,h20", "--report", scratch / "out"});
  adds_up(json);
  CHECK(json["baselines"].size() == 2);
  CHECK(json["tokens_per_s"].get<double>() ==
        Approx(1024 / (json["time_us"].get<double>() * 1e-6)));
  CHECK(json["bound_by"].is_string());
  CHECK(std::filesystem::exists(scratch / "out/report.txt"));
}

TEST_CASE("a small GPT-2 computes the right values") {
  const Scratch scratch;
  const Json json = result_of(
      {small_gpt2(scratch), "--chip", "tiny-4x4", "--seq", "13", "--batch", "2", "--check"});
  CHECK(json["check"]["passed"] == true);
  CHECK(json["tokens"] == 26);
  adds_up(json);
}

TEST_CASE("a small GPT-2 decodes: a token per sequence, with the right values") {
  const Scratch scratch;
  const std::vector<std::string> job{
      small_gpt2(scratch), "--chip", "tiny-4x4",  "--phase", "decode",
      "--batch",           "3",      "--context", "12"};
  std::vector<std::string> checked = job;
  checked.push_back("--check");
  const Json json = result_of(checked);
  CHECK(json["check"]["passed"] == true);
  CHECK(json["tokens"] == 3);
  CHECK(json["tokens_per_s"].get<double>() == Approx(3 / (json["time_us"].get<double>() * 1e-6)));
  CHECK(json["scenario"] ==
        Json{{"phase", "decode"}, {"batch", 3}, {"context", 12}, {"dtype", "bf16"}});
  std::vector<std::string> run = job;
  run.insert(run.begin(), "run");
  CHECK(good(run).find(" (decode, batch 3, context 12, bf16) on tiny-4x4, ") != std::string::npos);
}

TEST_CASE("a model may be named as on the hub, or in short") {
  const Json json = result_of({"Meta-Llama/llama-3.2-1b", "--chip", "tpu-v5e", "--seq", "1"});
  CHECK(json["workload"] == "meta-llama/Llama-3.2-1B-Instruct");
  CHECK(json["scenario"]["seq"] == 1);
  CHECK_FALSE(json["scenario"].contains("context"));
}

TEST_CASE("a compiled program takes the same cycles and keeps its name and tokens") {
  const Scratch scratch;
  const std::vector<std::string> job{"gpt2", "--chip", "tpu-v5e", "--seq", "8"};
  std::vector<std::string> compile{"compile", "--emit", "bin", "-o", scratch / "x.sbin"};
  compile.insert(compile.end(), job.begin(), job.end());
  good(compile);
  CHECK(good({"run", scratch / "x.sbin", "--chip", "tpu-v5e"})
            .rfind("gpt2 (8 tokens) on tpu-v5e, 1 of 1 core\n", 0) == 0);
  CHECK(result_of({scratch / "x.sbin", "--chip", "tpu-v5e"})["cycles"] == result_of(job)["cycles"]);
}

TEST_CASE("an interrupted run ends with status 130 and leaves nothing") {
  const Scratch scratch;
  const Outcome outcome = run_program({"run", "gemm:8192x8192x8192", "--chip", "tiny-4x4", "--set",
                                       "hbm.size=1 GiB", "--values", "--report", scratch / "out"},
                                      {"", SIGINT, 100});
  CHECK(outcome.status == 130);
  CHECK(outcome.out.empty());
  CHECK(scratch.entries().empty());
}

TEST_CASE("every run is held to every conservation law, a loaded program to all but its operands") {
  const Scratch scratch;
  const auto checks = [&](const Json& json) {
    std::vector<std::int64_t> counts;
    for (const Json& law : json["conservation"]) {
      INFO(law["law"]);
      CHECK(law["holds"] == true);
      counts.push_back(law["checks"].get<std::int64_t>());
    }
    return counts;
  };
  const std::vector<std::int64_t> model =
      checks(result_of({small_gpt2(scratch), "--chip", "tiny-4x4", "--seq", "7"}));
  CHECK(model.size() == 17);
  CHECK(std::count(model.begin(), model.end(), 0) == 2);  // no sums in this array, no unloads
  const std::string program = scratch.file(
      "p.sasm", good({"compile", "gemm:37x29x41", "--chip", "tiny-4x4", "--emit", "asm"}));
  const std::vector<std::int64_t> loaded = checks(result_of({program, "--chip", "tiny-4x4"}));
  CHECK(loaded.size() == 17);
  CHECK(std::count(loaded.begin(), loaded.end(), 0) == 3);
}

TEST_CASE("the flag --memory chooses a model, and JSON says which it was and what it did") {
  const Json page = result_of({kGemm[0], kGemm[1], kGemm[2], "--memory", "page"});
  CHECK(page == result_of(kGemm));
  CHECK(page["memory"] == "page");
  CHECK_FALSE(page.contains("hbm_commands"));

  const Json command = result_of({kGemm[0], kGemm[1], kGemm[2], "--memory", "command"});
  adds_up(command);
  CHECK(command["memory"] == "command");
  CHECK(command["hbm_bytes"] == page["hbm_bytes"]);
  const Json& counts = command["hbm_commands"];
  for (const char* name : {"ACT", "RD", "WR", "RDA", "WRA", "PRE", "PREA", "REF", "row_hits",
                           "row_misses", "row_conflicts", "turnarounds", "data_clocks"}) {
    CHECK(counts.contains(name));
  }
  CHECK(counts.size() == 13);
  // Bursts of 32 bytes in two clocks.
  CHECK(counts["RD"].get<std::int64_t>() * 32 == command["hbm_bytes"]["read"]);
  CHECK(counts["WR"].get<std::int64_t>() * 32 == command["hbm_bytes"]["write"]);
  CHECK(counts["data_clocks"].get<std::int64_t>() * 16 ==
        command["hbm_bytes"]["read"].get<std::int64_t>() +
            command["hbm_bytes"]["write"].get<std::int64_t>());

  const std::string text = good(gemm_with({"--memory", "command"}));
  CHECK(text.find(", memory at command level\n") != std::string::npos);
  CHECK(text.find("busy with data alone") != std::string::npos);
  CHECK(good(gemm_with({})).find("command level") == std::string::npos);
}
