// SPDX-License-Identifier: Apache-2.0
#include "compiler/division.hpp"

#include <algorithm>
#include <set>

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/op_table.hpp"
#include "compiler/tile.hpp"
#include "isa/chip_loader.hpp"

using namespace systole;

namespace {

const std::string kInputs =
    "input %x bf16[37, 50] input %y bf16[37, 50] weight %w bf16[50, 23] weight %t bf16[23, 50]\n"
    "weight %row bf16[1, 23] input %col bf16[37, 1] input %full bf16[37, 23]\n"
    "input %q bf16[36, 24] input %k bf16[36, 12] input %bias bf16[72, 12]\n"
    "input %rest fp32[12, 24] input %c fp32[12, 3] weight %g bf16[1, 50] weight %e bf16[150, 23]\n"
    "table %some [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3]\n"
    "table %picks [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3,"
    " 8, 3, 2, 7, 9, 5, 0, 2, 8, 8, 4, 1, 9, 7, 1, 6, 9, 3, 9, 9, 3, 7, 5, 1, 0, 5, 8, 2, 0, 9, 7,"
    " 4, 9, 4, 4, 5, 9, 2, 3, 0, 7, 8, 1, 6, 4, 0, 6, 2]\n"
    "table %of [0, 2, 2, 0, 1, 2, 2, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0,"
    " 0, 2, 2, 2, 1, 1, 2, 2, 0]\n";

// All families, and all ways in which operands lie to the result.
const std::vector<std::string> kSteps{
    "%o = matmul(%x, %w)",
    "%o = matmul(%x, %t) {transpose_rhs=1}",
    "%a = matmul(%x, %w)\n%b = add(%a, %row)\n%d = mul(%b, %col)\n%o = add(%d, %full)",
    "%a = expert_matmul(%x, %e, %of)\n%o = add(%a, %full)",
    "%o = mha(%q, %k, %k) {heads=6, kv_heads=3, seq=12, causal=1}",
    "%o = mha(%q, %k, %k, %bias) {heads=6, kv_heads=3, seq=12}",
    "%o = layernorm(%x, %g, %g) {eps=1}",
    "%o = add(%x, %y)",
    "%o = add(%q, %rest)",
    "%o = rope(%q, %c, %c) {heads=4}",
    "%o, %scales = quantize_rows(%x)",
    "%o = sum_rows(%q) {count=2}",
    "%o = softmax(%q) {causal=1, seq=12}",
    "%o = gather(%some, %x)",
    "%o = select(%picks, %x)",
};

Graph graph_of(const std::string& steps) {
  return fuse(decompose(parse_graph("graph \"g\"\n" + kInputs + steps + "\noutput %o", "g.sgr")));
}

const Op& last_op(const Graph& graph) { return graph.sections.back().ops.back(); }

ChipSpec chip_of(const std::string& cores) {
  return load_chip("tiny-4x4", {"core.count=" + cores, "vpu.sublanes=4"}).spec;
}

// Where a part of a tensor lies in the whole one.
struct Box {
  std::int64_t row = 0, col = 0, rows = 0, cols = 0;
};
Box box_of(const Division& division, std::int32_t tensor) {
  const Tensor& t = division.graph.tensors[static_cast<std::size_t>(tensor)];
  if (tensor < division.first_part()) return {0, 0, t.rows, t.cols};
  const TensorPart& part = division.parts[static_cast<std::size_t>(tensor - division.first_part())];
  return {part.first_row, part.first_col, t.rows, t.cols};
}

}  // namespace

TEST_CASE("the parts of an op make up its result, each element once") {
  for (const std::string& steps : kSteps) {
    const Graph graph = graph_of(steps);
    const Op& op = last_op(graph);
    const Tensor& out = graph.tensors[static_cast<std::size_t>(op.result)];
    for (std::int64_t cores = 1; cores <= 9; ++cores) {
      const ChipSpec chip = chip_of(std::to_string(cores));
      const std::vector<Grid> choices = grids(graph, op, chip, cores);
      CHECK_FALSE(choices.empty());
      for (const Grid& grid : choices) {
        INFO(steps << " on " << cores << " cores as " << grid.first << " x " << grid.second);
        CHECK(grid.parts() <= cores);
        Division division{cores, graph, {}, {}};
        const auto parts = divided(division, op, chip, grid);
        REQUIRE(std::ssize(parts) == cores);
        std::vector<int> times(static_cast<std::size_t>(out.rows * out.cols), 0);
        for (std::int64_t core = 0; core < cores; ++core) {
          const std::optional<Op>& part = parts[static_cast<std::size_t>(core)];
          CHECK(part.has_value() == (core < grid.parts()));
          if (!part) continue;
          const Box box = box_of(division, part->result);
          CHECK((box.rows > 0 && box.cols > 0));
          for (std::int64_t r = box.row; r < box.row + box.rows; ++r) {
            for (std::int64_t c = box.col; c < box.col + box.cols; ++c) {
              ++times[static_cast<std::size_t>(r * out.cols + c)];
            }
          }
        }
        CHECK(std::count(times.begin(), times.end(), 1) == std::ssize(times));
      }
    }
  }
}

TEST_CASE("parts of ops are ops by the rules of the graph") {
  for (const std::string& steps : kSteps) {
    const Graph graph = graph_of(steps);
    const Op& op = last_op(graph);
    for (const std::int64_t cores : {2, 3, 4, 6}) {
      const ChipSpec chip = chip_of(std::to_string(cores));
      for (const Grid& grid : grids(graph, op, chip, cores)) {
        INFO(steps << " on " << cores << " cores as " << grid.first << " x " << grid.second);
        Division division{cores, graph, {}, {}};
        for (const std::optional<Op>& part : divided(division, op, chip, grid)) {
          if (!part) continue;
          const ResultInfo info = infer_result(division.graph, *part);
          const Tensor& out = division.graph.tensors[static_cast<std::size_t>(part->result)];
          CHECK((info.rows == out.rows && info.cols == out.cols));
        }
      }
    }
  }
}

TEST_CASE("products are divided in all pairs of rows and columns that use the cores") {
  const Graph graph = graph_of("%o = matmul(%x, %w)");  // 37 rows, 23 columns
  const ChipSpec chip = chip_of("4");                   // blocks of 4 x 4
  const auto of = [&](std::int64_t cores) { return grids(graph, last_op(graph), chip, cores); };
  CHECK(of(1) == std::vector<Grid>{{1, 1}});
  CHECK(of(4) == std::vector<Grid>{{4, 1}, {2, 2}, {1, 4}});
  CHECK(of(5) == std::vector<Grid>{{5, 1}, {2, 2}, {1, 5}});
  // Ten blocks of rows and six of columns: no more parts than those.
  CHECK(of(12) == std::vector<Grid>{{10, 1}, {6, 2}, {4, 3}, {3, 4}, {2, 6}});
}

TEST_CASE("parts differ by one block at most") {
  const Graph graph = graph_of("%o = matmul(%x, %w)");
  const ChipSpec chip = chip_of("4");
  Division division{4, graph, {}, {}};
  std::vector<std::int64_t> columns;
  for (const auto& part : divided(division, last_op(graph), chip, {1, 4})) {
    columns.push_back(box_of(division, part->result).cols);
  }
  CHECK(columns == std::vector<std::int64_t>{4, 8, 4, 7});  // of 6 blocks, the last one of 3
}

TEST_CASE("one row is divided by its columns") {
  const Graph graph = fuse(decompose(parse_graph(
      "graph \"g\"\ninput %x bf16[1, 50] weight %w bf16[50, 23]\n%o = matmul(%x, %w)\noutput %o",
      "g.sgr")));
  CHECK(grids(graph, last_op(graph), chip_of("4"), 4) == std::vector<Grid>{{1, 4}});
}

TEST_CASE("heads go with their keys, and share those of one KV head where there are fewer") {
  const ChipSpec chip = chip_of("4");
  const auto of = [&](const std::string& attributes, std::int64_t cores) {
    const Graph graph = graph_of("%o = mha(%q, %k, %k) {" + attributes + ", causal=1}");
    return grids(graph, last_op(graph), chip, cores);
  };
  // 36 rows: three sequences of 12, or one of 36.
  CHECK(of("heads=6, kv_heads=3, seq=36", 3) == std::vector<Grid>{{1, 3}});
  CHECK(of("heads=6, kv_heads=3, seq=36", 2) == std::vector<Grid>{{1, 2}});
  CHECK(of("heads=6, kv_heads=3, seq=36", 4) == std::vector<Grid>{{1, 3}});
  CHECK(of("heads=6, kv_heads=3, seq=36", 6) == std::vector<Grid>{{1, 6}});
  CHECK(of("heads=6, kv_heads=3, seq=36", 9) == std::vector<Grid>{{1, 6}});
  CHECK(of("heads=6, kv_heads=3, seq=12", 3) == std::vector<Grid>{{3, 1}, {1, 3}});
}

TEST_CASE("a part of shared heads has the keys of its KV head") {
  const Graph graph = graph_of("%o = mha(%q, %k, %k) {heads=6, kv_heads=3, seq=36, causal=1}");
  Division division{6, graph, {}, {}};
  const auto parts = divided(division, last_op(graph), chip_of("6"), {1, 6});
  for (std::int64_t core = 0; core < 6; ++core) {
    const Op& part = *parts[static_cast<std::size_t>(core)];
    CHECK(count_of(part, "heads") == 1);
    CHECK(count_of(part, "kv_heads") == 1);
    const Box q = box_of(division, part.operands[0].tensor);
    const Box k = box_of(division, part.operands[1].tensor);
    CHECK((q.col == 4 * core && q.cols == 4 && q.rows == 36));
    CHECK((k.col == core / 2 * 4 && k.cols == 4 && k.rows == 36));
  }
}

TEST_CASE("a causal mask is cut between sequences only") {
  const ChipSpec chip = chip_of("8");
  const Graph masked = graph_of("%o = softmax(%q) {causal=1, seq=12}");
  CHECK(grids(masked, last_op(masked), chip, 8) == std::vector<Grid>{{3, 1}});
  const Graph open = graph_of("%o = softmax(%q)");
  CHECK(grids(open, last_op(open), chip, 8) == std::vector<Grid>{{1, 8}});
}

TEST_CASE("rows that repeat stay whole, or are cut where each part is within one repeat") {
  const Graph graph = graph_of("%o = add(%q, %rest)");  // 36 rows, of which each 12 take the same
  const auto of = [&](std::int64_t cores) {
    return grids(graph, last_op(graph), chip_of("8"), cores);
  };
  CHECK(of(2) == std::vector<Grid>{{2, 1}});
  CHECK(of(3) == std::vector<Grid>{{3, 1}});
  CHECK(of(5) == std::vector<Grid>{{3, 1}});
  CHECK(of(6) == std::vector<Grid>{{3, 2}});
  CHECK(of(20) == std::vector<Grid>{{3, 3}});  // blocks of four rows
}

TEST_CASE("experts are divided by columns, unless one would be alone") {
  const ChipSpec chip = chip_of("4");
  const Graph graph = graph_of("%o = expert_matmul(%x, %e, %of)");
  CHECK(grids(graph, last_op(graph), chip, 4) == std::vector<Grid>{{1, 4}});
  CHECK(grids(graph, last_op(graph), chip, 8) == std::vector<Grid>{{1, 6}});
  ChipSpec wide = chip;
  wide.mxu.cols = 11;  // 23 = 2 x 11 + 1
  CHECK(grids(graph, last_op(graph), wide, 4) == std::vector<Grid>{{1, 1}});
}

TEST_CASE("cores that do not share HBM are not used together") {
  CHECK(cores_to_use(load_chip("tpu-v4", {}).spec) == 2);
  CHECK(cores_to_use(load_chip("tpu-v5p", {}).spec) == 2);
  CHECK(cores_to_use(load_chip("tpu-v5e", {"core.count=4"}).spec) == 4);
  for (const char* split : {"tpu-v2", "tpu-v3", "tpu-v7"}) {
    const ChipSpec chip = load_chip(split, {}).spec;
    CHECK(chip.core.count == 2);
    CHECK(cores_to_use(chip) == 1);
  }
}

TEST_CASE("on one core the ops are the graph's own") {
  const Graph graph = graph_of(kSteps[2]);
  const Tiling tiling = tile_ops(graph, load_chip("tiny-4x4", {}).spec);
  CHECK(tiling.division.cores == 1);
  CHECK(tiling.division.parts.empty());
  REQUIRE(tiling.division.ops.size() == count_ops(graph));
  CHECK(tiling.division.ops.back().front()->result == last_op(graph).result);
}

TEST_CASE("equal parts have one mapping, and a core without a part has none") {
  const Graph graph = graph_of("%o = mha(%q, %k, %k) {heads=6, kv_heads=3, seq=36, causal=1}");
  const ChipSpec chip = chip_of("4");
  const Tiling tiling = tile_ops(graph, chip);
  REQUIRE(tiling.mappings.size() == 4);
  for (const std::size_t core : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    CHECK(describe(tiling.mappings[core], chip) == describe(tiling.mappings[0], chip));
    CHECK(std::get<AttentionMapping>(tiling.mappings[core]).heads == 2);
  }
  CHECK_FALSE(tiling.division.ops[0][3].has_value());
  CHECK(std::holds_alternative<std::monostate>(tiling.mappings[3]));
}
