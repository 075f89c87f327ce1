// SPDX-License-Identifier: Apache-2.0
// What the arrays of the MXUs hold while a stream is walked, and whether the next instruction finds
// what it needs: limits of the array, weights of a matmul, sums of an unload.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isa/chip.hpp"
#include "isa/footprint.hpp"

namespace systole {

struct ArrayFinding {
  std::string found, expected;
};

class ArrayStates {
 public:
  explicit ArrayStates(const ChipSpec& chip);

  // An instruction with work, at its extents, in program order: what it does to its array, or why
  // the array could not take it. Instructions of other units have no findings.
  // Precondition: its unit exists and its types are the chip's (verify_types).
  std::optional<ArrayFinding> add(const Instruction& instruction, const Indices& i,
                                  const Extents& extents);

  // Whether both leave the same instructions possible. Precondition: of one chip.
  friend bool operator==(const ArrayStates& a, const ArrayStates& b) {
    return a.arrays_ == b.arrays_;
  }

 private:
  struct Array {
    friend bool operator==(const Array&, const Array&) = default;
    bool holds = false;  // weights, or sums
    DataType type = DataType::kInt8;
    std::int64_t rows = 0;  // of weights: depth
    std::int64_t cols = 0;
  };
  using Finding = std::optional<ArrayFinding>;
  Finding load(Array& array, const Tile& src, const Extents& e) const;
  static Finding multiply(const Array& array, const Matmul& body, const Extents& e);
  Finding stream(Array& array, const Tile& lhs, bool first, const Extents& e) const;
  static Finding unload(Array& array, const Unload& body, const Extents& e);

  const MxuParams& params_;
  std::vector<Array> arrays_;  // by MXU
};

}  // namespace systole
