// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/arithmetic.hpp"

#include <bit>
#include <cstddef>

#include "sim/function/elements.hpp"

namespace systole {
namespace {

// Little endian, as memories are.
template <class Number>
Number number_of(DataType type, Word word) {
  const std::byte bytes[2] = {static_cast<std::byte>(word & 0xFFU),
                              static_cast<std::byte>(word >> 8U)};
  Number number = 0;
  load_row(type, bytes, 1, &number);
  return number;
}

}  // namespace

std::uint32_t plus_product(DataType type, Word a, Word b, std::uint32_t sum) {
  if (row_of(type).integer) {
    const std::int32_t product =
        number_of<std::int32_t>(type, a) * number_of<std::int32_t>(type, b);
    return sum + static_cast<std::uint32_t>(product);
  }
  const float product = number_of<float>(type, a) * number_of<float>(type, b);
  return std::bit_cast<std::uint32_t>(std::bit_cast<float>(sum) + product);
}

std::uint32_t plus(DataType type, std::uint32_t a, std::uint32_t b) {
  if (row_of(type).integer) return a + b;
  return std::bit_cast<std::uint32_t>(std::bit_cast<float>(a) + std::bit_cast<float>(b));
}

}  // namespace systole
