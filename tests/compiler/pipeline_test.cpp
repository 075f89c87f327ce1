// SPDX-License-Identifier: Apache-2.0
#include "compiler/pipeline.hpp"

#include <algorithm>
#include <set>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/import.hpp"
#include "isa/assembly.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

Graph example(const std::string& name) {
  const std::string path =
      std::string(SYSTOLE_SOURCE_ROOT) + "/workloads/examples/" + name + ".sgr";
  return parse_graph(read_file(path), path);
}

using Told = std::vector<std::pair<std::string, std::string>>;

// What the observer is told; a refusal ends it.
Told observe(const Graph& graph, const Chip& chip) {
  Told told;
  try {
    compile(graph, chip,
            [&](std::string_view pass, const std::string& text) { told.emplace_back(pass, text); });
  } catch (const Error&) {
  }
  return told;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("passes have names of their own and a sentence each") {
  std::set<std::string_view> names;
  for (const PassRow& pass : passes()) {
    CHECK(names.insert(pass.name).second);
    CHECK_FALSE(pass.doc.empty());
  }
}

TEST_CASE("the observer is told once of each pass, in their order") {
  for (const char* name : {"attention", "blocks", "mlp", "two_tiles"}) {
    INFO(name);
    const Told told = observe(example(name), load_chip("tiny-4x4", {}));
    REQUIRE(told.size() == passes().size());
    for (std::size_t p = 0; p < told.size(); ++p) {
      CHECK(told[p].first == passes()[p].name);
      CHECK_FALSE(told[p].second.empty());
    }
  }
}

TEST_CASE("the graph that each pass leaves is printed, parsed and printed the same") {
  for (const char* name : {"attention", "blocks", "int8", "mlp", "two_tiles"}) {
    const Compilation compilation = compile(example(name), load_chip("tiny-4x4", {}));
    REQUIRE(compilation.graphs.size() == 3);
    for (const auto& [pass, graph] : compilation.graphs) {
      INFO(name << " after " << pass);
      const std::string text = print_graph(graph);
      CHECK(print_graph(parse_graph(text, pass)) == text);
    }
  }
}

TEST_CASE("the observer sees what the compilation holds") {
  const Graph graph = example("blocks");
  const Chip chip = load_chip("tiny-4x4", {});
  const Compilation compilation = compile(graph, chip);
  const Told told = observe(graph, chip);
  REQUIRE(told.size() == 8);
  CHECK(told[0].second == print_graph(graph));
  for (std::size_t p = 0; p < 3; ++p) {
    CHECK(compilation.graphs[p].first == told[p].first);
    CHECK(print_graph(compilation.graphs[p].second) == told[p].second);
  }
  CHECK(told[3].second == told[2].second);  // of a weight-stationary chip
  CHECK(told[5].second == compilation.tiles);
  CHECK(told[7].second == print_program(compilation.program));
}

TEST_CASE("the tiles have one line per op that names it, the addresses one per tensor in HBM") {
  const Told told = observe(example("mlp"), load_chip("tiny-4x4", {}));
  REQUIRE(told.size() == 8);
  CHECK(lines(told[5].second) == 2);  // two products, the rest is fused
  CHECK_THAT(told[5].second, starts_with("up: gemm m=128 n=1024 k=256 "));
  CHECK(lines(told[6].second) == 7);  // x, four weights, two results
  CHECK_THAT(told[6].second, contains("%up.w address="));
}

TEST_CASE("a compiled program belongs to its chip") {
  const Chip chip = load_chip("tiny-4x4", {"mxu.count=2"});
  const Program program = compile(example("two_tiles"), chip).program;
  CHECK(program.chip == chip.spec.name);
  CHECK(program.chip_hash == chip.hash);
}

TEST_CASE("a graph gives the same program again") {
  const Chip chip = load_chip("tpu-v5e", {});
  CHECK(compile(example("attention"), chip).program == compile(example("attention"), chip).program);
}

TEST_CASE("a compilation stops at the pass that refuses the graph") {
  const auto last = [](const Graph& graph, const Chip& chip) {
    const Told told = observe(graph, chip);
    return told.empty() ? "" : told.back().first;
  };
  Graph broken = example("two_tiles");
  broken.outputs.clear();
  CHECK(last(broken, load_chip("tiny-4x4", {})).empty());
  CHECK(last(example("attention"), load_chip("tpu-v1", {})) == "decompose");
  CHECK(last(parse_graph("graph \"g\"\ninput %x bf16[8, 8]\n%y = scores(%x, %x) "
                         "{heads=2, seq=4}\noutput %y",
                         "g.sgr"),
             load_chip("tiny-4x4", {})) == "fuse");
  CHECK(last(parse_graph("graph \"g\"\ninput %x bf16[8, 8]\n%s = softmax(%x)\n"
                         "%y = matmul(%s, %x)\noutput %y",
                         "g.sgr"),
             load_chip("tiny-4x4", {"mxu.dataflow=input_stationary"})) == "fuse");
  CHECK(last(example("mlp"), load_chip("tiny-4x4", {"vmem.size=4 KiB"})) == "reside");
  CHECK(last(import_gemm("gemm:9000x9000x9000", DataType::kBf16),
             load_chip("tiny-4x4", {"hbm.size=64 MiB"})) == "tile");
}
