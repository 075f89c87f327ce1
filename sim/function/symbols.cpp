// SPDX-License-Identifier: Apache-2.0
#include "sim/function/symbols.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "isa/fill.hpp"
#include "isa/numerics.hpp"
#include "isa/seeded.hpp"
#include "sim/function/elements.hpp"

namespace systole {
namespace {

Region region_of(const Symbol& symbol, std::int64_t copy) {
  Region region;
  region.space = Space::kHbm;
  region.begin = symbol.address + copy * symbol.stride;
  region.rows = symbol.lines();
  region.row_bytes = symbol.line_bytes();
  region.pitch = symbol.pitch;
  return region;
}

// Row and column of element `k` of a line.
struct Position {
  std::int64_t row, col;
};
Position position_of(const Symbol& symbol, std::int64_t line, std::int64_t k) {
  return symbol.layout == TensorLayout::kRowMajor ? Position{line, k} : Position{k, line};
}

const std::byte* element_at(const Symbol& symbol, const ConstRows& lines, std::int64_t row,
                            std::int64_t col) {
  const bool row_major = symbol.layout == TensorLayout::kRowMajor;
  return lines.row(row_major ? row : col) + (row_major ? col : row) * size_of(symbol.type);
}

// `value(row, col)` of each element, of the type that store_row takes.
template <class Number, class Value>
void fill_copy(const Symbol& symbol, std::int64_t copy, MemoryImage& hbm, const Value& value) {
  const Rows lines = hbm.rows(region_of(symbol, copy));
  std::vector<Number> line(static_cast<std::size_t>(symbol.line_elements()));
  for (std::int64_t l = 0; l < symbol.lines(); ++l) {
    for (std::int64_t k = 0; k < symbol.line_elements(); ++k) {
      const Position at = position_of(symbol, l, k);
      line[static_cast<std::size_t>(k)] = value(at.row, at.col);
    }
    store_row(symbol.type, line.data(), symbol.line_elements(), lines.row(l));
  }
}

void seed_copy(const Symbol& symbol, std::uint64_t seed, std::int64_t copy, MemoryImage& hbm) {
  const SeededTensor tensor(seed, symbol.name, copy);
  if (row_of(symbol.type).integer) {
    fill_copy<std::int32_t>(symbol, copy, hbm, [&](std::int64_t row, std::int64_t col) {
      const std::int64_t element = row * symbol.cols + col;
      return saturated(tensor.integer(element, symbol.scale, symbol.offset), symbol.type);
    });
  } else {
    fill_copy<float>(symbol, copy, hbm, [&](std::int64_t row, std::int64_t col) {
      return tensor.real(row * symbol.cols + col, symbol.scale, symbol.offset);
    });
  }
}

// Its copies are all alike.
void fill_constant(const Symbol& symbol, MemoryImage& hbm) {
  for (std::int64_t copy = 0; copy < symbol.count; ++copy) {
    fill_copy<float>(symbol, copy, hbm, [&](std::int64_t row, std::int64_t col) {
      const double position = symbol.offset + static_cast<double>(row);
      return wave(symbol.fill, symbol.scale, position,
                  symbol.frequencies[static_cast<std::size_t>(col)]);
    });
  }
}

}  // namespace

MemoryImage hbm_image(const Program& program) {
  Bytes end = 0;
  for (const Symbol& symbol : program.symbols) {
    for (const std::int64_t copy : {std::int64_t{0}, symbol.count - 1}) {
      end = std::max(end, region_of(symbol, copy).end());
    }
  }
  return {"hbm", end};
}

void seed_inputs(const Program& program, std::uint64_t seed, MemoryImage& hbm) {
  for (const Symbol& symbol : program.symbols) {
    if (region_of(symbol, 0).empty()) continue;
    if (symbol.role == SymbolRole::kConstant) fill_constant(symbol, hbm);
    if (!is_seeded(symbol.role)) continue;
    for (std::int64_t copy = 0; copy < symbol.count; ++copy) seed_copy(symbol, seed, copy, hbm);
  }
}

std::vector<double> read_symbol(const Symbol& symbol, std::int64_t copy, const MemoryImage& hbm) {
  const Region region = region_of(symbol, copy);
  std::vector<double> values;
  if (region.empty()) return values;
  values.reserve(static_cast<std::size_t>(symbol.rows * symbol.cols));
  const ConstRows lines = hbm.rows(region);
  for (std::int64_t r = 0; r < symbol.rows; ++r) {
    for (std::int64_t c = 0; c < symbol.cols; ++c) {
      values.push_back(load_element(symbol.type, element_at(symbol, lines, r, c)));
    }
  }
  return values;
}

std::string symbol_bytes(const Symbol& symbol, std::int64_t copy, const MemoryImage& hbm) {
  const Region region = region_of(symbol, copy);
  std::string bytes;
  if (region.empty()) return bytes;
  const Bytes element = size_of(symbol.type);
  bytes.reserve(static_cast<std::size_t>(symbol.rows * symbol.cols * element));
  const ConstRows lines = hbm.rows(region);
  const auto append = [&](const auto* from, Bytes count) {
    bytes.append(reinterpret_cast<const char*>(from), static_cast<std::size_t>(count));
  };
  for (std::int64_t r = 0; r < symbol.rows; ++r) {
    if (symbol.layout == TensorLayout::kRowMajor) {
      append(lines.row(r), region.row_bytes);
      continue;
    }
    for (std::int64_t c = 0; c < symbol.cols; ++c) {
      append(element_at(symbol, lines, r, c), element);
    }
  }
  return bytes;
}

std::string digest(const Symbol& symbol, const MemoryImage& hbm) {
  std::uint64_t hash = hash_text({});
  for (std::int64_t copy = 0; copy < symbol.count; ++copy) {
    hash = hash_text(symbol_bytes(symbol, copy, hbm), hash);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace systole
