// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/mxu_words.hpp"

#include <cstring>

namespace systole {
namespace {

Word word_at(const std::byte* from, DataType type) {
  if (row_of(type).bytes == 1) {
    const auto byte = std::to_integer<std::uint8_t>(*from);
    if (!row_of(type).integer) return byte;
    return static_cast<Word>(static_cast<std::int16_t>(static_cast<std::int8_t>(byte)));
  }
  Word word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

std::byte* sum_at(FunctionalCore& values, const MxuParams& mxu, std::int16_t number,
                  std::int64_t row, std::int64_t col) {
  Region region;
  region.space = Space::kAcc;
  region.unit = number;
  region.begin = row * acc_row_bytes(mxu) + col * static_cast<std::int64_t>(sizeof(std::uint32_t));
  region.rows = 1;
  region.row_bytes = sizeof(std::uint32_t);
  region.pitch = acc_row_bytes(mxu);
  return values.memory(Space::kAcc, number).rows(region).base;
}

}  // namespace

std::vector<Word> tile_words(FunctionalCore& values, const Region& region, DataType type,
                             bool transposed) {
  std::vector<Word> words;
  if (region.empty()) return words;
  const Rows rows = values.memory(region.space, region.unit).rows(region);
  const std::int64_t cols = region.row_bytes / size_of(type);
  words.resize(static_cast<std::size_t>(region.rows * cols));
  for (std::int64_t r = 0; r < region.rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      const std::int64_t at = transposed ? c * region.rows + r : r * cols + c;
      words[static_cast<std::size_t>(at)] = word_at(rows.row(r) + c * size_of(type), type);
    }
  }
  return words;
}

std::uint32_t read_sum(FunctionalCore& values, const MxuParams& mxu, std::int16_t number,
                       std::int64_t row, std::int64_t col) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, sum_at(values, mxu, number, row, col), sizeof bits);
  return bits;
}

void write_sum(FunctionalCore& values, const MxuParams& mxu, std::int16_t number, std::int64_t row,
               std::int64_t col, std::uint32_t bits) {
  std::memcpy(sum_at(values, mxu, number, row, col), &bits, sizeof bits);
}

}  // namespace systole
