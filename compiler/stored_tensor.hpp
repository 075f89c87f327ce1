// SPDX-License-Identifier: Apache-2.0
// What an input, weight or constant holds in memory before a run, element by element.
#pragma once

#include <cstdint>

#include "compiler/graph.hpp"
#include "isa/seeded.hpp"

namespace systole {

class StoredTensor {
 public:
  // `copy` of a tensor with one per repetition. The tensor must outlive this.
  StoredTensor(const Tensor& tensor, std::uint64_t seed, std::int64_t copy)
      : tensor_(tensor), draw_(seed, tensor.name, copy) {}

  // Of a floating-point tensor: rounded to its type.
  float real(std::int64_t element) const;
  // Of an integer tensor.
  std::int32_t whole(std::int64_t element) const;

 private:
  const Tensor& tensor_;
  SeededTensor draw_;
};

}  // namespace systole
