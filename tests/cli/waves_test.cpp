// SPDX-License-Identifier: Apache-2.0
// Waveforms of whole runs: they are written whole or told, and change nothing that is printed.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

const std::string kGemm = "gemm:5x6x7";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("waveforms come from arrays with signals only") {
  const Scratch scratch;
  const auto run = [&](const std::string& fidelity, const std::string& waves) {
    return run_program(
        {"run", kGemm, "--chip", "tiny-4x4", "--fidelity", fidelity, "--waves", waves});
  };
  CHECK(run("tile", scratch / "w.vcd").status == 2);
  CHECK(run("pe", scratch / "w").status == 2);
  CHECK(run("pe", "/nowhere/w.vcd").status == 2);
  CHECK(run("pe", scratch / "w.vcd").status == 0);
  CHECK(has(file_bytes(scratch / "w.vcd"), "pe_3_3"));
}

TEST_CASE("a waveform that cannot be written is told, and no part of it is left") {
  const Scratch scratch;
  std::filesystem::create_symlink("/dev/full", scratch / "full.vcd");
  const auto run = [&](const std::string& waves, const Circumstances& with = {}) {
    return run_program({"run", kGemm, "--chip", "tiny-4x4", "--fidelity", "pe", "--waves", waves},
                       with);
  };
  const std::vector<std::pair<std::string, Circumstances>> lines{
      {"/proc/w.vcd", {}}, {scratch / "full.vcd", {}}, {scratch / "cut.vcd", {"", 0, 0, 2048}}};
  for (const auto& [waves, with] : lines) {
    INFO(waves);
    const Outcome outcome = run(waves, with);
    INFO(outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK(has(outcome.err, "file '" + waves + "': cannot be written: "));
  }
  CHECK_FALSE(std::filesystem::exists(scratch / "cut.vcd"));
  CHECK(run(scratch / "whole.vcd").status == 0);
  CHECK(has(file_bytes(scratch / "whole.vcd"), "$comment end of the run $end\n"));
}

TEST_CASE("a waveform adds nothing to what is printed") {
  const Scratch scratch;
  for (const std::string fidelity : {"pe", "rtl"}) {
    std::vector<std::string> line{"run",        kGemm,    "--chip", "tiny-4x4",
                                  "--fidelity", fidelity, "--json"};
    const Outcome plain = run_program(line);
    if (plain.status == 2) continue;  // RTL that is not built
    line.insert(line.end(), {"--waves", scratch / "w.vcd"});
    const Outcome waved = run_program(line);
    CHECK(waved.status == 0);
    CHECK(waved.out == plain.out);
    CHECK(nlohmann::json::accept(waved.out));
    CHECK(waved.err.empty());
  }
}
