// SPDX-License-Identifier: Apache-2.0
// Lookups: rows, or of each row some elements, named by a table, straight through VMEM.
#include "compiler/lowering.hpp"
#include "compiler/op_table.hpp"

namespace systole {
namespace {

// What one gather fetches for a row of the result: a row of the source, or `pieces` elements.
struct Fetched {
  std::int32_t table = -1;
  Bytes pitch = 0;  // of what the table's entries count
  std::int64_t pieces = 1, cols = 0;
};

Fetched rows_of(Lowering& l, const Op& op, const Place& from, const Place& to) {
  return {table_number(l.graph, op.operands[0].tensor), from.pitch, 1, to.cols};
}

// Entries of the graph's table are columns; those of the program's count elements of the source.
Fetched elements_of(Lowering& l, const Op& op, const Place& from, const Place& to) {
  std::vector<std::int64_t> places = l.graph.tensors[op.operands[0].tensor].values;
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i] += static_cast<std::int64_t>(i) / to.cols * (from.pitch / from.element());
  }
  return {l.emitter.table("elements", std::move(places)), from.element(), to.cols, 1};
}

// Kept rows are from here on what the VPU has written (wait_for_vpu).
void hand_to_vpu(Emitter& e, UnitId engine) {
  const Token token{e.semaphore("kept", engine, kVpuUnit), 1};
  e.signal(engine, {token});
  e.wait(kVpuUnit, {token});
}

}  // namespace

void lower_gather(Lowering& l, const Op& op, const RowwiseMapping& g) {
  Emitter& e = l.emitter;
  const Place from = l.layout.place(op.operands[1], l.layer);
  const Place to = l.layout.place(op.result, l.layer);
  const Fetched fetched =
      op.kind == OpKind::kSelect ? elements_of(l, op, from, to) : rows_of(l, op, from, to);
  Arena arena(l, op);
  const Bytes row = g.cols * from.element();
  const std::int64_t slots = 2 * g.lanes;
  Ring ring;
  if (!to.kept()) {
    ring = e.ring("gathered", l.space, l.roles.lhs, {l.roles.out},
                  arena.take(slots * g.block * row), g.block * row, slots);
  }
  const std::int64_t blocks = ceil_div(g.rows, g.block);
  const Affine block = e.open(blocks);
  if (!to.kept()) e.acquire(ring, block);
  const std::int64_t most = g.block * fetched.pieces;
  Gather gather;
  gather.dst = to.kept()
                   ? VmemTile(to.tile(block * (g.block * to.pitch)))
                   : VmemTile(vmem_tile(ring.at(block), fetched.cols * from.element(), from.type));
  gather.dst.pitch = fetched.cols * from.element();
  gather.src = from.tile(0);
  gather.src.pitch = fetched.pitch;
  gather.index = {fetched.table, block * most};
  gather.rows = clamped(Affine(g.rows * fetched.pieces) - block * most, most);
  gather.cols = fetched.cols;
  if (to.kept()) {
    e.emit(l.roles.lhs, gather);
    e.close();
    hand_to_vpu(e, l.roles.lhs);
    return;
  }
  e.emit(l.roles.lhs, gather, {}, {}, e.published(ring));
  Store store;
  store.dst = to.tile(block * (g.block * to.pitch));
  store.src = vmem_tile(ring.at(block), row, to.type);
  store.rows = clamped(Affine(g.rows) - block * g.block, g.block);
  store.cols = g.cols;
  e.emit(l.roles.out, store, {}, {e.filled(ring, l.roles.out)}, {e.released(ring, l.roles.out)});
  e.close();
  e.finish(ring, l.space, blocks);
  if (l.layout.residency().bytes == 0) return;
  // The VPU has no part in this op. Where a later one loads nothing, it is the first to write here.
  const Token stored{e.semaphore("stored", l.roles.out, kVpuUnit), 1};
  e.signal(l.roles.out, {stored});
  e.owe(l.space, kVpuUnit, stored);
}

}  // namespace systole
