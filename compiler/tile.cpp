// SPDX-License-Identifier: Apache-2.0
#include "compiler/tile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/gemm_mapping.hpp"
#include "compiler/op_table.hpp"
#include "compiler/rowwise_recipe.hpp"
#include "isa/error.hpp"
#include "isa/timing.hpp"

namespace systole {
namespace {

// What the alignment of an op's buffers may take: fewer than 64 bytes each, of which attention has
// four and seven per lane.
Bytes rounding(const ChipSpec& chip) {
  return 64 * (4 + 7 * std::max<std::int64_t>(4, chip.mxu.count));
}

constexpr Bytes kWord = 4;  // fp32 on chip

GemmShape gemm_shape(const Graph& graph, const Op& op) {
  const Extent lhs = extent_of(graph, op.operands[0]);
  const Tensor& out = graph.tensors[op.result];
  GemmShape shape;
  shape.m = lhs.rows;
  shape.k = lhs.cols;
  shape.n = out.cols;
  shape.type = graph.tensors[op.operands[0].tensor].type;
  shape.out_type = out.type;
  shape.transpose_rhs = attribute(op, "transpose_rhs", 0) != 0;
  for (const EpilogueStep& step : op.epilogue) {
    shape.epilogue.push_back(*row_of(step.kind).vector_op);
  }
  if (shape.epilogue.empty()) shape.epilogue.push_back(VectorOp::kCopy);
  for (std::size_t i = 2; i < op.operands.size(); ++i) {
    const Extent operand = extent_of(graph, op.operands[i]);
    const Bytes element = size_of(graph.tensors[op.operands[i].tensor].type);
    (operand.rows == 1 && shape.m != 1 ? shape.row_operand_bytes : shape.full_operand_bytes) +=
        element;
  }
  return shape;
}

Mapping map_op(const Graph& graph, const Op& op, const ChipSpec& chip, Bytes vmem) {
  switch (row_of(op.kind).family) {
    case OpFamily::kView: return {};
    case OpFamily::kProduct: return map_gemm(chip, gemm_shape(graph, op), vmem, op.name);
    case OpFamily::kHeads: return map_attention(chip, graph, op, vmem);
    case OpFamily::kLookup:
    case OpFamily::kBinary:
    case OpFamily::kUnary:
    case OpFamily::kRowwise: return map_rowwise(chip, graph, op, vmem);
  }
  return {};
}

// The most keys that a weight tile holds, such that whole tiles make up a block: a tile never
// reaches into the next block's place.
std::int64_t key_chunk(std::int64_t block_kv, std::int64_t depth) {
  std::int64_t tiles = ceil_div(block_kv, depth);
  while (block_kv % tiles != 0) ++tiles;
  return block_kv / tiles;
}

// Cycles of one step (a block of queries against a block of keys) on all lanes.
Cycles step_cycles(const ChipSpec& chip, const AttentionMapping& a) {
  const std::int64_t depth = weight_tile_depth(chip.mxu, DataType::kBf16);
  const Cycles load = weight_load_cycles(chip.mxu.rows, chip.mxu.weight_rows_per_cycle);
  const std::int64_t feeds = ceil_div(a.head_dim, depth) +
                             ceil_div(a.head_dim, chip.mxu.cols) * (a.block_kv / a.key_chunk);
  const Cycles array = feeds * std::max(a.block_q, load);
  const auto blocks = [&](std::int64_t cols) {
    return vector_blocks(a.block_q, cols, chip.vpu.sublanes, chip.vpu.lanes);
  };
  const Cycles vector =
      vector_cycles(chip.vpu, VectorOp::kScaleExp, blocks(a.block_kv), 1, a.causal) +
      vector_cycles(chip.vpu, VectorOp::kMulAdd, blocks(a.head_dim), 2, false) +
      3 * vector_cycles(chip.vpu, VectorOp::kMulAdd, blocks(1), 2, false);
  // A block of keys is asked for when its place is free, steps_per_block() steps before its use.
  const Bytes block = a.block_kv * a.lanes * a.head_dim * 2;
  const Cycles round_trip =
      memory_latency_cycles(chip) + chip.dma.setup +
      static_cast<Cycles>(static_cast<double>(2 * block) / hbm_bytes_per_cycle(chip)) + array;
  return std::max({array, vector * a.lanes, round_trip / a.steps_per_block()});
}

}  // namespace

Bytes vmem_per_op(const Graph& graph, const ChipSpec& chip) {
  const std::size_t ops = graph.before.size() + graph.body.size() + graph.after.size();
  return ops == 1 ? chip.vmem.size : chip.vmem.size / 2;
}

AttentionMapping map_attention(const ChipSpec& chip, const Graph& graph, const Op& op, Bytes vmem) {
  const Extent q = extent_of(graph, op.operands[0]);
  AttentionMapping a;
  a.seq = count_of(op, "seq");
  a.sequences = q.rows / a.seq;
  a.heads = count_of(op, "heads");
  a.head_dim = q.cols / a.heads;
  a.causal = attribute_of(op, "causal") != 0;
  a.block_kv = chip.mxu.cols;
  a.key_chunk = key_chunk(a.block_kv, weight_tile_depth(chip.mxu, DataType::kBf16));
  a.lanes = std::min(chip.mxu.count, a.heads);
  const std::int64_t head_blocks = ceil_div(a.head_dim, chip.mxu.cols);
  std::optional<AttentionMapping> best;
  for (; a.lanes >= 1; --a.lanes) {
    for (std::int64_t steps = 2; steps <= 8; steps += 2) {
      a.block_q = steps * a.block_kv;
      const Bytes row = a.lanes * a.head_dim * 2;
      const Bytes needed =
          4 * a.block_q * row + 2 * steps * a.block_kv * row +
          a.lanes * a.block_q * (9 * kWord + 2 * a.block_kv * 2 + a.head_dim * kWord);
      if (needed > vmem) continue;
      if (2 * a.block_q * (1 + head_blocks) > chip.mxu.acc_depth) continue;
      const std::int64_t blocks = a.q_blocks();
      const std::int64_t visited =
          a.causal ? blocks * (blocks + 1) / 2 * steps : blocks * blocks * steps;
      // A query block ends with the last product and the division: about two steps without overlap.
      a.estimate = a.sequences * a.head_groups() * (visited + 2 * blocks) * step_cycles(chip, a);
      if (!best || a.estimate < best->estimate) best = a;
    }
    if (best) return *best;
  }
  bad_input(op.name,
            fmt::format("attention with heads of {} that fits neither {} bytes of VMEM nor {} "
                        "accumulator rows on {}",
                        q.cols / a.heads, vmem, chip.mxu.acc_depth, chip.name),
            "a chip with more vmem.size or mxu.acc_depth");
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
  if (op.kind == OpKind::kGather) {
    per_row = 2 * r.cols * size_of(out.type);
  } else {
    const RowwiseRecipe recipe = rowwise_recipe(graph, op);
    rows = recipe.repeat_rows;
    per_row =
        2 * r.cols * size_of(out.type) + (recipe.temporaries * r.cols + recipe.columns) * kWord;
    for (std::size_t i = 0; i < recipe.inputs.size(); ++i) {
      const Bytes row = r.cols * size_of(graph.tensors[op.operands[recipe.inputs[i]].tensor].type);
      (recipe.is_row[i] ? fixed : per_row) += recipe.is_row[i] ? row : 2 * row;
    }
    for (const RowwiseStep& step : recipe.steps) {
      const std::int64_t blocks = vector_blocks(r.rows, r.cols, chip.vpu.sublanes, chip.vpu.lanes);
      if (!step.reduce) {
        r.estimate += vector_cycles(chip.vpu, step.op, blocks, row_of(step.op).arity, step.causal);
      }
    }
  }
  // Enough work per block to cover the latency of a transfer; enough blocks to overlap.
  const std::int64_t sublanes = chip.vpu.sublanes;
  const std::int64_t wanted = std::max<std::int64_t>(sublanes, 256 * kKiB / (r.cols * 4));
  for (r.lanes = 4; r.lanes >= 1; r.lanes /= 2) {
    const std::int64_t fits = (vmem - fixed) / (r.lanes * per_row);
    r.block = std::min({fits, wanted, round_up(ceil_div(rows, r.lanes), sublanes)});
    if (r.block >= sublanes) r.block = r.block / sublanes * sublanes;
    if (r.block >= 1 && (r.block >= sublanes || r.lanes == 1)) return r;
  }
  bad_input(op.name,
            fmt::format("rows of {} elements, {} bytes with their buffers", r.cols, per_row),
            fmt::format("at most the {} bytes of VMEM that an op of {} may use", vmem, chip.name));
}

std::vector<Mapping> map_ops(const Graph& graph, const ChipSpec& chip) {
  const Bytes vmem = std::max<Bytes>(0, vmem_per_op(graph, chip) - rounding(chip));
  std::vector<Mapping> mappings;
  for (const std::vector<Op>* ops : {&graph.before, &graph.body, &graph.after}) {
    for (const Op& op : *ops) mappings.push_back(map_op(graph, op, chip, vmem));
  }
  return mappings;
}

}  // namespace systole
