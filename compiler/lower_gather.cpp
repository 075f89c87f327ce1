// SPDX-License-Identifier: Apache-2.0
#include "compiler/lowering.hpp"

namespace systole {

void lower_gather(Lowering& l, const Op& op, const RowwiseMapping& g) {
  Emitter& e = l.emitter;
  const Place from = l.layout.place(op.operands[1], l.layer);
  const Place to = l.layout.place(op.result, l.layer);
  Arena arena(l, op);
  const Bytes row = g.cols * from.element();
  const std::int64_t slots = 2 * g.lanes;
  const Ring ring = e.ring("gathered", l.space, l.roles.lhs, {l.roles.out},
                           arena.take(slots * g.block * row), g.block * row, slots);
  const std::int64_t blocks = ceil_div(g.rows, g.block);
  const Affine block = e.open(blocks);
  e.acquire(ring, block);
  Gather gather;
  gather.dst = vmem_tile(ring.at(block), row, from.type);
  gather.src = from.tile(0);
  gather.index = {table_number(l.graph, op.operands[0].tensor), block * g.block};
  gather.rows = clamped(Affine(g.rows) - block * g.block, g.block);
  gather.cols = g.cols;
  e.emit(l.roles.lhs, gather, {}, {}, e.published(ring));
  Store store;
  store.dst = to.tile(block * (g.block * to.pitch));
  store.src = vmem_tile(ring.at(block), row, to.type);
  store.rows = gather.rows;
  store.cols = g.cols;
  e.emit(l.roles.out, store, {}, {e.filled(ring, l.roles.out)}, {e.released(ring, l.roles.out)});
  e.close();
  e.finish(ring, l.space, blocks);
}

}  // namespace systole
