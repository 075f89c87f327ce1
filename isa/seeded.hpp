// SPDX-License-Identifier: Apache-2.0
// Seeded values of inputs and weights: element k of tensor `name` is a pure function of (seed,
// name, copy, k), so that program and oracle draw the same numbers in any order.
#pragma once

#include <cstdint>
#include <string_view>

namespace systole {

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijective mixer of 64 bits.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// FNV-1a, 64 bits.
constexpr std::uint64_t hash_text(std::string_view text,
                                  std::uint64_t hash = 0xCBF29CE484222325ull) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return hash;
}

// Stream of one copy of one tensor.
class SeededTensor {
 public:
  constexpr SeededTensor(std::uint64_t seed, std::string_view name, std::int64_t copy)
      : key_(mix64(hash_text(name) ^ mix64(seed ^ mix64(static_cast<std::uint64_t>(copy))))) {}

  // Uniform in [-1, 1), with 24 bits.
  constexpr float unit(std::int64_t element) const {
    const std::uint64_t bits = mix64(key_ + static_cast<std::uint64_t>(element)) >> 40;
    return static_cast<float>(static_cast<std::int64_t>(bits) - (1 << 23)) / (1 << 23);
  }
  // offset + scale * unit, for floating-point tensors (before rounding to their type).
  constexpr float real(std::int64_t element, double scale, double offset) const {
    return static_cast<float>(offset + scale * static_cast<double>(unit(element)));
  }
  // A whole number in offset - scale .. offset + scale, for integer tensors.
  constexpr std::int64_t integer(std::int64_t element, double scale, double offset) const {
    const auto span = static_cast<std::uint64_t>(2 * scale + 1);
    const std::uint64_t draw = mix64(key_ + static_cast<std::uint64_t>(element)) >> 8;
    return static_cast<std::int64_t>(draw % span) - static_cast<std::int64_t>(scale) +
           static_cast<std::int64_t>(offset);
  }

 private:
  std::uint64_t key_;
};

}  // namespace systole
