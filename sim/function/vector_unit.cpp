// SPDX-License-Identifier: Apache-2.0
#include "sim/function/vector_unit.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "sim/function/elements.hpp"
#include "sim/function/vector_math.hpp"

namespace systole {
namespace {

// Minus infinity; in integers, which have none, the least one.
template <class Element>
constexpr Element unseen() {
  if constexpr (std::is_same_v<Element, float>) {
    return -std::numeric_limits<float>::infinity();
  } else {
    return std::numeric_limits<Element>::min();
  }
}

template <class Element>
void hide(const SeenColumns& seen, std::vector<Element>& row) {
  std::fill(row.begin(), row.begin() + seen.lo, unseen<Element>());
  std::fill(row.begin() + seen.hi, row.end(), unseen<Element>());
}

// Hands out an operand's rows, broadcast to the width of the tile.
template <class Element>
class RowReader {
 public:
  RowReader(const TileSource& source, std::int64_t cols)
      : source_(source), row_(static_cast<std::size_t>(cols)) {
    if (source.broadcast == Broadcast::kRow) {
      repeated_.resize(row_.size());
      load_row(source.type, source.rows.row(0), cols, repeated_.data());
    }
  }

  std::vector<Element>& read(std::int64_t r) {
    switch (source_.broadcast) {
      case Broadcast::kNone:
        load_row(source_.type, source_.rows.row(r), static_cast<std::int64_t>(row_.size()),
                 row_.data());
        break;
      case Broadcast::kRow: row_ = repeated_; break;  // afresh: a mask may have changed the last
      case Broadcast::kCol: {
        Element element{};
        load_row(source_.type, source_.rows.row(r), 1, &element);
        std::fill(row_.begin(), row_.end(), element);
        break;
      }
    }
    return row_;
  }

 private:
  TileSource source_;
  std::vector<Element> row_;
  std::vector<Element> repeated_;
};

template <class Element>
void run_rows(const Vector& instruction, const Indices& i, std::int64_t rows, std::int64_t cols,
              const std::vector<TileSource>& operands, const TileSink& dst) {
  std::vector<RowReader<Element>> readers;
  for (const TileSource& operand : operands) readers.emplace_back(operand, cols);
  std::vector<Element> out(static_cast<std::size_t>(cols));
  const bool masked = instruction.mask.kind != MaskKind::kNone && !readers.empty();
  for (std::int64_t r = 0; r < rows; ++r) {
    std::array<const Element*, 3> in{};
    for (std::size_t o = 0; o < readers.size(); ++o) {
      std::vector<Element>& row = readers[o].read(r);
      if (o == 0 && masked) hide(seen_columns(instruction.mask, i, r, cols), row);
      in[o] = row.data();
    }
    if constexpr (std::is_same_v<Element, float>) {
      evaluate_row(instruction.op, static_cast<float>(instruction.imm), cols, in[0], in[1], in[2],
                   out.data());
    } else {
      evaluate_row(instruction.op, cols, in[0], in[1], out.data());
    }
    store_row(dst.type, out.data(), cols, dst.rows.row(r));
  }
}

}  // namespace

void vector_tile(const Vector& instruction, const Indices& i, std::int64_t rows, std::int64_t cols,
                 const std::vector<TileSource>& operands, const TileSink& dst) {
  const bool integers =
      stays_integer(instruction.op) && row_of(dst.type).integer &&
      std::all_of(operands.begin(), operands.end(),
                  [](const TileSource& operand) { return row_of(operand.type).integer; });
  if (integers) {
    run_rows<std::int32_t>(instruction, i, rows, cols, operands, dst);
  } else {
    run_rows<float>(instruction, i, rows, cols, operands, dst);
  }
}

void reduce_tile(const Reduce& instruction, const Indices& i, std::int64_t rows, std::int64_t cols,
                 const TileSource& a, const TileSink& dst) {
  RowReader<float> reader(a, cols);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::vector<float>& row = reader.read(r);
    hide(seen_columns(instruction.mask, i, r, cols), row);
    const float result = reduce_row(instruction.op, cols, row.data());
    store_row(dst.type, &result, 1, dst.rows.row(r));
  }
}

}  // namespace systole
