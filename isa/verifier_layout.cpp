// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.hpp"
#include "isa/verifier_report.hpp"

namespace systole {
namespace {

__extension__ using Wide = __int128;

// Seeded integers are drawn from 2 * scale + 1 values.
constexpr double kLargestIntegerScale = 2147483647.0;

class LayoutCheck {
 public:
  LayoutCheck(const ChipSpec& chip, std::string_view where)
      : size_(hbm_bytes_per_core(chip)), where_(where) {}

  void check(const Symbol& symbol) {
    const Bytes element = size_of(symbol.type);
    if (symbol.rows < 1 || symbol.cols < 1 || symbol.count < 1) {
      fail(symbol, fmt::format("{} copies of {} x {}", symbol.count, symbol.rows, symbol.cols),
           "at least one of each");
    }
    if (symbol.address < 0 || symbol.pitch < 0 || symbol.stride < 0 ||
        symbol.address % element != 0 || symbol.pitch % element != 0 ||
        symbol.stride % element != 0) {
      fail(symbol,
           fmt::format("address {}, pitch {}, stride {}", symbol.address, symbol.pitch,
                       symbol.stride),
           fmt::format("multiples of {} from 0", element));
    }
    const Wide row = Wide{symbol.cols} * element;
    const Wide copy = Wide{symbol.rows - 1} * symbol.pitch + row;
    if (symbol.rows > 1 && symbol.pitch < row) fail(symbol, "rows that overlap", "a wider pitch");
    if (symbol.count > 1 && symbol.stride < copy) {
      fail(symbol, "copies that overlap", "a wider stride");
    }
    if (symbol.address + Wide{symbol.count - 1} * symbol.stride + copy > size_) {
      fail(symbol, "an end outside of HBM", fmt::format("addresses below {}", size_));
    }
    if (!std::isfinite(symbol.scale) || !std::isfinite(symbol.offset) || symbol.scale < 0 ||
        (row_of(symbol.type).integer &&
         (symbol.scale > kLargestIntegerScale || std::abs(symbol.offset) > kLargestIntegerScale))) {
      fail(symbol, fmt::format("scale {} and offset {}", symbol.scale, symbol.offset),
           "finite numbers, a scale of 0 or more, below 2^31 for integers");
    }
  }

  // Sorted by address, a symbol overlaps one before it exactly where it starts before the farthest
  // end so far; one that is not scratch may not overlap any.
  void check_overlaps(const std::vector<Symbol>& symbols) {
    std::vector<const Symbol*> sorted;
    for (const Symbol& symbol : symbols) sorted.push_back(&symbol);
    std::sort(sorted.begin(), sorted.end(),
              [](const Symbol* a, const Symbol* b) { return a->address < b->address; });
    const Symbol* farthest = nullptr;
    const Symbol* farthest_kept = nullptr;  // of those that are not scratch
    for (const Symbol* symbol : sorted) {
      const bool scratch = symbol->role == SymbolRole::kScratch;
      const Symbol* rival = scratch ? farthest_kept : farthest;
      if (rival != nullptr && end_of(*rival) > symbol->address) {
        fail(*symbol, fmt::format("an overlap with symbol {}", rival->name),
             "overlaps of scratch symbols only");
      }
      if (farthest == nullptr || end_of(*symbol) > end_of(*farthest)) farthest = symbol;
      if (!scratch) farthest_kept = symbol;  // they do not overlap: the last one ends last
    }
  }

 private:
  static std::int64_t end_of(const Symbol& s) {
    return s.address + (s.count - 1) * s.stride + (s.rows - 1) * s.pitch + s.cols * size_of(s.type);
  }
  [[noreturn]] void fail(const Symbol& symbol, std::string_view found,
                         std::string_view expected) const {
    bad_input(fmt::format("{}: symbol {}", where_, symbol.name), found, expected);
  }

  Bytes size_;
  std::string_view where_;
};

}  // namespace

void verify_layout(const ChipSpec& chip, const Program& program, std::string_view where) {
  LayoutCheck layout(chip, where);
  for (const Symbol& symbol : program.symbols) layout.check(symbol);
  layout.check_overlaps(program.symbols);
}

}  // namespace systole
