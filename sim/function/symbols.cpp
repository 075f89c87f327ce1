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
  region.rows = symbol.rows;
  region.row_bytes = symbol.cols * size_of(symbol.type);
  region.pitch = symbol.pitch;
  return region;
}

void seed_copy(const Symbol& symbol, std::uint64_t seed, std::int64_t copy, MemoryImage& hbm) {
  const SeededTensor tensor(seed, symbol.name, copy);
  const Rows rows = hbm.rows(region_of(symbol, copy));
  std::vector<float> reals(static_cast<std::size_t>(symbol.cols));
  std::vector<std::int32_t> integers(reals.size());
  for (std::int64_t r = 0; r < symbol.rows; ++r) {
    const std::int64_t first = r * symbol.cols;
    if (row_of(symbol.type).integer) {
      for (std::int64_t c = 0; c < symbol.cols; ++c) {
        integers[c] =
            saturated(tensor.integer(first + c, symbol.scale, symbol.offset), symbol.type);
      }
      store_row(symbol.type, integers.data(), symbol.cols, rows.row(r));
    } else {
      for (std::int64_t c = 0; c < symbol.cols; ++c) {
        reals[c] = tensor.real(first + c, symbol.scale, symbol.offset);
      }
      store_row(symbol.type, reals.data(), symbol.cols, rows.row(r));
    }
  }
}

// Its copies are all alike.
void fill_constant(const Symbol& symbol, MemoryImage& hbm) {
  std::vector<float> row(symbol.frequencies.size());
  for (std::int64_t copy = 0; copy < symbol.count; ++copy) {
    const Rows rows = hbm.rows(region_of(symbol, copy));
    for (std::int64_t r = 0; r < symbol.rows; ++r) {
      const double position = symbol.offset + static_cast<double>(r);
      for (std::size_t c = 0; c < row.size(); ++c) {
        row[c] = wave(symbol.fill, symbol.scale, position, symbol.frequencies[c]);
      }
      store_row(symbol.type, row.data(), symbol.cols, rows.row(r));
    }
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
  const ConstRows rows = hbm.rows(region);
  for (std::int64_t r = 0; r < symbol.rows; ++r) {
    for (std::int64_t c = 0; c < symbol.cols; ++c) {
      values.push_back(load_element(symbol.type, rows.row(r) + c * size_of(symbol.type)));
    }
  }
  return values;
}

std::string digest(const Symbol& symbol, const MemoryImage& hbm) {
  std::uint64_t hash = hash_text({});
  for (std::int64_t copy = 0; copy < symbol.count; ++copy) {
    const Region region = region_of(symbol, copy);
    if (region.empty()) continue;
    const ConstRows rows = hbm.rows(region);
    for (std::int64_t r = 0; r < symbol.rows; ++r) {
      hash = hash_text(
          {reinterpret_cast<const char*>(rows.row(r)), static_cast<std::size_t>(region.row_bytes)},
          hash);
    }
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace systole
