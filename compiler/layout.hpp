// SPDX-License-Identifier: Apache-2.0
// The `place` pass: where each tensor of a graph lies in HBM.
//
// Tensors are row-major with rows padded to whole DRAM bursts, and by a few blocks more where their
// pitch would bring neighbouring rows to the same few channels. A weight of the repeated region has
// one copy per repetition. A carried value and the value that replaces it share a ring of two
// buffers: repetition l reads buffer l mod 2 and writes the other one.
#pragma once

#include <string>
#include <vector>

#include "compiler/graph.hpp"
#include "isa/chip.hpp"
#include "isa/program.hpp"

namespace systole {

// A tensor, or a view of one, as a kernel addresses it.
struct Place {
  std::int64_t base = 0;  // byte address of element (0, 0)
  Affine layer;           // what the repetition adds: stacked weights, carried values
  std::int64_t ring = 0;  // of a carried value, on `layer` and offsets
  std::int64_t pitch = 0;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  DataType type = DataType::kBf16;

  // Tile at byte `inside` of the tensor (row * pitch + column * element size).
  Tile tile(const Affine& inside) const;
  std::int64_t element() const { return size_of(type); }
};

class Layout {
 public:
  // Throws Error (kBadInput) where the graph does not fit the HBM that a core reaches, where a
  // carried value is needed under another name, or where an output is not computed by an op.
  Layout(const Graph& graph, const ChipSpec& chip);

  // `layer`: index of the repetition loop; the constant 0 outside of it.
  Place place(const Operand& operand, const Affine& layer) const;
  Place place(std::int32_t tensor, const Affine& layer) const;

  std::vector<Symbol> symbols() const;
  Bytes bytes() const { return next_; }
  std::string describe() const;

 private:
  struct Slot {
    std::int64_t base = -1;  // -1: not in HBM
    std::int64_t pitch = 0;
    std::int64_t stride = 0;  // per repetition
    std::int64_t ring = 0;
    std::int64_t phase = 0;  // of a carried value: 0 reads buffer l mod 2, 1 the next one
  };
  void allocate(std::int32_t tensor);
  void check_carries() const;
  void check_outputs() const;
  void share_carries();
  void alias_views(const std::vector<Op>& ops);
  Bytes size_of_tensor(std::int32_t tensor) const;
  Bytes pitch_of(std::int32_t tensor) const;

  const Graph& graph_;
  const ChipSpec& chip_;
  Bytes next_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace systole
