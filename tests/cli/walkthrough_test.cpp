// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "catch.hpp"
#include "cli/doc_blocks.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/pipeline.hpp"
#include "isa/files.hpp"
#include "sim/observe/recorder.hpp"
#include "sim/timing/simulate.hpp"

using namespace systole;

namespace {

const std::string kPage = "docs/walkthrough.md";
const std::string kGraph = SYSTOLE_SOURCE_ROOT "/workloads/examples/two_tiles.sgr";

// The time of each unit, one line each: "core0.vpu  0..11 no_instruction, 11..159 wait:core0.mxu0".
std::string timeline() {
  const Chip chip = load_chip("tiny-4x4", {});
  const Graph graph = parse_graph(read_file(kGraph), kGraph);
  Recorder recorder;
  const SimulationResult result = simulate(chip.spec, compile(graph, chip).program, {&recorder});
  std::map<std::int32_t, std::string> lines;
  for (const Interval& interval : recorder.intervals) {
    std::string& line = lines[interval.unit];
    line += (line.empty() ? "  " : ", ") + std::to_string(interval.begin) + ".." +
            std::to_string(interval.end) + " " + std::string{row_of(interval.reason).name};
    if (interval.signaller >= 0) {
      line += ":" + result.units[static_cast<std::size_t>(interval.signaller)];
    }
  }
  std::string text;
  for (const auto& [unit, line] : lines) {
    text += result.units[static_cast<std::size_t>(unit)] + line + "\n";
  }
  return text;
}

// The only block of the page in this language.
std::string block_in(const std::string& language) {
  std::vector<std::string> found;
  for (const DocBlock& block : read_page(kPage).blocks) {
    if (block.language == language) found.push_back(block.text);
  }
  REQUIRE(found.size() == 1);
  return found.front();
}

}  // namespace

TEST_CASE("the walkthrough shows what its commands print") {
  const Scratch scratch;
  Outcome outcome;
  int compared = 0;
  for (const DocBlock& block : read_page(kPage).blocks) {
    INFO(kPage << ":" << block.line);
    if (block.language == "sh") {
      outcome = run_block(block.text, scratch);
      INFO(outcome.err);
      CHECK(outcome.status == 0);
    } else if (block.language == "text") {
      ++compared;
      check_shown(block, outcome);
    }
  }
  CHECK(compared >= 4);  // mapping, places, program, cycles
}

TEST_CASE("the walkthrough's graph is the example") {
  CHECK(block_in("sgr") == file_bytes(kGraph));
}

TEST_CASE("the walkthrough's timeline is what the units tell their listeners") {
  const std::string now = timeline();
  if (block_in("timeline") != now) std::cerr << "the timeline should be:\n" << now;
  CHECK(block_in("timeline") == now);
}
