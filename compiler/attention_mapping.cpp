// SPDX-License-Identifier: Apache-2.0
#include "compiler/attention_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "compiler/attention_choices.hpp"
#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"
#include "isa/error.hpp"
#include "isa/timing.hpp"

namespace systole {
namespace {

constexpr Bytes kIn = size_of(DataType::kBf16);
constexpr Bytes kWord = 4;  // fp32 on chip

// The most keys that a weight tile holds, such that whole tiles make up a column block: a tile
// never reaches into the next block's place.
std::int64_t key_chunk(std::int64_t cols, std::int64_t depth) {
  std::int64_t tiles = ceil_div(cols, depth);
  while (cols % tiles != 0) ++tiles;
  return cols / tiles;
}

std::int64_t parts(const AttentionMapping& a, const ChipSpec& chip) {
  return a.block_kv / chip.mxu.cols;
}

std::int64_t head_blocks(const AttentionMapping& a, const ChipSpec& chip) {
  return ceil_div(a.value_dim, chip.mxu.cols);
}

// Of one key and its value, of the heads at a time.
Bytes key_bytes(const AttentionMapping& a) {
  const std::int64_t values = a.values_in_keys ? 0 : a.value_dim;
  return (a.kv_lanes * (a.head_dim + values) + a.second_dim) * kIn;
}

// Rows of a step that work at column block `part`, and at any: see compiler/attention_nest.hpp.
struct StepRows {
  std::int64_t rows = 0;
  std::int64_t fewer = 0;  // from one column block to the next
  std::int64_t at(std::int64_t part) const { return rows - part * fewer; }
};

Cycles array_cycles(const ChipSpec& chip, const AttentionMapping& a, const StepRows& step) {
  const std::int64_t depth = weight_tile_depth(chip.mxu, DataType::kBf16);
  const Cycles load = weight_load_cycles(chip.mxu.rows, chip.mxu.weight_rows_per_cycle);
  const std::int64_t chunks = chip.mxu.cols / a.key_chunk;
  const std::int64_t of_key = ceil_div(a.head_dim, depth) + ceil_div(a.second_dim, depth);
  const std::int64_t feeds = of_key + head_blocks(a, chip) * chunks;
  Cycles cycles = 0;
  for (std::int64_t part = 0; part < parts(a, chip); ++part) {
    cycles += feeds * std::max(step.at(part), load);
  }
  return cycles;
}

// Instructions on columns depend on each other: with one lane, each waits for the one before.
Cycles vector_unit_cycles(const ChipSpec& chip, const AttentionMapping& a, const StepRows& step) {
  const auto cycles = [&](VectorOp op, std::int64_t rows, std::int64_t cols, std::int64_t loads,
                          bool masked) {
    const std::int64_t blocks = vector_blocks(rows, cols, chip.vpu.sublanes, chip.vpu.lanes);
    return vector_cycles(chip.vpu, op, blocks, loads, masked);
  };
  const std::int64_t cols = chip.mxu.cols;
  const bool masked = a.window > 0 || step.fewer > 0;
  Cycles element = 0;
  for (std::int64_t part = 0; part < parts(a, chip); ++part) {
    const std::int64_t rows = step.at(part);
    element += cycles(VectorOp::kScaleExp, rows, cols, 1, masked) +
               cycles(VectorOp::kMulAdd, rows, 1, 2, false);
    if (a.softcap != 0) {
      element += cycles(VectorOp::kScale, rows, cols, 1, false) +
                 cycles(VectorOp::kTanh, rows, cols, 1, false);
    }
    if (a.bias_element > 0) element += cycles(VectorOp::kAdd, rows, cols, 2, false);
  }
  const Cycles dependent = a.lanes() > 1 ? 0 : (1 + parts(a, chip)) * chip.vpu.latency;
  return a.lanes() * (element + cycles(VectorOp::kMulAdd, step.rows, a.value_dim, 2, false) +
                      3 * cycles(VectorOp::kMulAdd, step.rows, 1, 2, false) + dependent);
}

Cycles cross_lane_cycles(const ChipSpec& chip, const AttentionMapping& a, const StepRows& step) {
  std::int64_t blocks = 0;
  for (std::int64_t part = 0; part < parts(a, chip); ++part) {
    blocks += vector_blocks(step.at(part), chip.mxu.cols, chip.vpu.sublanes, chip.vpu.lanes);
  }
  const Cycles reduction = xlu_cycles(blocks, chip.xlu.reduce_interval);
  return ceil_div(a.lanes(), std::max<std::int64_t>(1, chip.xlu.count)) * 2 * reduction;
}

// Cycles of one step (a block of queries against a block of keys) on all lanes.
Cycles step_cycles(const ChipSpec& chip, const AttentionMapping& a, const StepRows& step) {
  const Cycles array = array_cycles(chip, a, step);
  // A block of keys is asked for when its place is free, kv_slots steps before its use.
  const Bytes block = a.key_readers() * a.block_kv * key_bytes(a) +
                      a.lanes() * a.rows() * a.block_kv * a.bias_element;
  const auto memory = static_cast<Cycles>(static_cast<double>(block) / hbm_bytes_per_cycle(chip));
  const Cycles vector = vector_unit_cycles(chip, a, step);
  const Cycles cross_lane = cross_lane_cycles(chip, a, step);
  // Keys that are values, too, stay from the scores to the product of the step after.
  const Cycles held = a.values_in_keys ? 2 * array + vector + cross_lane : array;
  const Cycles round_trip = memory_latency_cycles(chip) + chip.dma.setup + memory + held;
  // From the last scores of a step to its probabilities, two lanes at a time: meanwhile an MXU has
  // the scores of the next step and the product of the one before, a step's work.
  constexpr std::int64_t kTogether = 2, kColumns = 6;
  const std::int64_t reductions =
      2 * ceil_div(a.lanes(), std::max<std::int64_t>(1, chip.xlu.count));
  const Cycles softmax = drain_cycles(chip.mxu.rows, chip.mxu.cols) + cross_lane / reductions +
                         chip.xlu.latency + kColumns * chip.vpu.latency +
                         vector * std::min(kTogether, a.lanes()) / a.lanes();
  return std::max({array, vector, cross_lane, memory, softmax, round_trip / a.kv_slots});
}

// Of one head's blocks of queries together: do(rows, steps with as many).
template <class Do>
void visit_steps(const ChipSpec& chip, const AttentionMapping& a, const Do& visit) {
  const StepRows whole{a.rows(), 0};
  if (!a.causal) return visit(whole, a.visits());
  const std::int64_t per_block = a.steps_per_block();
  for (std::int64_t d = 0; d < per_block; ++d) {
    visit(StepRows{a.rows() - d * a.block_kv, chip.mxu.cols}, a.q_blocks());
  }
  if (a.window == 0) return visit(whole, a.visits() - a.q_blocks() * per_block);
  for (std::int64_t j = per_block; j < a.most_steps(); ++j) {
    // The blocks of queries with so many blocks of keys, and what the window leaves of their rows.
    const std::int64_t seen = a.block_q + a.window - 1 - j * a.block_kv;
    const std::int64_t rows =
        a.seq % a.block_q != 0 ? a.block_q : std::clamp<std::int64_t>(seen, 0, a.block_q);
    if (rows > 0) visit(StepRows{rows, 0}, a.q_blocks() - j / per_block);
  }
}

Cycles visit_cycles(const ChipSpec& chip, const AttentionMapping& a) {
  Cycles cycles = 0;
  visit_steps(chip, a, [&](const StepRows& rows, std::int64_t steps) {
    if (steps > 0) cycles += steps * step_cycles(chip, a, rows);
  });
  if (a.causal) return cycles;
  // Queries are asked for when the scores of those q_slots blocks before them are done.
  const Bytes queries = a.slot_rows() * a.heads_at_a_time() * (a.head_dim + a.second_dim) * kIn;
  const auto memory = static_cast<Cycles>(static_cast<double>(queries) / hbm_bytes_per_cycle(chip));
  const Cycles round_trip =
      memory_latency_cycles(chip) + chip.dma.setup + memory + step_cycles(chip, a, {a.rows(), 0});
  // New queries are awaited before their weights are loaded, and the last sums drain.
  const Cycles change = weight_load_cycles(chip.mxu.rows, chip.mxu.weight_rows_per_cycle) +
                        drain_cycles(chip.mxu.rows, chip.mxu.cols);
  return std::max(cycles, a.q_blocks() * (round_trip / a.q_slots)) + a.q_blocks() * change;
}

// What lanes with parts of the keys of one sequence came to, put together: maxima, scales and sums
// on the VPU, each after the one before.
Cycles combine_cycles(const ChipSpec& chip, const AttentionMapping& a) {
  if (a.key_lanes == 1) return 0;
  const std::int64_t blocks =
      vector_blocks(a.rows(), a.value_dim, chip.vpu.sublanes, chip.vpu.lanes);
  const Cycles add = vector_cycles(chip.vpu, VectorOp::kMulAdd, blocks, 2, false);
  return a.key_lanes * (add + 3 * chip.vpu.latency);
}

Cycles estimate(const ChipSpec& chip, const AttentionMapping& a) {
  // The first scores and the last product run without overlap: about two steps.
  return a.sequence_groups() * a.groups() * a.rounds() *
             (visit_cycles(chip, a) + combine_cycles(chip, a)) +
         2 * step_cycles(chip, a, {a.rows(), 0});
}

bool fits(const ChipSpec& chip, const AttentionMapping& a, Bytes vmem) {
  return attention_vmem(a, chip) <= vmem && attention_acc_rows(a, chip) <= chip.mxu.acc_depth;
}

}  // namespace

Bytes attention_vmem(const AttentionMapping& a, const ChipSpec& chip) {
  const Bytes q_and_out = a.heads_at_a_time() * (a.q_slots * (a.head_dim + a.second_dim) * kIn +
                                                 2 * a.value_dim * a.out_element);
  const std::int64_t columns = 7 + 2 * parts(a, chip);
  const Bytes lane =
      a.rows() * (columns * kWord + 2 * a.block_kv * (kIn + a.bias_element) + a.value_dim * kWord);
  return a.slot_rows() * q_and_out + a.key_readers() * a.kv_slots * a.block_kv * key_bytes(a) +
         a.lanes() * lane + a.heads * a.sink_element;
}

std::int64_t attention_acc_rows(const AttentionMapping& a, const ChipSpec& chip) {
  return 2 * a.rows() * (parts(a, chip) + head_blocks(a, chip));
}

std::int64_t attention_pairs(const AttentionMapping& a, const ChipSpec& chip) {
  std::int64_t pairs = 0;
  visit_steps(chip, a, [&](const StepRows& rows, std::int64_t steps) {
    for (std::int64_t part = 0; part < parts(a, chip); ++part) {
      pairs += steps * rows.at(part) * chip.mxu.cols;
    }
  });
  return pairs;
}

AttentionMapping map_attention(const ChipSpec& chip, const Graph& graph, const Op& op, Bytes vmem) {
  const Extent q = extent_of(graph, op.operands[0]);
  AttentionMapping shape;
  shape.seq = count_of(op, "seq");
  shape.key_rows = head_counts(op).keys;
  shape.keys = keys_read(op);
  shape.first_key = shape.key_rows - shape.keys;
  shape.softcap = attribute_of(op, "softcap");
  const HeadOperands further = head_operands(op);
  const auto element = [&](std::int32_t which) {
    return which < 0 ? 0 : size_of(graph.tensors[op.operands[which].tensor].type);
  };
  shape.bias_element = element(further.bias);
  shape.sink_element = element(further.sinks);
  if (further.k2 >= 0) shape.second_dim = extent_of(graph, op.operands[further.k2]).cols;
  shape.values_in_keys = values_in_keys(graph, op);
  shape.sequences = q.rows / shape.seq;
  shape.heads = count_of(op, "heads");
  shape.kv_heads = count_of(op, "kv_heads") == 0 ? shape.heads : count_of(op, "kv_heads");
  shape.head_dim = q.cols / shape.heads;
  shape.value_dim = extent_of(graph, op.operands[2]).cols / shape.kv_heads;
  shape.out_element = size_of(graph.tensors[op.result].type);
  // One query that sees all keys: nothing is masked.
  shape.causal = attribute_of(op, "causal") != 0 && shape.keys > 1;
  const std::int64_t window = count_of(op, "window");
  if (shape.causal && window < shape.keys) shape.window = window;
  shape.key_chunk = key_chunk(chip.mxu.cols, weight_tile_depth(chip.mxu, DataType::kBf16));
  std::optional<AttentionMapping> best;
  for (const AttentionMapping& lanes : lane_choices(chip, shape)) {
    for (AttentionMapping a : block_choices(chip, lanes)) {
      if (!fits(chip, a, vmem)) continue;
      a.estimate = estimate(chip, a);
      if (!best || a.estimate < best->estimate) best = a;
    }
  }
  if (best) return *best;
  bad_input(op.name,
            fmt::format("attention with heads of {} that fits neither {} bytes of VMEM nor {} "
                        "accumulator rows on {}",
                        shape.head_dim, vmem, chip.mxu.acc_depth, chip.name),
            "a chip with more vmem.size or mxu.acc_depth");
}

}  // namespace systole
