// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "pe/pe_bench.hpp"

using namespace systole;

TEST_CASE("waveforms show every PE's weights and the sums between them") {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("waves" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const ChipSpec chip = pe_chip(4, 3);
  const Program program = MxuBench(chip).wload(4, 3).matmul(2, 4, 3).finish();
  MemoryImage hbm = bench_hbm(1);
  CycleRun run;
  run.waves = (folder / "array").string();
  const Cycles cycles = simulate_cycles(chip, program, {}, pe_arrays(), run, hbm).cycles;
  std::stringstream text;
  text << std::ifstream(folder / "array.vcd").rdbuf();
  std::filesystem::remove_all(folder);
  const std::string vcd = text.str();
  for (const char* name : {"pe_0_0", "pe_3_2", "shadow_weight", "partial_0"}) {
    INFO(name);
    CHECK(vcd.find(name) != std::string::npos);
  }
  // A picosecond is a cycle: the last change is no later than the run.
  const std::size_t last = vcd.rfind("\n#");
  REQUIRE(last != std::string::npos);
  const Cycles at = std::stoll(vcd.substr(last + 2));
  CHECK(at > 0);
  CHECK(at <= cycles);
}
