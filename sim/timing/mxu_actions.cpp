// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/mxu_actions.hpp"

namespace systole {
namespace {

// Accumulators that sums are written or added to.
void tell_sums(const Probe& probe, const MxuWork& work, std::int32_t op, Span span) {
  const Bytes bytes = work.acc.rows * work.acc.row_bytes;
  if (!work.first) probe.action(ActionId::kAccReadBytes, op, bytes, span.begin, span.end);
  probe.action(ActionId::kAccWriteBytes, op, bytes, span.begin, span.end);
}

}  // namespace

void tell_weight_load(const Probe& probe, const Vmem& vmem, const MxuParams& mxu,
                      const MxuWork& work, Served served, Span load) {
  const auto [unit, op] = served;
  vmem.read(work.lhs, op, load.begin, load.end);
  // The whole array is loaded, with zeros outside of the tile.
  probe.action(ActionId::kWeightLoadBytes, op,
               weight_tile_depth(mxu, work.type) * mxu.cols * size_of(work.type), load.begin,
               load.end);
  const Extents& e = work.extents;
  probe.work(WeightLoadWork{unit, op, load.begin, load.end, e.depth, e.cols, work.type});
}

void tell_feed(const Probe& probe, const Vmem& vmem, const MxuParams& mxu, const MxuWork& work,
               Served served, Span feed, Cycles last) {
  const auto [unit, op] = served;
  const Extents& e = work.extents;
  probe.action(mac_action(work.type), op, e.rows * e.depth * e.cols, feed.begin, last);
  probe.action(ActionId::kPeCycle, op, work.count * mxu.rows * mxu.cols, feed.begin, last);
  vmem.read(work.lhs, op, feed.begin, feed.end);
  if (work.kind == MxuWork::Kind::kMultiply) {
    vmem.read(work.rhs, op, feed.begin, feed.end);
    probe.work(
        MultiplyWork{unit, op, feed.begin, last, e.rows, e.depth, e.cols, work.type, work.first});
  } else {
    tell_sums(probe, work, op, {last - (feed.end - feed.begin), last});
    probe.work(MatmulWork{unit, op, feed.begin, last, e.rows, e.depth, e.cols, work.type});
  }
}

void tell_unload(const Probe& probe, const MxuWork& work, Served served, Span unload) {
  tell_sums(probe, work, served.op, unload);
  probe.work(UnloadWork{served.unit, served.op, unload.begin, unload.end, work.extents.rows,
                        work.extents.cols});
}

}  // namespace systole
