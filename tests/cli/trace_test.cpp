// SPDX-License-Identifier: Apache-2.0
// Traces of whole runs: they say what the result says, and change nothing.
#include <numeric>

#include "catch.hpp"
#include "cli/doc_blocks.hpp"
#include "trace_file.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

const std::string kAttention = SYSTOLE_SOURCE_ROOT "/workloads/examples/attention.sgr";
const std::string kMlp = SYSTOLE_SOURCE_ROOT "/workloads/examples/mlp.sgr";

std::string good(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.err.empty());
  return outcome.out;
}

struct Traced {
  Json result;
  TraceFile trace;
};

// `job`: what follows "run".
Traced traced(const Scratch& scratch, std::vector<std::string> job) {
  const std::string path = scratch / "trace.json.gz";
  job.insert(job.begin(), "run");
  job.insert(job.end(), {"--json", "--trace", path});
  Json result = Json::parse(good(job));
  return {std::move(result), TraceFile{path}};
}

Cycles of_reason(const Json& unit, const std::string& reason) {
  return unit.contains(reason) ? unit[reason].get<Cycles>() : 0;
}

// What the slices of `unit` that are not waits add up to.
Cycles at_work(const std::string& name, const Json& unit) {
  const Cycles busy = of_reason(unit, "busy");
  if (name.find(".sequencer") != std::string::npos) return busy + of_reason(unit, "queue_full");
  if (name.find(".dma") == std::string::npos) return busy;
  return busy + of_reason(unit, "setup") + of_reason(unit, "hbm");
}

std::string category_of(const std::string& unit) {
  if (unit.find(".sequencer") != std::string::npos) return "issue";
  return unit.rfind("hbm.", 0) == 0 ? "hbm" : "instruction";
}

}  // namespace

TEST_CASE("a track's slices are its unit's time in the result, to the cycle") {
  const Scratch scratch;
  for (const char* chip : {"tiny-4x4", "tpu-v3", "tpu-v4i", "tpu-v5e"}) {
    INFO(chip);
    const auto [result, trace] = traced(scratch, {kAttention, "--chip", chip});
    CHECK(trace.fault().empty());
    CHECK(trace.about()["cycles"] == result["cycles"]);
    const std::vector<std::string> tracks = trace.tracks();
    for (const auto& [name, unit] : result["units"].items()) {
      INFO(name);
      CHECK(std::count(tracks.begin(), tracks.end(), name) == 1);
      CHECK(trace.cycles(name, category_of(name)) == at_work(name, unit));
      Cycles waits = 0;
      for (const auto& [reason, cycles] : unit.items()) {
        if (reason.rfind("wait:", 0) == 0) waits += cycles.get<Cycles>();
      }
      CHECK(trace.cycles(name, "wait") == waits);
    }
    Cycles busy = 0;
    for (const auto& slice : trace.slices("core0.sequencer")) {
      busy += slice.args["busy"].get<Cycles>();
    }
    CHECK(busy == result["units"]["core0.sequencer"]["busy"]);
  }
}

TEST_CASE("flows lead from the unit that the result says was waited for") {
  const Scratch scratch;
  const auto [result, trace] = traced(scratch, {kAttention, "--chip", "tiny-4x4"});
  std::map<std::string, std::string> signaller;  // of a semaphore
  const auto flows = trace.flows();
  REQUIRE_FALSE(flows.empty());
  for (const auto& flow : flows) {
    const std::string unit = flow.from_track.substr(0, flow.from_track.find(' '));
    CHECK(signaller.emplace(flow.name, unit).first->second == unit);
    CHECK(flow.at_from <= flow.at_to);
    CHECK(flow.from.end <= flow.to.end);
  }
  std::size_t waits = 0;
  for (const auto& [name, unit] : result["units"].items()) {
    std::map<std::string, Cycles> by_unit;
    for (const auto& slice : trace.slices(name, "wait")) {
      ++waits;
      const std::string semaphore = slice.name.substr(std::string{"wait "}.size());
      REQUIRE(signaller.count(semaphore) == 1);
      by_unit["wait:" + signaller[semaphore]] += slice.end - slice.begin;
    }
    for (const auto& [reason, cycles] : by_unit) CHECK(unit[reason] == cycles);
  }
  CHECK(waits == flows.size());
}

TEST_CASE("counters add up to the result's bytes exactly, and to its energy") {
  const Scratch scratch;
  for (const std::vector<std::string>& job : {std::vector<std::string>{kMlp, "--chip", "tpu-v5e"},
                                              {kAttention, "--chip", "tiny-4x4"},
                                              {"gemm:64x64x64", "--chip", "tpu-v1"}}) {
    INFO(job.front());
    const auto [result, trace] = traced(scratch, job);
    const auto bytes = trace.integral("HBM bandwidth (GB/s)");
    CHECK(std::llround(bytes.at("read") * 1e9) == result["hbm_bytes"]["read"]);
    CHECK(std::llround(bytes.at("write") * 1e9) == result["hbm_bytes"]["write"]);
    const auto joules = trace.integral("power (W)");
    for (const auto& [component, energy] : result["energy_j"].items()) {
      if (component == "total") continue;
      INFO(component);
      CHECK(joules.at(component) == Approx(energy.get<double>()).epsilon(1e-9));
    }
    Bytes moved = 0;
    for (const auto& [name, unit] : result["units"].items()) {
      for (const auto& slice : trace.slices(name, "hbm")) moved += slice.args["bytes"].get<Bytes>();
    }
    CHECK(moved ==
          result["hbm_bytes"]["read"].get<Bytes>() + result["hbm_bytes"]["write"].get<Bytes>());
    CHECK(trace.samples("power (W)").size() <= 1001);
  }
}

TEST_CASE("a slice names op and instruction, and where it is in the program") {
  const Scratch scratch;
  good({"compile", kAttention, "--chip", "tiny-4x4", "--emit", "bin", "-o", scratch / "x.sbin"});
  const auto [result, trace] = traced(scratch, {scratch / "x.sbin", "--chip", "tiny-4x4"});
  const std::string text = good({"disasm", scratch / "x.sbin"});
  std::vector<std::string> instructions;
  std::istringstream lines(text.substr(text.find(".stream\n")));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    if (line.find("# ") == std::string::npos) instructions.push_back(line);
  }
  std::size_t seen = 0;
  for (const auto& [name, unit] : result["units"].items()) {
    for (const auto& slice : trace.slices(name, "instruction")) {
      const auto& args = slice.args;
      CHECK(slice.name ==
            args["op"].get<std::string>() + " " + args["instruction"].get<std::string>());
      const std::string& at = instructions.at(args["index"].get<std::size_t>());
      const std::string word = args["instruction"].get<std::string>();
      CHECK(at.find(" " + word.substr(0, word.find(' ')) + " ") != std::string::npos);
      CHECK(at.find("for=" + args["op"].get<std::string>()) != std::string::npos);
      CHECK(args["at"].get<std::string>().find("attention.sgr:") == 0);
      CHECK(args["completion"] >= slice.end);
      ++seen;
    }
  }
  CHECK(seen > 100);
}

TEST_CASE("a trace changes nothing that is printed, and two runs write the same bytes") {
  const Scratch scratch;
  const std::vector<std::string> job{"run", kMlp, "--chip", "tpu-v5e", "--json"};
  const std::string plain = good(job);
  for (const char* name : {"a.json.gz", "b.json.gz"}) {
    std::vector<std::string> with = job;
    with.insert(with.end(), {"--trace", scratch / name});
    CHECK(good(with) == plain);
  }
  CHECK(file_bytes(scratch / "a.json.gz") == file_bytes(scratch / "b.json.gz"));
  CHECK(scratch.entries().size() == 2);
}

TEST_CASE("a program as text, and one without ops, has a trace as well") {
  const Scratch scratch;
  const std::string stream = SYSTOLE_SOURCE_ROOT "/workloads/examples/stream.sasm";
  const auto [result, trace] = traced(scratch, {stream, "--chip", "tpu-v5e"});
  CHECK(trace.fault().empty());
  CHECK(trace.cycles("core0.dma0", "instruction") > 0);
  const std::string halt = scratch.file("halt.sasm", ".systole 1\n.stream\n  halt\n");
  const auto empty = traced(scratch, {halt, "--chip", "tiny-4x4"});
  CHECK(empty.trace.fault().empty());
  CHECK(empty.trace.slices("core0.sequencer").at(0).name == "issue");
}

TEST_CASE("a trace that cannot be written is refused before anything is read") {
  const Scratch scratch;
  const std::string file = scratch.file("file", "x");
  for (const std::string& path :
       {scratch / "none/x.json.gz", file + "/below", scratch.path.string(), std::string{}}) {
    INFO(path);
    // The workload does not exist: were it read first, the status would be 3.
    const Outcome outcome =
        run_program({"run", scratch / "none.sgr", "--chip", "tpu-v5e", "--trace", path});
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find(path.empty() ? "--trace" : path) != std::string::npos);
  }
  CHECK(scratch.entries() == std::vector<std::string>{"file"});
  CHECK(run_program({"compile", kMlp, "--chip", "tpu-v5e", "--trace", "x"}).status == 2);
}

TEST_CASE("a run that fails leaves no trace, and an earlier one as it was") {
  const Scratch scratch;
  const std::string path = scratch / "x.json.gz";
  const std::vector<std::string> stopped{"run",     kMlp, "--chip",       "tpu-v5e",
                                         "--trace", path, "--max-cycles", "100"};
  CHECK(run_program(stopped).status == 4);
  CHECK(scratch.entries().empty());
  scratch.file("x.json.gz", "old");
  CHECK(run_program(stopped).status == 4);
  CHECK(run_program({"run", scratch / "none.sgr", "--chip", "tpu-v5e", "--trace", path}).status ==
        3);
  CHECK(file_bytes(path) == "old");
  CHECK(scratch.entries().size() == 1);
}

TEST_CASE("a limit on the size of files, or an interrupt, leaves no part of a trace") {
  const Scratch scratch;
  const Outcome limited =
      run_program({"run", kAttention, "--chip", "tiny-4x4", "--trace", scratch / "x.json.gz"},
                  {"", 0, 0, 4096});
  CHECK(limited.status == 2);
  CHECK(limited.err.find("cannot be written") != std::string::npos);
  CHECK(scratch.entries().empty());
  const Outcome interrupted =
      run_program({"run", "gemm:4096x4096x4096", "--chip", "tiny-4x4", "--set", "hbm.size=1 GiB",
                   "--trace", scratch / "x.json.gz"},
                  {"", SIGINT, 100});
  CHECK(interrupted.status == 130);
  CHECK(scratch.entries().empty());
}

TEST_CASE("each command of the page on traces works as typed") {
  const Scratch scratch;
  int typed = 0;
  for (const DocBlock& block : read_page("docs/trace.md").blocks) {
    INFO("docs/trace.md:" << block.line);
    CHECK(block.language == "sh");
    const Outcome outcome = run_block(block.text, scratch);
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    ++typed;
  }
  CHECK(typed == 2);
}
