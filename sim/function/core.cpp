// SPDX-License-Identifier: Apache-2.0
#include "sim/function/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "isa/error.hpp"
#include "isa/numerics.hpp"
#include "sim/function/elements.hpp"
#include "sim/function/vector_unit.hpp"

namespace systole {
namespace {

// fp32 holds every integer up to 2^24, and an int8 product is at most 2^14: sums of so many
// products are exact in fp32, so int8 takes the same product loop, in pieces of this depth.
constexpr std::int64_t kExactInt8Depth = 1 << 10;

}  // namespace

// Does the work of one instruction, whose extents are not zero.
struct FunctionalCore::Executor {
  FunctionalCore& core;
  const Indices& i;
  const Extents& extents;
  std::size_t mxu;  // of an MXU instruction

  Region region(const Tile& tile, Shape shape) const {
    return region_of(tile, shape, extents, i, core.tables_);
  }
  Rows rows(const Tile& tile, Shape shape) const {
    return core.memory(tile.space, tile.unit).rows(region(tile, shape));
  }
  ConstRows source(const Tile& tile, Shape shape) const {
    const Rows found = rows(tile, shape);
    return {found.base, found.pitch};
  }

  void copy(const Tile& dst, const Tile& src) const {
    assert(dst.type == src.type);
    const Rows to = rows(dst, Shape::kRowsCols);
    const ConstRows from = source(src, Shape::kRowsCols);
    const auto bytes = static_cast<std::size_t>(extents.cols * size_of(src.type));
    for (std::int64_t r = 0; r < extents.rows; ++r) std::memcpy(to.row(r), from.row(r), bytes);
  }

  // Row number `entry` of a tile of which region() gives row 0.
  Rows indexed_row(const Tile& tile, const RowIndex& index, std::int64_t entry) const {
    Region row = region(tile, Shape::kIndexedRows);
    const auto at = static_cast<std::size_t>(index.first.at(i) + entry);
    row.begin += core.tables_[static_cast<std::size_t>(index.table)].values.at(at) * row.pitch;
    return core.memory(tile.space, tile.unit).rows(row);
  }

  void operator()(const Load& b) const { copy(b.dst, b.src); }
  void operator()(const Store& b) const { copy(b.dst, b.src); }

  void operator()(const Gather& b) const {
    assert(b.dst.type == b.src.type);
    const Rows to = rows(b.dst, Shape::kRowsCols);
    const auto bytes = static_cast<std::size_t>(extents.cols * size_of(b.src.type));
    for (std::int64_t r = 0; r < extents.rows; ++r) {
      std::memcpy(to.row(r), indexed_row(b.src, b.index, r).base, bytes);
    }
  }

  void operator()(const Scatter& b) const {
    assert(b.dst.type == b.src.type);
    const ConstRows from = source(b.src, Shape::kRowsCols);
    const auto bytes = static_cast<std::size_t>(extents.cols * size_of(b.src.type));
    for (std::int64_t r = 0; r < extents.rows; ++r) {
      std::memcpy(indexed_row(b.dst, b.index, r).base, from.row(r), bytes);
    }
  }

  void operator()(const WeightLoad& b) const {
    core.weights_[mxu].load(b.src.type, extents.depth, extents.cols,
                            source(b.src, Shape::kDepthCols));
  }
  void operator()(const WeightLoadTransposed& b) const {
    core.weights_[mxu].load_transposed(b.src.type, extents.depth, extents.cols,
                                       source(b.src, Shape::kColsDepth));
  }

  void operator()(const Matmul& b) const {
    const Weights& weights = core.weights_[mxu];
    if (b.lhs.type != weights.type() || extents.depth > weights.depth() ||
        extents.cols > weights.cols()) {
      bad_input(
          "matmul",
          fmt::format("{} x {} weights of {}", extents.depth, extents.cols, name_of(b.lhs.type)),
          fmt::format("at most the {} x {} of {} that the last wload brought", weights.depth(),
                      weights.cols(), name_of(weights.type())));
    }
    const ConstRows lhs = source(b.lhs, Shape::kRowsDepth);
    core.lhs_.resize(static_cast<std::size_t>(extents.rows * extents.depth));
    for (std::int64_t r = 0; r < extents.rows; ++r) {
      load_row(b.lhs.type, lhs.row(r), extents.depth, core.lhs_.data() + r * extents.depth);
    }
    const Rows acc = rows(b.dst, Shape::kRowsCols);
    const bool first = b.first.holds(i);
    if (row_of(b.lhs.type).integer) {
      for (std::int64_t k = 0; k < extents.depth; k += kExactInt8Depth) {
        add_products<std::int32_t>(k, std::min(k + kExactInt8Depth, extents.depth), b, acc,
                                   first && k == 0);
      }
    } else {
      add_products<float>(0, extents.depth, b, acc, first);
    }
  }

  // Products of depth begin..end, to the accumulators of element type Sum.
  template <class Sum>
  void add_products(std::int64_t begin, std::int64_t end, const Matmul& b, Rows acc,
                    bool overwrite) const {
    const std::int64_t pitch = round_up(extents.cols, Weights::kPanel);
    core.psum_.resize(static_cast<std::size_t>(extents.rows * pitch));
    core.weights_[mxu].multiply(extents.rows, begin, end, extents.cols, core.lhs_.data(),
                                extents.depth, core.psum_.data(), pitch);
    std::vector<Sum> sums(static_cast<std::size_t>(extents.cols));
    for (std::int64_t r = 0; r < extents.rows; ++r) {
      const float* psum = core.psum_.data() + r * pitch;
      if (overwrite) {
        std::fill(sums.begin(), sums.end(), Sum{});
      } else {
        load_row(b.dst.type, acc.row(r), extents.cols, sums.data());
      }
      for (std::int64_t c = 0; c < extents.cols; ++c) {
        if constexpr (std::is_same_v<Sum, float>) {
          sums[c] += psum[c];
        } else {
          sums[c] = wrapping_add(sums[c], static_cast<std::int32_t>(psum[c]));
        }
      }
      store_row(b.dst.type, sums.data(), extents.cols, acc.row(r));
    }
  }

  void operator()(const Multiply& b) const { stream(b, b.rhs, Shape::kDepthCols); }
  void operator()(const MultiplyTransposed& b) const { stream(b, b.rhs, Shape::kColsDepth); }
  template <class B>
  void stream(const B& b, const Tile& rhs, Shape shape) const {
    Sums& sums = core.sums_[mxu];
    if (b.first.holds(i)) sums.start(b.lhs.type, extents.rows, extents.cols);
    sums.add(extents.depth, source(b.lhs, Shape::kRowsDepth), source(rhs, shape),
             shape == Shape::kColsDepth);
  }

  void operator()(const Unload& b) const {
    const Rows acc = rows(b.dst, Shape::kRowsCols);
    const bool first = b.first.holds(i);
    for (std::int64_t r = 0; r < extents.rows; ++r) {
      core.sums_[mxu].unload(r, extents.cols, first, acc.row(r));
    }
  }

  void operator()(const Vector& b) const {
    std::vector<TileSource> operands;
    for (const Tile* tile : {static_cast<const Tile*>(&b.a), static_cast<const Tile*>(&b.b),
                             static_cast<const Tile*>(&b.c)}) {
      if (static_cast<int>(operands.size()) == row_of(b.op).arity) break;
      operands.push_back({tile->type, tile->broadcast, source(*tile, Shape::kRowsCols)});
    }
    vector_tile(b, i, extents.rows, extents.cols, operands,
                {b.dst.type, rows(b.dst, Shape::kRowsCols)});
  }

  void operator()(const Reduce& b) const {
    reduce_tile(b, i, extents.rows, extents.cols,
                {b.a.type, b.a.broadcast, source(b.a, Shape::kRowsCols)},
                {b.dst.type, rows(b.dst, Shape::kRowsOne)});
  }

  void operator()(const Transpose& b) const {
    assert(b.dst.type == b.src.type);
    const auto size = static_cast<std::size_t>(size_of(b.src.type));
    const ConstRows from = source(b.src, Shape::kRowsCols);
    const Rows to = rows(b.dst, Shape::kColsRows);
    // Read whole before the first write: dst may be src.
    const std::size_t row_bytes = static_cast<std::size_t>(extents.cols) * size;
    std::vector<std::byte> read(static_cast<std::size_t>(extents.rows) * row_bytes);
    for (std::size_t r = 0; r < static_cast<std::size_t>(extents.rows); ++r) {
      std::memcpy(read.data() + r * row_bytes, from.row(static_cast<std::int64_t>(r)), row_bytes);
    }
    for (std::size_t c = 0; c < static_cast<std::size_t>(extents.cols); ++c) {
      std::byte* row = to.row(static_cast<std::int64_t>(c));
      for (std::size_t r = 0; r < static_cast<std::size_t>(extents.rows); ++r) {
        std::memcpy(row + r * size, read.data() + r * row_bytes + c * size, size);
      }
    }
  }

  void operator()(const Sync& /*unused*/) const {}
  void operator()(const Loop& /*unused*/) const { control(); }
  void operator()(const End& /*unused*/) const { control(); }
  void operator()(const Halt& /*unused*/) const { control(); }

  [[noreturn]] static void control() {
    throw std::logic_error("a control instruction reached the functional core");
  }
};

FunctionalCore::FunctionalCore(const ChipSpec& chip, const Tables& tables, MemoryImage& hbm,
                               std::shared_ptr<MemoryImage> cmem)
    : tables_(tables),
      hbm_(hbm),
      cmem_(cmem ? std::move(cmem) : std::make_shared<MemoryImage>("cmem", chip.cmem.size)),
      vmem_("vmem", chip.vmem.size) {
  for (std::int64_t unit = 0; unit < chip.mxu.count; ++unit) {
    acc_.emplace_back(fmt::format("acc{}", unit), chip.mxu.acc_depth * acc_row_bytes(chip.mxu));
    fifo_.emplace_back(fmt::format("fifo{}", unit),
                       chip.mxu.weight_fifo * weight_fifo_tile_bytes(chip.mxu));
  }
  weights_.resize(static_cast<std::size_t>(chip.mxu.count));
  sums_.resize(weights_.size());
}

MemoryImage& FunctionalCore::memory(Space space, std::int64_t unit) {
  const auto number = static_cast<std::size_t>(unit);
  switch (space) {
    case Space::kHbm: return hbm_;
    case Space::kVmem: return vmem_;
    case Space::kCmem: return *cmem_;
    case Space::kAcc:
      if (number < acc_.size()) return acc_[number];
      break;
    case Space::kFifo:
      if (number < fifo_.size()) return fifo_[number];
      break;
    case Space::kNone: break;
  }
  bad_input(name_of(space), fmt::format("an operand of MXU {}", unit),
            fmt::format("a memory of this core, which has {} MXUs", acc_.size()));
}

void FunctionalCore::execute(const Instruction& instruction, const Indices& i) {
  const Extents extents = extents_of(instruction.body, i, tables_);
  if (!has_work(extents)) return;
  const auto mxu = static_cast<std::size_t>(instruction.unit.number);
  if (instruction.unit.kind == UnitKind::kMxu && mxu >= weights_.size()) {
    bad_input(name_of(instruction.unit), "no such MXU", fmt::format("one of {}", weights_.size()));
  }
  std::visit(Executor{*this, i, extents, mxu}, instruction.body);
}

}  // namespace systole
