// SPDX-License-Identifier: Apache-2.0
#include "compiler/tile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "compiler/attention_mapping.hpp"
#include "compiler/expert_rules.hpp"
#include "compiler/expert_tiles.hpp"
#include "compiler/gemm_mapping.hpp"
#include "compiler/op_table.hpp"
#include "compiler/rowwise_recipe.hpp"
#include "isa/error.hpp"
#include "isa/timing.hpp"

namespace systole {
namespace {

// What the alignment of an op's buffers may take: fewer than 64 bytes each, of which attention has
// five and eight per lane.
Bytes rounding(const ChipSpec& chip) {
  return 64 * (5 + 8 * std::max<std::int64_t>(4, chip.mxu.count));
}

constexpr Bytes kWord = 4;  // fp32 on chip

GemmShape gemm_shape(const Graph& graph, const Op& op, const Residency& residency) {
  const Extent lhs = extent_of(graph, op.operands[0]);
  const Tensor& out = graph.tensors[op.result];
  GemmShape shape;
  shape.m = lhs.rows;
  shape.heads = static_cast<std::int64_t>(attribute(op, "heads", 1));
  shape.k = lhs.cols / shape.heads;
  shape.n = out.cols / shape.heads;
  shape.type = graph.tensors[op.operands[0].tensor].type;
  shape.out_type = out.type;
  shape.lhs_kept = residency.kept(op.operands[0].tensor);
  shape.out_kept = residency.kept(op.result);
  shape.transpose_rhs = attribute(op, "transpose_rhs", 0) != 0;
  for (const EpilogueStep& step : op.epilogue) {
    shape.epilogue.push_back(*row_of(step.kind).vector_op);
  }
  if (shape.epilogue.empty()) shape.epilogue.push_back(VectorOp::kCopy);
  if (row_of(op.kind).family == OpFamily::kExperts) {
    shape.expert_rows = computed_rows(experts_of_rows(graph, op), count_experts(graph, op),
                                      count_of(op, "capacity"));
    shape.m = std::accumulate(shape.expert_rows.begin(), shape.expert_rows.end(), std::int64_t{0});
  }
  for (auto i = static_cast<std::size_t>(row_of(op.kind).operands); i < op.operands.size(); ++i) {
    if (residency.kept(op.operands[i].tensor)) continue;
    const Bytes element = size_of(graph.tensors[op.operands[i].tensor].type);
    switch (epilogue_shape(graph, op, i)) {
      case EpilogueShape::kFull: shape.full_operand_bytes += element; break;
      case EpilogueShape::kRow: shape.row_operand_bytes += element; break;
      case EpilogueShape::kColumn: shape.column_operand_bytes += element; break;
    }
  }
  return shape;
}

Mapping map_op(const Graph& graph, const Op& op, const ChipSpec& chip, Bytes vmem,
               const Residency& residency = {}) {
  switch (row_of(op.kind).family) {
    case OpFamily::kView: return {};
    case OpFamily::kProduct:
    case OpFamily::kExperts: return map_gemm(chip, gemm_shape(graph, op, residency), vmem, op.name);
    case OpFamily::kHeads: return map_attention(chip, graph, op, vmem);
    case OpFamily::kLookup:
    case OpFamily::kBinary:
    case OpFamily::kUnary:
    case OpFamily::kRowwise: return map_rowwise(chip, graph, op, vmem);
  }
  return {};
}

Bytes vmem_to_plan(const Graph& graph, const ChipSpec& chip, Bytes homes = 0) {
  return std::max<Bytes>(0, vmem_per_op(graph, chip, homes) - rounding(chip));
}

}  // namespace

Bytes vmem_per_op(const Graph& graph, const ChipSpec& chip, Bytes homes) {
  return count_ops(graph) == 1 ? chip.vmem.size : (chip.vmem.size - homes) / 2;
}

RowwiseMapping map_rowwise(const ChipSpec& chip, const Graph& graph, const Op& op, Bytes vmem) {
  const Tensor& out = graph.tensors[op.result];
  RowwiseMapping r;
  r.rows = out.rows;
  r.cols = out.cols;
  // Bytes that one row takes: two places per input and result, temporaries and columns.
  Bytes per_row = 0;
  Bytes fixed = 0;
  std::int64_t rows = r.rows;
  std::int64_t step_cols = r.cols;
  std::int64_t chained_blocks = 2;  // of a step that the next one waits for, per lane
  if (row_of(op.kind).family == OpFamily::kLookup) {
    per_row = 2 * r.cols * size_of(out.type);
  } else {
    const RowwiseRecipe recipe = rowwise_recipe(graph, op);
    rows = recipe.repeat_rows;
    step_cols = recipe.step_cols;
    if (recipe.uses_xlu()) chained_blocks = 8;
    per_row = 2 * r.cols * size_of(out.type) + (op.scales >= 0 ? 2 * kWord : 0) +
              (recipe.temporaries * recipe.step_cols + recipe.columns) * kWord;
    for (const RowwiseInput& input : recipe.inputs) {
      const Bytes row = input.cols * size_of(graph.tensors[op.operands[input.operand].tensor].type);
      (input.row ? fixed : per_row) += input.row ? row : 2 * row;
    }
    for (const RowwiseStep& step : recipe.steps) {
      const bool column =
          step.dst.place == RowwisePlace::kColumn || step.dst.place == RowwisePlace::kScales;
      const std::int64_t blocks =
          vector_blocks(r.rows, column ? 1 : recipe.step_cols, chip.vpu.sublanes, chip.vpu.lanes);
      if (step.reduce) continue;
      r.estimate += recipe.groups * vector_cycles(chip.vpu, step.op, blocks, row_of(step.op).arity,
                                                  step.masked && recipe.mask != MaskKind::kNone);
    }
  }
  // Enough work per block to cover the latency of a transfer and, where steps are narrow, that of
  // the VPU and XLU; enough groups of blocks to overlap.
  const std::int64_t sublanes = chip.vpu.sublanes;
  const std::int64_t for_transfer = 256 * kKiB / (r.cols * kWord);
  const std::int64_t for_latency =
      std::min(chained_blocks * sublanes * chip.vpu.lanes / step_cols, rows / 32);
  const std::int64_t wanted = std::max({sublanes, for_transfer, for_latency});
  for (r.lanes = 4; r.lanes >= 1; r.lanes /= 2) {
    if (r.lanes > 1 && (r.lanes - 1) * sublanes >= rows) continue;  // a lane would stay empty
    const std::int64_t fits = (vmem - fixed) / (r.lanes * per_row);
    r.block = std::min({fits, wanted, round_up(ceil_div(rows, r.lanes), sublanes)});
    if (r.block >= sublanes) r.block = r.block / sublanes * sublanes;
    if (r.block >= 1 && (r.block >= sublanes || r.lanes == 1)) return r;
  }
  bad_input(op.name,
            fmt::format("rows of {} elements, {} bytes with their buffers", r.cols, per_row),
            fmt::format("at most the {} bytes of VMEM that an op of {} may use", vmem, chip.name));
}

std::vector<Mapping> map_ops(const Graph& graph, const ChipSpec& chip, const Residency& residency) {
  const Bytes vmem = vmem_to_plan(graph, chip, residency.bytes);
  std::vector<Mapping> mappings;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) mappings.push_back(map_op(graph, op, chip, vmem, residency));
  }
  return mappings;
}

namespace {

Cycles estimate_of(const Mapping& mapping) {
  return std::visit(
      [](const auto& m) -> Cycles {
        if constexpr (requires { m.estimate; }) return m.estimate;
        return 0;
      },
      mapping);
}

// What a mapping is chosen by, but for the kind of op.
struct PartShape {
  std::vector<std::pair<std::int64_t, std::int64_t>> extents;
  std::map<std::string, double, std::less<>> attributes;
  friend bool operator==(const PartShape&, const PartShape&) = default;
};

PartShape shape_of(const Graph& graph, const Op& op) {
  PartShape shape{{}, op.attributes};
  for (const Operand& operand : op.operands) {
    const Extent extent = extent_of(graph, operand);
    shape.extents.emplace_back(extent.rows, extent.cols);
  }
  const Tensor& out = graph.tensors[static_cast<std::size_t>(op.result)];
  shape.extents.emplace_back(out.rows, out.cols);
  return shape;
}

// Each op whole, on one core.
Division undivided(const Graph& graph) {
  Division division{1, graph, {}, {}};
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) division.ops.push_back({op});
  }
  return division;
}

// Parts of one op, by core.
struct MappedParts {
  std::vector<std::optional<Op>> ops;
  std::vector<Mapping> mappings;
  Cycles slowest = 0;
};

MappedParts map_parts(Division& division, const Op& op, const ChipSpec& chip, Bytes vmem,
                      const Grid& grid) {
  MappedParts parts{divided(division, op, chip, grid), {}, 0};
  std::vector<PartShape> shapes;
  for (const std::optional<Op>& part : parts.ops) {
    shapes.push_back(part ? shape_of(division.graph, *part) : PartShape{});
    const auto same = std::find(shapes.begin(), shapes.end() - 1, shapes.back());
    if (same != shapes.end() - 1) {
      parts.mappings.push_back(parts.mappings[static_cast<std::size_t>(same - shapes.begin())]);
    } else {
      parts.mappings.push_back(part ? map_op(division.graph, *part, chip, vmem) : Mapping{});
    }
    parts.slowest = std::max(parts.slowest, estimate_of(parts.mappings.back()));
  }
  return parts;
}

MappedParts map_divided(Division& division, const Op& op, const ChipSpec& chip, Bytes vmem) {
  const std::vector<Grid> choices = grids(division.graph, op, chip, division.cores);
  if (choices.size() == 1) return map_parts(division, op, chip, vmem, choices.front());
  const std::size_t tensors = division.graph.tensors.size();
  const std::size_t parts = division.parts.size();
  Grid best;
  Cycles least = std::numeric_limits<Cycles>::max();
  for (const Grid& grid : choices) {
    const Cycles slowest = map_parts(division, op, chip, vmem, grid).slowest;
    division.graph.tensors.resize(tensors);
    division.parts.resize(parts);
    if (slowest >= least) continue;
    least = slowest;
    best = grid;
  }
  return map_parts(division, op, chip, vmem, best);
}

}  // namespace

Tiling tile_ops(const Graph& graph, const ChipSpec& chip, const Residency& residency) {
  const std::int64_t cores = cores_to_use(chip);
  if (cores == 1) return {undivided(graph), map_ops(graph, chip, residency)};
  ChipSpec share = chip;
  share.hbm.bandwidth /= static_cast<double>(cores);
  const Bytes vmem = vmem_to_plan(graph, chip);
  Tiling tiling{{cores, graph, {}, {}}, {}};
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      MappedParts parts = map_divided(tiling.division, op, share, vmem);
      tiling.division.ops.push_back(std::move(parts.ops));
      for (Mapping& mapping : parts.mappings) tiling.mappings.push_back(std::move(mapping));
    }
  }
  return tiling;
}

}  // namespace systole
