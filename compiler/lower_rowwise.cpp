// SPDX-License-Identifier: Apache-2.0
// Ops that work row by row on the VPU and XLU: elementwise ones, softmax, layer norm, and gathers.
// Each is a recipe of a few steps on a block of rows; `lanes` blocks are in flight, each step is
// issued for all of them before the next step, so that VPU and XLU work on different blocks.
#include <optional>

#include "compiler/lowering.hpp"
#include "compiler/op_table.hpp"
#include "compiler/rowwise_recipe.hpp"

namespace systole {
namespace {

class RowwiseKernel {
 public:
  RowwiseKernel(Lowering& lowering, const Op& op, const RowwiseMapping& mapping);
  void emit();

 private:
  struct Lane {
    std::int64_t number = 0;
    UnitId xlu;
    std::int32_t to_xlu = -1, from_xlu = -1;  // semaphores
    std::vector<Bytes> temporaries, columns;
  };
  struct Input {
    Place place;
    bool row = false;          // 1 x cols: loaded once
    Ring ring;                 // blocks of rows
    Bytes at = 0;              // of a row operand
    std::int32_t loaded = -1;  // semaphore of a row operand
  };

  void make_inputs(Arena& arena);
  void make_lanes(Arena& arena);
  void load_row_operands();
  void load_blocks(const Lane& lane, const Affine& repeat, const Affine& group);
  void run_steps(const Affine& repeat, const Affine& group);
  void emit_step(const RowwiseStep& step, const Lane& lane, const Affine& block, const Value& rows,
                 const Affine& first_row);
  Tile operand(const RowwiseOperand& operand, const Lane& lane, const Affine& block) const;
  void store_block(const Lane& lane, const Affine& repeat, const Affine& group);

  // Blocks are numbered over repeats, groups and lanes.
  Affine block_number(const Lane& lane, const Affine& repeat, const Affine& group) const {
    return (repeat * groups_ + group) * g_.lanes + lane.number;
  }
  Affine first_row(const Lane& lane, const Affine& group) const {  // within a repeat
    return group * (g_.lanes * g_.block) + lane.number * g_.block;
  }
  Value rows_left(const Lane& lane, const Affine& group) const {
    return clamped(Affine(repeat_rows_) - first_row(lane, group), g_.block);
  }

  Lowering& l_;
  Emitter& e_;
  const Op& op_;
  const RowwiseMapping& g_;
  RowwiseRecipe recipe_;
  Place out_;
  std::vector<Input> inputs_;
  std::int64_t repeat_rows_;  // rows after which a second operand repeats
  std::int64_t repeats_, groups_;
  Ring out_ring_;
  std::vector<Lane> lanes_;
};

RowwiseKernel::RowwiseKernel(Lowering& lowering, const Op& op, const RowwiseMapping& mapping)
    : l_(lowering),
      e_(lowering.emitter),
      op_(op),
      g_(mapping),
      recipe_(rowwise_recipe(lowering.graph, op)),
      out_(lowering.layout.place(op.result, lowering.layer)),
      repeat_rows_(recipe_.repeat_rows),
      repeats_(g_.rows / repeat_rows_),
      groups_(ceil_div(repeat_rows_, g_.lanes * g_.block)) {}

void RowwiseKernel::make_inputs(Arena& arena) {
  for (std::size_t i = 0; i < recipe_.inputs.size(); ++i) {
    Input input;
    input.place = l_.layout.place(op_.operands[recipe_.inputs[i]], l_.layer);
    input.row = recipe_.is_row[i];
    const UnitId engine = i == 0 ? l_.roles.lhs : l_.roles.params;
    const Bytes row = g_.cols * input.place.element();
    if (input.row) {
      input.at = arena.take(row);
      input.loaded = e_.semaphore("row_operand", engine, kVpuUnit);
    } else {
      input.ring = e_.ring("rows" + std::to_string(i) + ".", l_.space, engine, {kVpuUnit},
                           arena.take(2 * g_.lanes * g_.block * row), g_.block * row, 2 * g_.lanes);
    }
    inputs_.push_back(input);
  }
}

void RowwiseKernel::make_lanes(Arena& arena) {
  for (std::int64_t n = 0; n < g_.lanes; ++n) {
    Lane lane;
    lane.number = n;
    if (recipe_.uses_xlu()) {
      lane.xlu = xlu_unit(l_.chip, n);
      const std::string suffix = "#" + std::to_string(n);
      lane.to_xlu = e_.semaphore("to_xlu" + suffix, kVpuUnit, lane.xlu);
      lane.from_xlu = e_.semaphore("from_xlu" + suffix, lane.xlu, kVpuUnit);
    }
    for (int t = 0; t < recipe_.temporaries; ++t) {
      lane.temporaries.push_back(arena.take(g_.block * g_.cols * 4));
    }
    for (int c = 0; c < recipe_.columns; ++c) lane.columns.push_back(arena.take(g_.block * 4));
    lanes_.push_back(lane);
  }
}

void RowwiseKernel::load_row_operands() {
  for (const Input& input : inputs_) {
    if (!input.row) continue;
    Load load;
    load.dst = vmem_tile(input.at, g_.cols * input.place.element(), input.place.type);
    load.src = input.place.tile(0);
    load.rows = 1;
    load.cols = g_.cols;
    e_.emit(l_.roles.params, load, {}, {}, {{input.loaded, 1}});
    e_.wait(kVpuUnit, {{input.loaded, 1}});
  }
}

void RowwiseKernel::load_blocks(const Lane& lane, const Affine& repeat, const Affine& group) {
  const Affine block = block_number(lane, repeat, group);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    if (input.row) continue;
    // A second operand of fewer rows starts again with each repeat.
    const Affine row = first_row(lane, group) +
                       (input.place.rows == repeat_rows_ ? Affine(0) : repeat * repeat_rows_);
    e_.acquire(input.ring, block);
    Load load;
    load.dst = vmem_tile(input.ring.at(block), g_.cols * input.place.element(), input.place.type);
    load.src = input.place.tile(row * input.place.pitch);
    load.rows = rows_left(lane, group);
    load.cols = g_.cols;
    e_.emit(input.ring.producer, load, {}, {}, e_.published(input.ring));
  }
}

Tile RowwiseKernel::operand(const RowwiseOperand& operand, const Lane& lane,
                            const Affine& block) const {
  switch (operand.place) {
    case RowwisePlace::kNone: return {};
    case RowwisePlace::kInput: {
      const Input& input = inputs_[operand.number];
      const Bytes pitch = g_.cols * input.place.element();
      return input.row ? vmem_tile(input.at, pitch, input.place.type, Broadcast::kRow)
                       : vmem_tile(input.ring.at(block), pitch, input.place.type);
    }
    case RowwisePlace::kTemporary:
      return vmem_tile(lane.temporaries[operand.number], g_.cols * 4, DataType::kFp32);
    case RowwisePlace::kColumn:
      return vmem_tile(lane.columns[operand.number], 4, DataType::kFp32, Broadcast::kCol);
    case RowwisePlace::kOut:
      return vmem_tile(out_ring_.at(block), g_.cols * out_.element(), out_.type);
  }
  return {};
}

void RowwiseKernel::emit_step(const RowwiseStep& step, const Lane& lane, const Affine& block,
                              const Value& rows, const Affine& first) {
  Mask mask;
  if (step.causal) mask = {MaskKind::kCausal, first, 0, 0};
  const auto written = [](Tile tile) {
    tile.broadcast = Broadcast::kNone;
    return tile;
  };
  const bool column = step.dst.place == RowwisePlace::kColumn;
  if (step.reduce) {
    Reduce reduce;
    reduce.op = *step.reduce;
    reduce.dst = written(operand(step.dst, lane, block));
    reduce.a = operand(step.a, lane, block);
    reduce.rows = rows;
    reduce.cols = g_.cols;
    reduce.mask = mask;
    e_.emit(lane.xlu, reduce, {}, {{lane.to_xlu, 1}}, {{lane.from_xlu, 1}});
    return;
  }
  Vector vector;
  vector.op = step.op;
  vector.dst = written(operand(step.dst, lane, block));
  vector.a = operand(step.a, lane, block);
  vector.b = operand(step.b, lane, block);
  vector.c = operand(step.c, lane, block);
  if (column) {  // works on one element per row
    vector.a.broadcast = Broadcast::kNone;
    vector.b.broadcast = Broadcast::kNone;
  }
  vector.rows = rows;
  vector.cols = column ? 1 : g_.cols;
  vector.imm = step.imm;
  vector.mask = mask;
  e_.emit(kVpuUnit, vector);
}

void RowwiseKernel::run_steps(const Affine& repeat, const Affine& group) {
  for (const Lane& lane : lanes_) {
    const Affine block = block_number(lane, repeat, group);
    std::vector<Token> waits;
    for (const Input& input : inputs_) {
      if (!input.row) waits.push_back(e_.filled(input.ring, kVpuUnit));
    }
    e_.acquire(out_ring_, block);
    e_.wait(kVpuUnit, waits);
    if (recipe_.steps.front().reduce) e_.signal(kVpuUnit, {{lane.to_xlu, 1}});
  }
  for (std::size_t s = 0; s < recipe_.steps.size(); ++s) {
    const RowwiseStep& step = recipe_.steps[s];
    const bool after_xlu = s > 0 && recipe_.steps[s - 1].reduce.has_value();
    const bool before_xlu = s + 1 < recipe_.steps.size() && recipe_.steps[s + 1].reduce.has_value();
    for (const Lane& lane : lanes_) {
      if (after_xlu && !step.reduce) e_.wait(kVpuUnit, {{lane.from_xlu, 1}});
      emit_step(step, lane, block_number(lane, repeat, group), rows_left(lane, group),
                first_row(lane, group));
      if (before_xlu && !step.reduce) e_.signal(kVpuUnit, {{lane.to_xlu, 1}});
    }
  }
  for (const Lane& lane : lanes_) {
    std::vector<Token> signals = e_.published(out_ring_);
    for (const Input& input : inputs_) {
      if (!input.row) signals.push_back(e_.released(input.ring, kVpuUnit));
    }
    e_.signal(kVpuUnit, signals);
    store_block(lane, repeat, group);
  }
}

void RowwiseKernel::store_block(const Lane& lane, const Affine& repeat, const Affine& group) {
  const Affine block = block_number(lane, repeat, group);
  Store store;
  store.src = vmem_tile(out_ring_.at(block), g_.cols * out_.element(), out_.type);
  store.dst = out_.tile((repeat * repeat_rows_ + first_row(lane, group)) * out_.pitch);
  store.rows = rows_left(lane, group);
  store.cols = g_.cols;
  e_.emit(l_.roles.out, store, {}, {e_.filled(out_ring_, l_.roles.out)},
          {e_.released(out_ring_, l_.roles.out)});
}

void RowwiseKernel::emit() {
  Arena arena(l_, op_);
  make_inputs(arena);
  make_lanes(arena);
  const Bytes row = g_.cols * out_.element();
  out_ring_ = e_.ring("row_out", l_.space, kVpuUnit, {l_.roles.out},
                      arena.take(2 * g_.lanes * g_.block * row), g_.block * row, 2 * g_.lanes);
  load_row_operands();
  const Affine repeat = e_.open(repeats_);
  const Affine group = e_.open(groups_);
  for (const Lane& lane : lanes_) load_blocks(lane, repeat, group);
  run_steps(repeat, group);
  e_.close();
  e_.close();
  const std::int64_t blocks = repeats_ * groups_ * g_.lanes;
  for (const Input& input : inputs_) {
    if (!input.row) e_.finish(input.ring, l_.space, blocks);
  }
  e_.finish(out_ring_, l_.space, blocks);
}

// Rows named by a table, straight through VMEM.
void lower_gather(Lowering& l, const Op& op, const RowwiseMapping& g) {
  Emitter& e = l.emitter;
  const Place from = l.layout.place(op.operands[1], l.layer);
  const Place to = l.layout.place(op.result, l.layer);
  Arena arena(l, op);
  const Bytes row = g.cols * from.element();
  const std::int64_t slots = 2 * g.lanes;
  const Ring ring = e.ring("gathered", l.space, l.roles.lhs, {l.roles.out},
                           arena.take(slots * g.block * row), g.block * row, slots);
  const std::int64_t blocks = ceil_div(g.rows, g.block);
  const Affine block = e.open(blocks);
  e.acquire(ring, block);
  Gather gather;
  gather.dst = vmem_tile(ring.at(block), row, from.type);
  gather.src = from.tile(0);
  gather.index = {table_number(l.graph, op.operands[0].tensor), block * g.block};
  gather.rows = clamped(Affine(g.rows) - block * g.block, g.block);
  gather.cols = g.cols;
  e.emit(l.roles.lhs, gather, {}, {}, e.published(ring));
  Store store;
  store.dst = to.tile(block * (g.block * to.pitch));
  store.src = vmem_tile(ring.at(block), row, to.type);
  store.rows = gather.rows;
  store.cols = g.cols;
  e.emit(l.roles.out, store, {}, {e.filled(ring, l.roles.out)}, {e.released(ring, l.roles.out)});
  e.close();
  e.finish(ring, l.space, blocks);
}

}  // namespace

void lower_rowwise(Lowering& lowering, const Op& op, const RowwiseMapping& mapping) {
  if (op.kind == OpKind::kGather) {
    lower_gather(lowering, op, mapping);
  } else {
    RowwiseKernel(lowering, op, mapping).emit();
  }
}

}  // namespace systole
