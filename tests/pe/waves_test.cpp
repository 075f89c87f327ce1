// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "catch.hpp"
#include "pe/pe_bench.hpp"

using namespace systole;

namespace {

struct Waves {
  std::string vcd;
  Cycles cycles = 0;

  Waves(const ChipSpec& chip, const Program& program) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("waves" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    MemoryImage hbm = bench_hbm(1);
    CycleRun run;
    run.waves = (folder / "array").string();
    cycles = simulate_cycles(chip, program, {}, pe_arrays(), run, hbm).cycles;
    std::stringstream text;
    text << std::ifstream(folder / "array.vcd").rdbuf();
    std::filesystem::remove_all(folder);
    vcd = text.str();
  }

  // The sign that stands for "module.variable" in the changes; "" where it is not there.
  std::string sign_of(const std::string& name) const {
    std::istringstream words(vcd);
    std::string module, word, unused, sign, variable;
    while (words >> word && word != "$enddefinitions") {
      if (word == "$scope") {
        words >> unused >> module;
      } else if (word == "$var") {
        words >> unused >> unused >> sign >> variable;
        if (module + "." + variable == name) return sign;
      }
    }
    return {};
  }

  // The values that a variable changes to, the first one included.
  std::vector<std::string> values_of(const std::string& name) const {
    const std::string sign = sign_of(name);
    INFO(name);
    REQUIRE_FALSE(sign.empty());
    std::vector<std::string> values;
    std::istringstream lines(vcd.substr(vcd.find("$enddefinitions")));
    for (std::string line; std::getline(lines, line);) {
      if (line.size() > sign.size() + 1 && line[0] == 'b' &&
          line.substr(line.size() - sign.size() - 1) == " " + sign) {
        values.push_back(line.substr(1, line.size() - sign.size() - 2));
      } else if (line.size() == sign.size() + 1 && line.substr(1) == sign) {
        values.push_back(line.substr(0, 1));
      }
    }
    return values;
  }
};

}  // namespace

TEST_CASE("waveforms show a weight-stationary array's weights, tokens, sums and accumulators") {
  const ChipSpec chip = pe_chip(4, 3);
  const Waves waves(chip, MxuBench(chip).wload(4, 3).matmul(2, 4, 3, true, 7).finish());
  for (const char* name : {"pe_0_0.weight", "pe_3_2.shadow_weight", "partial_14.sum",
                           "partial_0.acc_row", "element_15.word"}) {
    INFO(name);
    CHECK_FALSE(waves.sign_of(name).empty());
  }
  // Two rows of sums go to rows 7 and 8: from 0 on, there are two writes in each column.
  CHECK(waves.values_of("acc_2.writes") == std::vector<std::string>{"0", "1", "10"});
  CHECK(waves.values_of("acc_2.row") == std::vector<std::string>{"0", "111", "1000"});
  CHECK(waves.values_of("element_0.swap") == std::vector<std::string>{"0", "1", "0"});
  // A picosecond is a cycle: the last change is no later than the run.
  const std::size_t last = waves.vcd.rfind("\n#");
  REQUIRE(last != std::string::npos);
  const Cycles at = std::stoll(waves.vcd.substr(last + 2));
  CHECK(at > 0);
  CHECK(at <= waves.cycles);
}

TEST_CASE("waveforms show an output-stationary array's sums, and those on their way out") {
  ChipSpec chip = pe_chip(3, 2);
  chip.mxu.dataflow = Dataflow::kOutputStationary;
  const Waves waves(chip, MxuBench(chip, DataType::kInt8).multiply(3, 5, 2).unload(3, 2).finish());
  for (const char* name : {"pe_2_1.sum", "pe_2_1.held", "lhs_8.word", "rhs_7.word", "sum_7.sum"}) {
    INFO(name);
    CHECK_FALSE(waves.sign_of(name).empty());
  }
  CHECK(waves.values_of("lhs_0.unload") == std::vector<std::string>{"0", "1", "0"});
  CHECK(waves.values_of("acc_1.writes") == std::vector<std::string>{"0", "1", "10", "11"});
}
