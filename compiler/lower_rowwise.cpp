// SPDX-License-Identifier: Apache-2.0
// Ops that work row by row on the VPU and XLU: elementwise ones, softmax, norms, rotary embeddings
// and quantisation.
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
    RowwiseInput shape;
    Ring ring;                 // groups of blocks of rows
    Bytes at = 0;              // of a row operand
    std::int32_t loaded = -1;  // semaphore of a row operand

    Bytes row_bytes() const { return shape.cols * place.element(); }
    bool loaded_by_groups() const { return !shape.row && !place.kept(); }
  };

  void make_inputs(Arena& arena);
  void make_outputs(Arena& arena);
  void make_lanes(Arena& arena);
  void load_row_operands();
  void load_group(const Affine& repeat, const Affine& group, const Guard& when);
  struct Work {  // what a step works on
    Affine repeat;
    Affine group;  // number over repeats
    Affine col_group;
    Value rows;
    Affine first_row;
  };
  void run_steps(const Affine& repeat, const Affine& group);
  Affine kept_row(const Work& work) const {  // of a result
    return work.repeat * repeat_rows_ + work.first_row;
  }
  void emit_step(const RowwiseStep& step, const Lane& lane, const Work& work);
  Tile operand(const RowwiseOperand& operand, const Lane& lane, const Work& work) const;
  void store_group(const Affine& repeat, const Affine& group);

  // Groups are numbered over repeats.
  Affine number_of(const Affine& repeat, const Affine& group) const {
    return repeat * groups_ + group;
  }
  Affine first_row(const Lane& lane, const Affine& group) const {  // within a repeat
    return group * group_rows() + lane.number * g_.block;
  }
  std::int64_t group_rows() const { return g_.lanes * g_.block; }
  Value rows_of(const Affine& group) const {
    return clamped(Affine(repeat_rows_) - group * group_rows(), group_rows());
  }
  Value rows_left(const Lane& lane, const Affine& group) const {
    return clamped(Affine(repeat_rows_) - first_row(lane, group), g_.block);
  }

  Lowering& l_;
  Emitter& e_;
  const Op& op_;
  const RowwiseMapping& g_;
  RowwiseRecipe recipe_;
  std::vector<Place> results_;  // and scales
  std::vector<Ring> out_rings_;
  std::vector<Input> inputs_;
  std::int64_t repeat_rows_;  // rows after which a second operand repeats
  std::int64_t repeats_, groups_;
  std::vector<Lane> lanes_;
};

RowwiseKernel::RowwiseKernel(Lowering& lowering, const Op& op, const RowwiseMapping& mapping)
    : l_(lowering),
      e_(lowering.emitter),
      op_(op),
      g_(mapping),
      recipe_(rowwise_recipe(lowering.graph, op)),
      results_{lowering.layout.place(op.result, lowering.layer)},
      repeat_rows_(recipe_.repeat_rows),
      repeats_(g_.rows / repeat_rows_),
      groups_(ceil_div(repeat_rows_, g_.lanes * g_.block)) {
  if (op.scales >= 0) results_.push_back(lowering.layout.place(op.scales, lowering.layer));
}

void RowwiseKernel::make_inputs(Arena& arena) {
  for (std::size_t i = 0; i < recipe_.inputs.size(); ++i) {
    Input input;
    input.shape = recipe_.inputs[i];
    input.place = l_.layout.place(op_.operands[input.shape.operand], l_.layer);
    input.place.base += input.shape.first * input.place.pitch;
    input.place.pitch *= input.shape.every;
    input.place.rows /= input.shape.every;
    const UnitId engine = input.shape.operand == 0 ? l_.roles.lhs : l_.roles.params;
    const Bytes row = input.row_bytes();
    if (input.place.kept()) {
      inputs_.push_back(input);
      continue;
    }
    if (input.shape.row) {
      input.at = arena.take(row);
      input.loaded = e_.semaphore("row_operand", engine, kVpuUnit);
    } else {
      input.ring = e_.ring("rows" + std::to_string(i) + ".", l_.space, engine, {kVpuUnit},
                           arena.take(2 * group_rows() * row), group_rows() * row, 2);
    }
    inputs_.push_back(input);
  }
}

void RowwiseKernel::make_outputs(Arena& arena) {
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const Bytes slot = group_rows() * results_[i].cols * results_[i].element();
    if (results_[i].kept()) {
      out_rings_.emplace_back();
      continue;
    }
    out_rings_.push_back(e_.ring(i == 0 ? "row_out" : "scales_out", l_.space, kVpuUnit,
                                 {l_.roles.out}, arena.take(2 * slot), slot, 2));
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
      lane.temporaries.push_back(arena.take(g_.block * recipe_.step_cols * 4));
    }
    for (int c = 0; c < recipe_.columns; ++c) lane.columns.push_back(arena.take(g_.block * 4));
    lanes_.push_back(lane);
  }
}

void RowwiseKernel::load_row_operands() {
  for (const Input& input : inputs_) {
    if (!input.shape.row || input.place.kept()) continue;
    Load load;
    load.dst = vmem_tile(input.at, input.row_bytes(), input.place.type);
    load.src = input.place.tile(0);
    load.rows = 1;
    load.cols = input.shape.cols;
    e_.emit(l_.roles.params, load, {}, {}, {{input.loaded, 1}});
    e_.wait(kVpuUnit, {{input.loaded, 1}});
  }
}

// The rows of all lanes together.
void RowwiseKernel::load_group(const Affine& repeat, const Affine& group, const Guard& when) {
  const Affine number = number_of(repeat, group);
  for (const Input& input : inputs_) {
    if (!input.loaded_by_groups()) continue;
    // A further operand of fewer rows starts again with each repeat.
    const Affine row = group * group_rows() +
                       (input.place.rows == repeat_rows_ ? Affine(0) : repeat * repeat_rows_);
    e_.acquire(input.ring, number, when);
    Load load;
    load.dst = vmem_tile(input.ring.at(number), input.row_bytes(), input.place.type);
    load.src = input.place.tile(row * input.place.pitch);
    load.rows = rows_of(group);
    load.cols = input.shape.cols;
    e_.emit(input.ring.producer, load, when, {}, e_.published(input.ring));
  }
}

Tile RowwiseKernel::operand(const RowwiseOperand& operand, const Lane& lane,
                            const Work& work) const {
  switch (operand.place) {
    case RowwisePlace::kNone: return {};
    case RowwisePlace::kInput: {
      const Input& input = inputs_[operand.number];
      const std::int64_t element = input.place.element();
      const std::int64_t group_cols = input.shape.cols / recipe_.groups;
      Affine inside = operand.first_col * element;
      if (input.shape.grouped) inside = inside + work.col_group * (group_cols * element);
      const bool per_row = !input.shape.row && input.shape.cols == 1 && g_.cols != 1;
      if (input.place.kept()) {
        Affine row = work.first_row;
        if (input.place.rows != repeat_rows_) row = row + work.repeat * repeat_rows_;
        if (input.shape.row) row = 0;
        Tile tile = input.place.tile(row * input.place.pitch + inside);
        tile.broadcast = input.shape.row ? Broadcast::kRow
                         : per_row       ? Broadcast::kCol
                                         : Broadcast::kNone;
        return tile;
      }
      if (input.shape.row) {
        return vmem_tile(Affine(input.at) + inside, input.row_bytes(), input.place.type,
                         Broadcast::kRow);
      }
      inside = inside + lane.number * g_.block * input.row_bytes();
      return vmem_tile(input.ring.at(work.group, inside), input.row_bytes(), input.place.type,
                       per_row ? Broadcast::kCol : Broadcast::kNone);
    }
    case RowwisePlace::kTemporary:
      return vmem_tile(lane.temporaries[operand.number], recipe_.step_cols * 4, DataType::kFp32);
    case RowwisePlace::kColumn:
      return vmem_tile(lane.columns[operand.number], 4, DataType::kFp32, Broadcast::kCol);
    case RowwisePlace::kOut: {
      const std::int64_t element = results_[0].element();
      const Affine col =
          work.col_group * (g_.cols / recipe_.groups * element) + operand.first_col * element;
      if (results_[0].kept()) return results_[0].tile(kept_row(work) * results_[0].pitch + col);
      const Affine inside = col + lane.number * g_.block * g_.cols * element;
      return vmem_tile(out_rings_[0].at(work.group, inside), g_.cols * element, results_[0].type);
    }
    case RowwisePlace::kScales:
      if (results_[1].kept()) {
        Tile scales = results_[1].tile(kept_row(work) * results_[1].pitch);
        scales.broadcast = Broadcast::kCol;
        return scales;
      }
      return vmem_tile(out_rings_[1].at(work.group, lane.number * g_.block * 4), 4,
                       results_[1].type, Broadcast::kCol);
  }
  return {};
}

void RowwiseKernel::emit_step(const RowwiseStep& step, const Lane& lane, const Work& work) {
  Mask mask;
  if (step.masked && recipe_.mask != MaskKind::kNone) {
    mask = {recipe_.mask, work.first_row, 0, recipe_.window};
  }
  const auto written = [](Tile tile) {
    tile.broadcast = Broadcast::kNone;
    return tile;
  };
  const bool column =
      step.dst.place == RowwisePlace::kColumn || step.dst.place == RowwisePlace::kScales;
  if (step.reduce) {
    Reduce reduce;
    reduce.op = *step.reduce;
    reduce.dst = written(operand(step.dst, lane, work));
    reduce.a = operand(step.a, lane, work);
    reduce.rows = work.rows;
    reduce.cols = recipe_.step_cols;
    reduce.mask = mask;
    e_.emit(lane.xlu, reduce, {}, {{lane.to_xlu, 1}}, {{lane.from_xlu, 1}});
    return;
  }
  Vector vector;
  vector.op = step.op;
  vector.dst = written(operand(step.dst, lane, work));
  vector.a = operand(step.a, lane, work);
  vector.b = operand(step.b, lane, work);
  vector.c = operand(step.c, lane, work);
  if (column) {  // works on one element per row
    vector.a.broadcast = Broadcast::kNone;
    vector.b.broadcast = Broadcast::kNone;
  }
  vector.rows = work.rows;
  vector.cols = column ? 1 : recipe_.step_cols;
  vector.imm = step.imm;
  vector.mask = mask;
  e_.emit(kVpuUnit, vector);
}

void RowwiseKernel::run_steps(const Affine& repeat, const Affine& group) {
  const Affine number = number_of(repeat, group);
  std::vector<Token> filled, done;
  for (const Input& input : inputs_) {
    if (!input.loaded_by_groups()) continue;
    filled.push_back(e_.filled(input.ring, kVpuUnit));
    done.push_back(e_.released(input.ring, kVpuUnit));
  }
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (!results_[i].kept()) e_.acquire(out_rings_[i], number);
  }
  e_.wait(kVpuUnit, filled);
  const Affine col_group = e_.open(recipe_.groups);
  if (recipe_.steps.front().reduce) {
    for (const Lane& lane : lanes_) e_.signal(kVpuUnit, {{lane.to_xlu, 1}});
  }
  for (std::size_t s = 0; s < recipe_.steps.size(); ++s) {
    const RowwiseStep& step = recipe_.steps[s];
    const bool after_xlu = s > 0 && recipe_.steps[s - 1].reduce.has_value();
    const bool before_xlu = s + 1 < recipe_.steps.size() && recipe_.steps[s + 1].reduce.has_value();
    for (const Lane& lane : lanes_) {
      if (after_xlu && !step.reduce) e_.wait(kVpuUnit, {{lane.from_xlu, 1}});
      emit_step(step, lane,
                {repeat, number, col_group, rows_left(lane, group), first_row(lane, group)});
      if (before_xlu && !step.reduce) e_.signal(kVpuUnit, {{lane.to_xlu, 1}});
    }
  }
  e_.close();
  for (const Ring& ring : out_rings_) {  // of a kept result, without consumers
    for (const Token token : e_.published(ring)) done.push_back(token);
  }
  e_.signal(kVpuUnit, done);
}

void RowwiseKernel::store_group(const Affine& repeat, const Affine& group) {
  const Affine number = number_of(repeat, group);
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (results_[i].kept()) continue;
    const Ring& ring = out_rings_[i];
    Store store;
    store.src =
        vmem_tile(ring.at(number), results_[i].cols * results_[i].element(), results_[i].type);
    store.dst =
        results_[i].tile((repeat * repeat_rows_ + group * group_rows()) * results_[i].pitch);
    store.rows = rows_of(group);
    store.cols = results_[i].cols;
    e_.emit(l_.roles.out, store, {}, {e_.filled(ring, l_.roles.out)},
            {e_.released(ring, l_.roles.out)});
  }
}

void RowwiseKernel::emit() {
  Arena arena(l_, op_);
  make_inputs(arena);
  make_lanes(arena);
  make_outputs(arena);
  load_row_operands();
  // The next rows are asked for before the current ones are worked on: the VPU's queue is shorter
  // than what it does with them.
  load_group(0, 0, {});
  const Affine repeat = e_.open(repeats_);
  const Affine group = e_.open(groups_);
  load_group(repeat, group + 1, at_least(Affine(groups_) - group, 2));
  load_group(repeat + 1, 0,
             both(equals_last(group, groups_), at_least(Affine(repeats_) - repeat, 2)));
  run_steps(repeat, group);
  store_group(repeat, group);
  e_.close();
  e_.close();
  const std::int64_t groups = repeats_ * groups_;
  for (const Input& input : inputs_) {
    if (input.loaded_by_groups()) e_.finish(input.ring, l_.space, groups);
  }
  for (const Ring& ring : out_rings_) e_.finish(ring, l_.space, groups);
}

}  // namespace

void lower_rowwise(Lowering& lowering, const Op& op, const RowwiseMapping& mapping) {
  RowwiseKernel(lowering, op, mapping).emit();
}

}  // namespace systole
