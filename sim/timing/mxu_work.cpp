// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/mxu_work.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "isa/timing.hpp"

namespace systole {
namespace {

class Resolver {
 public:
  Resolver(const ChipSpec& chip, const Indices& i, const Tables& tables, MxuWork& work)
      : mxu_(chip.mxu), port_(chip.vmem.port_width), i_(i), tables_(tables), work_(work) {}

  void operator()(const WeightLoad& b) {
    load(b.src, Shape::kDepthCols, mxu_.rows, work_.extents.cols);
  }
  void operator()(const WeightLoadTransposed& b) {
    work_.transposed = true;
    load(b.src, Shape::kColsDepth, mxu_.cols, work_.extents.depth);
  }

  void operator()(const Matmul& b) {
    work_.kind = MxuWork::Kind::kMatmul;
    work_.type = b.lhs.type;
    work_.first = b.first.holds(i_);
    work_.count = work_.extents.rows;
    work_.interval = feed_interval(work_.extents.depth * size_of(b.lhs.type), port_);
    work_.lhs = region(b.lhs, Shape::kRowsDepth);
    work_.acc = region(b.dst, Shape::kRowsCols);
  }

  void operator()(const Multiply& b) { stream(b, Shape::kDepthCols); }
  void operator()(const MultiplyTransposed& b) {
    work_.transposed = true;
    stream(b, Shape::kColsDepth);
  }

  void operator()(const Unload& b) {
    work_.kind = MxuWork::Kind::kUnload;
    work_.type = b.dst.type;
    work_.first = b.first.holds(i_);
    work_.count = work_.extents.rows;
    work_.acc = region(b.dst, Shape::kRowsCols);
  }

 private:
  Region region(const Tile& tile, Shape shape) const {
    return region_of(tile, shape, work_.extents, i_, tables_);
  }

  // `elements` of each line come through the port; the FIFO gives all lines that enter at once.
  void load(const Tile& src, Shape shape, std::int64_t lines, std::int64_t elements) {
    work_.kind = MxuWork::Kind::kWeights;
    work_.type = src.type;
    work_.count = lines;
    const std::int64_t at_once = std::min(lines, mxu_.weight_rows_per_cycle);
    const Bytes bytes = at_once * elements * size_of(src.type);
    work_.interval = src.space == Space::kVmem ? feed_interval(bytes, port_) : 1;
    work_.lhs = region(src, shape);
  }

  template <class B>
  void stream(const B& b, Shape shape) {
    work_.kind = MxuWork::Kind::kMultiply;
    work_.type = b.lhs.type;
    work_.first = b.first.holds(i_);
    const std::int64_t macs = macs_per_pe(mxu_, b.lhs.type);
    const std::int64_t elements = std::min(macs, work_.extents.depth);
    const Bytes step = elements * size_of(b.lhs.type);
    work_.count = stream_steps(work_.extents.depth, macs);
    work_.interval = std::max(feed_interval(work_.extents.rows * step, port_),
                              feed_interval(work_.extents.cols * step, port_));
    work_.lhs = region(b.lhs, Shape::kRowsDepth);
    work_.rhs = region(b.rhs, shape);
  }

  const MxuParams& mxu_;
  const Bytes port_;
  const Indices& i_;
  const Tables& tables_;
  MxuWork& work_;
};

}  // namespace

MxuWork mxu_work(const ChipSpec& chip, const Instruction& instruction, const Indices& i,
                 const Tables& tables) {
  MxuWork work;
  work.extents = extents_of(instruction.body, i, tables);
  if (!has_work(work.extents)) return work;
  Resolver resolver(chip, i, tables, work);
  std::visit(
      [&](const auto& body) {
        using B = std::decay_t<decltype(body)>;
        if constexpr (B::kUnit == UnitKind::kMxu) {
          resolver(body);
        } else if constexpr (!std::is_same_v<B, Sync>) {
          throw std::logic_error(std::string{B::kName} + " in the queue of an MXU");
        }
      },
      instruction.body);
  return work;
}

}  // namespace systole
