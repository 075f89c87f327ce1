// SPDX-License-Identifier: Apache-2.0
// The `place` pass: where each tensor of a graph lies in HBM, or in VMEM if it is kept there.
//
// Tensors are row-major with rows padded to whole DRAM bursts, and by a few blocks more where their
// pitch would bring neighbouring rows to the same few channels; a tensor of one column is dense.
// The copies of stacked tensors lie repetition by repetition, after everything else, so that of a
// graph with one repeated section no address or stride depends on the number of repetitions. A
// carried value and the value that replaces it share a ring of two buffers: repetition l reads
// buffer l mod 2 and writes the other one. A result that is carried on stays in its ring. Rows that
// are appended to a cache lie where the cache has them. Kept tensors (compiler/residency.hpp) lie
// in VMEM without padding between rows, and have no symbol.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/division.hpp"
#include "compiler/graph.hpp"
#include "compiler/residency.hpp"
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
  Space space = Space::kHbm;

  // Tile at byte `inside` of the tensor (row * pitch + column * element size).
  Tile tile(const Affine& inside) const;
  std::int64_t element() const { return size_of(type); }
  bool kept() const { return space == Space::kVmem; }
};

class Layout {
 public:
  // Throws Error (kBadInput) where a carried value is needed under another name, or where an output
  // is not computed by an op.
  Layout(const Graph& graph, const ChipSpec& chip, const Residency& residency = {});
  // `whole`, with the parts of its tensors that `division` adds. Precondition: a division of the
  // graph of `whole`, that stays where it is.
  Layout(const Layout& whole, const Division& division);

  // `layer`: index of the repetition loop; the constant 0 outside of it. The place of a column view
  // is that of the tensor whose elements it names.
  Place place(const Operand& operand, const Affine& layer) const;
  Place place(std::int32_t tensor, const Affine& layer) const;

  std::vector<Symbol> symbols() const;
  Bytes bytes() const { return next_; }
  const Residency& residency() const { return residency_; }
  // Throws Error (kBadInput) where that is more than the HBM that a core reaches.
  void require_fit() const;
  std::string describe() const;

 private:
  struct Slot {
    std::int64_t base = -1;  // -1: not in HBM
    std::int64_t pitch = 0;
    std::int64_t stride = 0;  // per repetition
    std::int64_t ring = 0;
    std::int64_t phase = 0;       // of a carried value: 0 reads buffer l mod 2, 1 the next one
    std::int32_t column_of = -1;  // of a column view: the tensor whose elements it names
    Space space = Space::kHbm;
  };
  void allocate(std::int32_t tensor);
  void check_carries() const;
  void check_outputs() const;
  void share_carries();
  void allocate_layers();
  void alias_rows(const Op& op);
  void alias_append(const Op& op);
  Bytes size_of_tensor(std::int32_t tensor) const;
  Bytes pitch_of(std::int32_t tensor) const;

  const Graph& graph_;
  const ChipSpec& chip_;
  Residency residency_;
  Bytes next_ = 0;
  std::vector<Slot> slots_;
  std::map<std::int32_t, Bytes> rings_;  // where the ring of a carried value begins
};

}  // namespace systole
