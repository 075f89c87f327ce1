// SPDX-License-Identifier: Apache-2.0
#include "compiler/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "isa/error.hpp"

namespace systole {
namespace {

// Tensors start on multiples of this, so that every one meets the channels in the same order.
constexpr Bytes kTensorAlignment = 64 * kKiB;

SymbolRole role_of(const Graph& graph, std::int32_t tensor) {
  if (std::find(graph.outputs.begin(), graph.outputs.end(), tensor) != graph.outputs.end()) {
    return SymbolRole::kOutput;
  }
  switch (graph.tensors[tensor].role) {
    case TensorRole::kInput: return SymbolRole::kInput;
    case TensorRole::kWeight: return SymbolRole::kWeight;
    case TensorRole::kTable:
    case TensorRole::kValue: return SymbolRole::kScratch;
  }
  return SymbolRole::kScratch;
}

}  // namespace

Tile Place::tile(const Affine& inside) const {
  Tile tile;
  tile.space = Space::kHbm;
  tile.type = type;
  tile.pitch = pitch;
  if (ring > 0) {
    tile.address = ring_value(base, layer + inside, ring);
  } else {
    tile.address = Affine(base) + layer + inside;
  }
  return tile;
}

Layout::Layout(const Graph& graph, const ChipSpec& chip)
    : graph_(graph), burst_(burst_bytes(chip.hbm)), slots_(graph.tensors.size()) {
  share_carries();
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const auto tensor = static_cast<std::int32_t>(t);
    if (graph.tensors[t].role == TensorRole::kInput ||
        graph.tensors[t].role == TensorRole::kWeight) {
      allocate(tensor);
    }
  }
  for (const std::vector<Op>* ops : {&graph.before, &graph.body, &graph.after}) {
    for (const Op& op : *ops) {
      if (op.kind != OpKind::kRows) allocate(op.result);
    }
    alias_views(*ops);
  }
  if (next_ > hbm_bytes_per_core(chip)) {
    bad_input(graph.name, fmt::format("{} bytes of tensors", next_),
              fmt::format("at most the {} bytes of HBM that a core of {} reaches",
                          hbm_bytes_per_core(chip), chip.name));
  }
}

std::int64_t Layout::pitch_of(std::int32_t tensor) const {
  const Tensor& t = graph_.tensors[tensor];
  return round_up(t.cols * size_of(t.type), burst_);
}

Bytes Layout::size_of_tensor(std::int32_t tensor) const {
  return round_up(pitch_of(tensor) * graph_.tensors[tensor].rows, kTensorAlignment);
}

void Layout::allocate(std::int32_t tensor) {
  Slot& slot = slots_[tensor];
  if (slot.base >= 0) return;
  slot.base = next_;
  slot.pitch = pitch_of(tensor);
  const std::int64_t copies = graph_.tensors[tensor].copies;
  if (copies > 1) slot.stride = size_of_tensor(tensor);
  next_ += size_of_tensor(tensor) * copies;
}

void Layout::share_carries() {
  for (const Carry& carry : graph_.carries) {
    const Tensor& initial = graph_.tensors[carry.initial];
    if (initial.role != TensorRole::kValue) {
      bad_input(graph_.name,
                fmt::format("carry %{} that starts from an input or a weight", initial.name),
                "a carry that starts from a computed value");
    }
    const Bytes size = size_of_tensor(carry.initial);
    const Slot ring{next_, pitch_of(carry.initial), size, 2 * size, 0};
    next_ += 2 * size;
    slots_[carry.initial] = {ring.base, ring.pitch, 0, 0, 0};
    slots_[carry.argument] = ring;
    slots_[carry.yield] = ring;
    slots_[carry.yield].phase = size;
    slots_[carry.result] = {ring.base + graph_.repeat % 2 * size, ring.pitch, 0, 0, 0};
  }
}

void Layout::alias_views(const std::vector<Op>& ops) {
  for (const Op& op : ops) {
    if (op.kind != OpKind::kRows) continue;
    const Slot& source = slots_[op.operands[0].tensor];
    Slot view = source;
    view.base += static_cast<std::int64_t>(attribute(op, "first", 0)) * source.pitch +
                 op.operands[0].first_col * size_of(graph_.tensors[op.result].type);
    view.pitch *= static_cast<std::int64_t>(attribute(op, "step", 1));
    slots_[op.result] = view;
  }
}

Place Layout::place(const Operand& operand, const Affine& layer) const {
  Place place = this->place(operand.tensor, layer);
  place.base += operand.first_col * place.element();
  if (operand.cols > 0) place.cols = operand.cols;
  return place;
}

Place Layout::place(std::int32_t tensor, const Affine& layer) const {
  const Slot& slot = slots_[tensor];
  const Tensor& t = graph_.tensors[tensor];
  Place place{slot.base, 0, slot.ring, slot.pitch, t.rows, t.cols, t.type};
  place.layer = layer * slot.stride + slot.phase;
  return place;
}

std::vector<Symbol> Layout::symbols() const {
  std::set<std::int32_t> hidden;  // tensors whose bytes another symbol names
  std::set<std::int32_t> views;
  for (const Carry& carry : graph_.carries) {
    hidden.insert({carry.initial, carry.argument, carry.yield});
  }
  for (const std::vector<Op>* ops : {&graph_.before, &graph_.body, &graph_.after}) {
    for (const Op& op : *ops) {
      if (op.kind == OpKind::kRows) views.insert(op.result);
    }
  }
  std::vector<Symbol> symbols;
  for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
    const auto index = static_cast<std::int32_t>(t);
    const Tensor& tensor = graph_.tensors[t];
    const Slot& slot = slots_[t];
    if (slot.base < 0 || hidden.contains(index)) continue;
    const SymbolRole role = role_of(graph_, index);
    if (views.contains(index) && role != SymbolRole::kOutput) continue;
    symbols.push_back({tensor.name, role, tensor.type, slot.base, tensor.rows, tensor.cols,
                       slot.pitch, tensor.copies, tensor.copies > 1 ? slot.stride : 0, tensor.scale,
                       tensor.offset});
  }
  return symbols;
}

std::string Layout::describe() const {
  std::string text;
  for (std::size_t t = 0; t < slots_.size(); ++t) {
    const Slot& slot = slots_[t];
    if (slot.base < 0) continue;
    text += fmt::format("%{} address={} pitch={} stride={} ring={}\n", graph_.tensors[t].name,
                        slot.base, slot.pitch, slot.stride, slot.ring);
  }
  return text;
}

}  // namespace systole
