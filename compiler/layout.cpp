// SPDX-License-Identifier: Apache-2.0
#include "compiler/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/op_table.hpp"
#include "isa/error.hpp"
#include "isa/hbm_channels.hpp"

namespace systole {
namespace {

// Rows of a tile are `pitch` apart. The pitch should not bring them to a few channels only: over a
// window of rows, no channel may be met more than `kMostCrowded` times as often as the mean.
constexpr std::int64_t kWindow = 64;
constexpr std::int64_t kMostCrowded = 3;

bool spreads(Bytes pitch, Bytes interleave, const HbmChannels& map, std::int64_t channels) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(channels), 0);
  for (std::int64_t r = 0; r < kWindow; ++r) {
    ++rows[static_cast<std::size_t>(map.channel(r * pitch / interleave))];
  }
  const std::int64_t mean = std::max<std::int64_t>(1, kWindow / channels);
  return *std::max_element(rows.begin(), rows.end()) <= kMostCrowded * mean;
}

// Tensors start on multiples of this, so that every one meets the channels in the same order.
constexpr Bytes kTensorAlignment = 64 * kKiB;

bool is_output(const Graph& graph, std::int32_t tensor) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), tensor) != graph.outputs.end();
}

bool reads(const std::vector<Op>& ops, std::int32_t tensor) {
  return std::any_of(ops.begin(), ops.end(), [&](const Op& op) {
    return std::any_of(op.operands.begin(), op.operands.end(),
                       [&](const Operand& operand) { return operand.tensor == tensor; });
  });
}

bool is_view(const Op& op) { return row_of(op.kind).family == OpFamily::kView; }

bool is_viewed(const Graph& graph, std::int32_t tensor) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind == OpKind::kRows && op.operands[0].tensor == tensor) return true;
    }
  }
  return false;
}

// Tensors that an op computes; views are none.
std::set<std::int32_t> results(const Graph& graph) {
  std::set<std::int32_t> computed;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (is_view(op)) continue;
      computed.insert(op.result);
      if (op.scales >= 0) computed.insert(op.scales);
    }
  }
  return computed;
}

// Tensors that lie in a cache, to which they are appended.
std::set<std::int32_t> appended(const Graph& graph) {
  std::set<std::int32_t> rows;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind == OpKind::kAppend) rows.insert(op.operands[1].tensor);
    }
  }
  return rows;
}

// A cache is an input that the program writes to.
bool is_cache(const Graph& graph, std::int32_t tensor) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind == OpKind::kAppend && op.operands[0].tensor == tensor) return true;
    }
  }
  return false;
}

// What a repeated section starts from is written over by its second repetition.
bool begins_section(const Graph& graph, std::int32_t tensor) {
  for (const Section& section : graph.sections) {
    for (const Carry& carry : section.carries) {
      if (carry.initial == tensor) return true;
    }
  }
  return false;
}

SymbolRole role_of(const Graph& graph, std::int32_t tensor) {
  if (is_output(graph, tensor)) return SymbolRole::kOutput;
  switch (graph.tensors[tensor].role) {
    case TensorRole::kInput:
      return is_cache(graph, tensor) || begins_section(graph, tensor) ? SymbolRole::kState
                                                                      : SymbolRole::kInput;
    case TensorRole::kWeight: return SymbolRole::kWeight;
    case TensorRole::kConstant: return SymbolRole::kConstant;
    case TensorRole::kTable:
    case TensorRole::kValue: return SymbolRole::kScratch;
  }
  return SymbolRole::kScratch;
}

}  // namespace

Tile Place::tile(const Affine& inside) const {
  Tile tile;
  tile.space = space;
  tile.type = type;
  tile.pitch = pitch;
  if (ring > 0) {
    tile.address = ring_value(base, layer + inside, ring);
  } else {
    tile.address = Affine(base) + layer + inside;
  }
  return tile;
}

Layout::Layout(const Graph& graph, const ChipSpec& chip, const Residency& residency)
    : graph_(graph), chip_(chip), residency_(residency), slots_(graph.tensors.size()) {
  check_carries();
  check_outputs();
  share_carries();
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const Tensor& tensor = graph.tensors[t];
    const bool stored = tensor.role != TensorRole::kTable && tensor.role != TensorRole::kValue;
    if (stored && tensor.section < 0) allocate(static_cast<std::int32_t>(t));
  }
  const std::set<std::int32_t> elsewhere = appended(graph);
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (!is_view(op) && !elsewhere.contains(op.result)) allocate(op.result);
      if (op.scales >= 0) allocate(op.scales);
    }
  }
  allocate_layers();
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind == OpKind::kRows) alias_rows(op);
      if (op.kind == OpKind::kAppend) alias_append(op);
      if (op.kind == OpKind::kColumn) {
        slots_[op.result] = slots_[op.operands[0].tensor];
        slots_[op.result].column_of = op.operands[0].tensor;
      }
    }
  }
}

Layout::Layout(const Layout& whole, const Division& division)
    : graph_(division.graph),
      chip_(whole.chip_),
      residency_(whole.residency_),
      next_(whole.next_),
      slots_(whole.slots_),
      rings_(whole.rings_) {
  for (const TensorPart& part : division.parts) {
    Slot slot = slots_[static_cast<std::size_t>(part.tensor)];
    const Bytes element = size_of(graph_.tensors[static_cast<std::size_t>(part.tensor)].type);
    if (slot.base >= 0) slot.base += part.first_row * slot.pitch + part.first_col * element;
    slots_.push_back(slot);
  }
}

void Layout::require_fit() const {
  if (next_ <= hbm_bytes_per_core(chip_)) return;
  bad_input(graph_.name, fmt::format("{} bytes of tensors", next_),
            fmt::format("at most the {} bytes of HBM that a core of {} reaches",
                        hbm_bytes_per_core(chip_), chip_.name));
}

Bytes Layout::pitch_of(std::int32_t tensor) const {
  const Tensor& t = graph_.tensors[tensor];
  if (residency_.kept(tensor)) return t.cols * size_of(t.type);
  const Bytes burst = burst_bytes(chip_.hbm);
  const Bytes least = round_up(t.cols * size_of(t.type), burst);
  if (t.cols == 1) return size_of(t.type);
  if (t.rows == 1) return least;
  const std::int64_t channels = channels_per_core(chip_);
  const HbmChannels map(channels);
  const Bytes interleave = chip_.hbm.interleave;
  if (spreads(least, interleave, map, channels)) return least;
  // A few blocks more; where none of them spreads (which no chip in sight needs), the least.
  const Bytes whole = round_up(least, interleave);
  for (std::int64_t more = 0; more <= channels; ++more) {
    const Bytes pitch = whole + more * interleave;
    if (spreads(pitch, interleave, map, channels)) return pitch;
  }
  return least;
}

Bytes Layout::size_of_tensor(std::int32_t tensor) const {
  const Bytes alignment = residency_.kept(tensor) ? kHomeAlignment : kTensorAlignment;
  return round_up(pitch_of(tensor) * graph_.tensors[tensor].rows, alignment);
}

void Layout::allocate(std::int32_t tensor) {
  Slot& slot = slots_[tensor];
  if (slot.base >= 0) return;
  slot.pitch = pitch_of(tensor);
  if (residency_.kept(tensor)) {
    slot.base = residency_.homes[static_cast<std::size_t>(tensor)];
    slot.space = Space::kVmem;
    return;
  }
  slot.base = next_;
  next_ += size_of_tensor(tensor);
}

// One copy of each stacked tensor per repetition, all copies of a repetition side by side.
void Layout::allocate_layers() {
  for (std::size_t s = 0; s < graph_.sections.size(); ++s) {
    const Bytes first = next_;
    std::vector<std::size_t> stacked;
    for (std::size_t t = 0; t < slots_.size(); ++t) {
      if (graph_.tensors[t].section != static_cast<std::int32_t>(s)) continue;
      stacked.push_back(t);
      allocate(static_cast<std::int32_t>(t));
    }
    for (const std::size_t t : stacked) slots_[t].stride = next_ - first;
    next_ += (next_ - first) * (graph_.sections[s].times() - 1);
  }
}

// Every repetition writes over what the one before the last carried, so a carried value must not
// be needed under another name. An input may begin it, which is then a state.
void Layout::check_carries() const {
  const auto refuse = [&](std::int32_t tensor, std::string_view what) {
    bad_input(graph_.name, fmt::format("carried value %{} {}", graph_.tensors[tensor].name, what),
              "a value that an op computes, carried once and read under no other name");
  };
  std::set<std::int32_t> computed = results(graph_);
  std::set<std::int32_t> carried;
  for (std::size_t s = 0; s < graph_.sections.size(); ++s) {
    const Section& section = graph_.sections[s];
    for (const Carry& carry : section.carries) {
      for (const std::int32_t tensor : {carry.initial, carry.yield}) {
        const bool entry = tensor == carry.initial &&
                           graph_.tensors[tensor].role == TensorRole::kInput &&
                           graph_.tensors[tensor].section < 0;
        if (!entry && !computed.contains(tensor)) {
          refuse(tensor, "that is an input, a weight or a view");
        }
        if (!carried.insert(tensor).second) refuse(tensor, "that is carried twice");
        if (is_output(graph_, tensor)) refuse(tensor, "that is an output as well");
        for (std::size_t later = s + 1; later < graph_.sections.size(); ++later) {
          if (reads(graph_.sections[later].ops, tensor)) {
            refuse(tensor, "that is read after the section");
          }
        }
      }
      if (reads(section.ops, carry.initial)) refuse(carry.initial, "that is read in the section");
      if (is_viewed(graph_, carry.initial)) refuse(carry.initial, "that has a view");
      computed.insert(carry.result);
    }
  }
}

void Layout::check_outputs() const {
  const std::set<std::int32_t> computed = results(graph_);
  std::set<std::int32_t> carried;
  for (const Section& section : graph_.sections) {
    for (const Carry& carry : section.carries) carried.insert(carry.result);
  }
  for (const std::int32_t output : graph_.outputs) {
    if (computed.contains(output) || carried.contains(output)) continue;
    bad_input(graph_.name,
              fmt::format("output %{} that is an input or a view", graph_.tensors[output].name),
              "an output that an op computes");
  }
}

void Layout::share_carries() {
  for (const Section& section : graph_.sections) {
    for (const Carry& carry : section.carries) {
      const Bytes size = size_of_tensor(carry.initial);
      Slot& initial = slots_[carry.initial];
      if (initial.base < 0) {
        allocate(carry.initial);
        rings_[carry.initial] = initial.base;
        if (initial.space == Space::kHbm) next_ += size;  // the second buffer
      }
      // The ring of a result that is carried on may be entered at its second buffer.
      const std::int64_t first = rings_.at(carry.initial);
      const std::int64_t phase = initial.base - first;
      const Slot ring{first, initial.pitch, size, 2 * size, phase, -1, initial.space};
      slots_[carry.argument] = ring;
      slots_[carry.yield] = ring;
      slots_[carry.yield].phase = size - phase;
      const std::int64_t last = (phase + section.repeat * size) % (2 * size);
      slots_[carry.result] = {first + last, initial.pitch, 0, 0, 0, -1, initial.space};
      rings_[carry.result] = first;
    }
  }
}

void Layout::alias_rows(const Op& op) {
  const Slot& source = slots_[op.operands[0].tensor];
  Slot view = source;
  view.base += static_cast<std::int64_t>(attribute(op, "first", 0)) * source.pitch +
               op.operands[0].first_col * size_of(graph_.tensors[op.result].type);
  view.pitch *= static_cast<std::int64_t>(attribute(op, "step", 1));
  slots_[op.result] = view;
}

// The rows of each sequence lie one after the other in the cache; a single row per sequence lies as
// far from the next one as the sequences do.
void Layout::alias_append(const Op& op) {
  const Slot& cache = slots_[op.operands[0].tensor];
  const std::int64_t seq = count_of(op, "seq");
  const std::int64_t sequences = graph_.tensors[op.operands[0].tensor].rows / seq;
  const std::int64_t rows = graph_.tensors[op.operands[1].tensor].rows / sequences;
  Slot place = cache;
  place.base += count_of(op, "first") * cache.pitch;
  if (rows == 1) place.pitch *= seq;
  slots_[op.operands[1].tensor] = place;
  slots_[op.result] = cache;
}

Place Layout::place(const Operand& operand, const Affine& layer) const {
  Place place = this->place(operand.tensor, layer);
  place.base += operand.first_col * place.element();
  if (operand.cols > 0) place.cols = operand.cols;
  return place;
}

Place Layout::place(std::int32_t tensor, const Affine& layer) const {
  const Slot& slot = slots_[tensor];
  const Tensor& t = graph_.tensors[slot.column_of < 0 ? tensor : slot.column_of];
  Place place{slot.base, 0, slot.ring, slot.pitch, t.rows, t.cols, t.type};
  place.layer = layer * slot.stride + slot.phase;
  place.space = slot.space;
  return place;
}

std::vector<Symbol> Layout::symbols() const {
  std::set<std::int32_t> hidden;  // tensors whose bytes another symbol names
  std::set<std::int32_t> views;
  std::set<Bytes> entries;  // of inputs that begin a section, where what it leaves may lie, too
  for (const Section& section : graph_.sections) {
    for (const Carry& carry : section.carries) {
      const bool entry = graph_.tensors[carry.initial].role == TensorRole::kInput;
      if (entry) entries.insert(slots_[carry.initial].base);
      if (!entry) hidden.insert(carry.initial);
      hidden.insert({carry.argument, carry.yield});
    }
    for (const Op& op : section.ops) {
      if (is_view(op)) views.insert(op.result);
    }
  }
  hidden.merge(appended(graph_));
  std::vector<Symbol> symbols;
  for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
    const auto index = static_cast<std::int32_t>(t);
    const Tensor& tensor = graph_.tensors[t];
    const Slot& slot = slots_[t];
    if (slot.base < 0 || slot.space != Space::kHbm || hidden.contains(index)) continue;
    const SymbolRole role = role_of(graph_, index);
    if (views.contains(index)) continue;
    if (role == SymbolRole::kScratch && entries.contains(slot.base)) continue;
    symbols.push_back({tensor.name, role, tensor.type, slot.base, tensor.rows, tensor.cols,
                       slot.pitch, tensor.copies, tensor.copies > 1 ? slot.stride : 0, tensor.scale,
                       tensor.offset, tensor.fill, tensor.frequencies});
  }
  return symbols;
}

std::string Layout::describe() const {
  std::string text;
  for (std::size_t t = 0; t < slots_.size(); ++t) {
    const Slot& slot = slots_[t];
    if (slot.base < 0) continue;
    text += fmt::format("%{} {}={} pitch={} stride={} ring={}\n", graph_.tensors[t].name,
                        slot.space == Space::kVmem ? "vmem" : "address", slot.base, slot.pitch,
                        slot.stride, slot.ring);
  }
  return text;
}

}  // namespace systole
