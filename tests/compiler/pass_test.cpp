// SPDX-License-Identifier: Apache-2.0
#include "compiler/pass.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/pipeline.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

Graph graph_of(const std::string& ops) {
  return parse_graph(
      "graph \"g\"\ninput %x bf16[4, 4]\nweight %w bf16[4, 4]\nweight %b bf16[1, 4]\n" + ops +
          "output %y\n",
      "g.sgr");
}
const Graph& linear() {
  static const Graph kGraph = graph_of("%y = linear(%x, %w, %b)\n");
  return kGraph;
}
const PassRow& pass(std::string_view name) { return *find_pass(passes(), name); }

}  // namespace

TEST_CASE("a pass is found by its name, and nothing by another") {
  for (const PassRow& row : passes()) CHECK(find_pass(passes(), row.name) == &row);
  CHECK(find_pass(passes(), "fues") == nullptr);
}

TEST_CASE("what a pass needs stands before it in the table") {
  for (const PassRow& row : passes()) {
    for (const std::string_view before : row.needs) CHECK(&pass(before) < &row);
  }
}

TEST_CASE("passes one by one leave what compile leaves") {
  const Chip chip = load_chip("tiny-4x4", {});
  PassState state(linear(), &chip);
  for (const PassRow& row : passes()) run_pass(row, state);
  CHECK(state.program == compile(linear(), chip).program);
}

TEST_CASE("a pass that needs a chip names the op that is not fused yet, and what is missing") {
  const Chip chip = load_chip("tiny-4x4", {});
  PassState imported(linear(), &chip);
  CHECK_THROWS_WITH(run_pass(pass("tile"), imported),
                    "g: op 'y': found a linear; expected the graph that decompose and fuse leaves");
  PassState matmul(graph_of("%y = matmul(%x, %w)\n"), &chip);
  CHECK_THROWS_WITH(run_pass(pass("orient"), matmul),
                    contains("expected the graph that fuse leaves"));
  PassState scores(graph_of("%y = scores(%x, %x) {heads=2, seq=2}\n"), &chip);
  CHECK_THROWS_WITH(run_pass(pass("place"), scores), contains("not part of an attention"));
}

TEST_CASE("a finding in what a pass leaves names the graph, the pass and the op") {
  PassTable table = passes();
  for (PassRow& row : table) {
    if (row.name != "fuse") continue;
    row.run = [](PassState& state) { state.graph.sections[0].ops[0].operands.pop_back(); };
  }
  const Chip chip = load_chip("tiny-4x4", {});
  CHECK_THROWS_AS(compile(linear(), chip, {}, table), PassFinding);
  CHECK_THROWS_WITH(compile(linear(), chip, {}, table),
                    starts_with("g after fuse: op 'y' (matmul): "));
  Graph broken = linear();
  broken.outputs.clear();
  CHECK_THROWS_WITH(compile(broken, chip, {}, table), starts_with("g: graph: found no output"));
}

TEST_CASE("without a chip nothing is asked of one") {
  const Chip tpu_v1 = load_chip("tpu-v1", {});
  const Graph graph = graph_of("%y = softmax(%x)\n");
  PassState free(graph, nullptr);
  check_after(pass("decompose"), free);
  PassState bound(graph, &tpu_v1);
  CHECK_THROWS_WITH(check_after(pass("decompose"), bound), contains("tpu-v1"));
}
