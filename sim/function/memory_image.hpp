// SPDX-License-Identifier: Apache-2.0
// The bytes of one memory. Pages that nothing has written cost no host memory and read as zero.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "isa/footprint.hpp"

namespace systole {

// Rows of a tile in memory, `pitch` bytes apart.
struct Rows {
  std::byte* base = nullptr;
  std::int64_t pitch = 0;
  std::byte* row(std::int64_t r) const { return base + r * pitch; }
};
struct ConstRows {
  const std::byte* base = nullptr;
  std::int64_t pitch = 0;
  const std::byte* row(std::int64_t r) const { return base + r * pitch; }
};

class MemoryImage {
 public:
  // `name` is for messages. Error kBadInput where the host cannot give `size` bytes.
  MemoryImage(std::string name, Bytes size);

  Bytes size() const { return size_; }

  // The rows of a region, all of them inside the memory. The verifier has bounded the accesses of
  // a program by the chip; an image may be smaller (HBM ends with the last symbol), so an access
  // outside of it is an Error kBadInput. Precondition: the region is not empty.
  Rows rows(const Region& region);
  ConstRows rows(const Region& region) const;

 private:
  void check(const Region& region) const;

  struct Unmap {
    std::size_t size = 0;
    void operator()(std::byte* bytes) const;
  };
  std::string name_;
  Bytes size_;
  std::unique_ptr<std::byte, Unmap> bytes_;
};

}  // namespace systole
