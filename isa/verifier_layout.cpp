// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.hpp"
#include "isa/program_limits.hpp"
#include "isa/verifier_report.hpp"

namespace systole {
namespace {

__extension__ using Wide = __int128;

// Seeded integers are drawn from 2 * scale + 1 values.
constexpr double kLargestIntegerScale = 2147483647.0;

class LayoutCheck {
 public:
  LayoutCheck(const ChipSpec& chip, std::int64_t cores, std::string_view where)
      : share_(hbm_bytes_per_core(chip)), size_(hbm_shares(chip, cores) * share_), where_(where) {}

  void check(const Symbol& symbol) const {
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
    const Wide line = Wide{symbol.line_elements()} * element;
    const Wide copy = Wide{symbol.lines() - 1} * symbol.pitch + line;
    if (symbol.lines() > 1 && symbol.pitch < line) {
      const bool row_major = symbol.layout == TensorLayout::kRowMajor;
      fail(symbol, row_major ? "rows that overlap" : "columns that overlap", "a wider pitch");
    }
    if (symbol.count > 1 && symbol.stride < copy) {
      fail(symbol, "copies that overlap", "a wider stride");
    }
    if (symbol.address + Wide{symbol.count - 1} * symbol.stride + copy > size_) {
      fail(symbol, "an end outside of HBM", fmt::format("addresses below {}", size_));
    }
    const std::int64_t last =
        symbol.address + (symbol.count - 1) * symbol.stride + symbol.copy_bytes() - 1;
    if (symbol.address / share_ != last / share_) {
      fail(symbol,
           fmt::format("bytes {} to {}, in the shares of several cores", symbol.address, last),
           fmt::format("one core's share of {} bytes", share_));
    }
    check_fill(symbol);
  }

  // Copies of several symbols may interleave: one of each per layer. In the order of addresses, a
  // copy overlaps one before it exactly where it starts before the farthest end so far; one that is
  // not scratch may not overlap any. An output in place of a state is what the run leaves of it.
  void check_overlaps(const std::vector<Symbol>& symbols) const {
    const std::vector<Copy> copies = sorted_copies(symbols);
    const Copy* farthest = nullptr;
    const Copy* farthest_kept = nullptr;  // of those that are not scratch
    for (const Copy& copy : copies) {
      const bool scratch = copy.symbol->role == SymbolRole::kScratch;
      const Copy* rival = scratch ? farthest_kept : farthest;
      if (rival != nullptr && rival->end > copy.begin) {
        fail(*copy.symbol, fmt::format("an overlap with symbol {}", rival->symbol->name),
             "overlaps of scratch symbols only");
      }
      if (farthest == nullptr || copy.end > farthest->end) farthest = &copy;
      if (!scratch) farthest_kept = &copy;  // they do not overlap: the last one ends last
    }
  }

 private:
  struct Copy {
    std::int64_t begin, end;
    const Symbol* symbol;
  };

  // Whether an output lies where a state does, element by element.
  static bool is_left_of_a_state(const Symbol& output, const std::vector<Symbol>& symbols) {
    if (output.role != SymbolRole::kOutput) return false;
    return std::any_of(symbols.begin(), symbols.end(), [&](const Symbol& state) {
      return state.role == SymbolRole::kState && state.address == output.address &&
             state.type == output.type && state.rows == output.rows && state.cols == output.cols &&
             state.pitch == output.pitch && state.layout == output.layout && state.count == 1 &&
             output.count == 1;
    });
  }

  std::vector<Copy> sorted_copies(const std::vector<Symbol>& symbols) const {
    std::vector<Copy> copies;
    for (const Symbol& symbol : symbols) {
      if (is_left_of_a_state(symbol, symbols)) continue;
      if (symbol.count > kMaxSymbolCopies - std::ssize(copies)) {
        fail(symbol, fmt::format("{} copies", symbol.count),
             fmt::format("at most {} of all symbols together", kMaxSymbolCopies));
      }
      for (std::int64_t copy = 0; copy < symbol.count; ++copy) {
        const std::int64_t begin = symbol.address + copy * symbol.stride;
        copies.push_back({begin, begin + symbol.copy_bytes(), &symbol});
      }
    }
    std::sort(copies.begin(), copies.end(),
              [](const Copy& a, const Copy& b) { return a.begin < b.begin; });
    return copies;
  }

  void check_fill(const Symbol& symbol) const {
    if (!std::isfinite(symbol.scale) || !std::isfinite(symbol.offset) || symbol.scale < 0 ||
        (row_of(symbol.type).integer &&
         (symbol.scale > kLargestIntegerScale || std::abs(symbol.offset) > kLargestIntegerScale))) {
      fail(symbol, fmt::format("scale {} and offset {}", symbol.scale, symbol.offset),
           "finite numbers, a scale of 0 or more, below 2^31 for integers");
    }
    const bool constant = symbol.role == SymbolRole::kConstant;
    if (constant != (symbol.fill != Fill::kUniform)) {
      fail(symbol,
           fmt::format("fill {} of role {}", name_of(symbol.fill),
                       kSymbolRoles[static_cast<std::size_t>(symbol.role)].name),
           "cos or sin for a constant, uniform for others");
    }
    if (constant && symbol.type != DataType::kFp32) {
      fail(symbol, fmt::format("a constant of type {}", name_of(symbol.type)), "fp32");
    }
    const std::int64_t wanted = constant ? symbol.cols : 0;
    if (std::ssize(symbol.frequencies) != wanted) {
      fail(symbol, fmt::format("{} frequencies", symbol.frequencies.size()),
           fmt::format("{}: one per column of a constant", wanted));
    }
    // No position is farther from 0 than this.
    const double position = std::abs(symbol.offset) + static_cast<double>(symbol.rows);
    for (const double frequency : symbol.frequencies) {
      if (std::isfinite(position * frequency)) continue;
      fail(symbol, fmt::format("frequency {}", frequency), "one whose angles are finite");
    }
  }

  [[noreturn]] void fail(const Symbol& symbol, std::string_view found,
                         std::string_view expected) const {
    bad_input(fmt::format("{}: symbol {}", where_, symbol.name), found, expected);
  }

  Bytes share_;  // of HBM that a core reaches
  Bytes size_;
  std::string_view where_;
};

}  // namespace

void verify_layout(const ChipSpec& chip, const Program& program, std::string_view where) {
  const LayoutCheck layout(chip, std::ssize(program.streams), where);
  for (const Symbol& symbol : program.symbols) layout.check(symbol);
  layout.check_overlaps(program.symbols);
}

}  // namespace systole
