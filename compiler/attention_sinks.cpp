// SPDX-License-Identifier: Apache-2.0
// Sinks of attention: one number per head, loaded once, from which the running values start.
#include "compiler/attention_kernel.hpp"

namespace systole {

void AttentionKernel::load_sinks(Arena& arena) {
  if (!sinks()) return;
  sinks_place_ = arena.take(g_.heads * g_.sink_element);
  Load load;
  load.dst = vmem_tile(sinks_place_, g_.sink_element, sinks_.type);
  load.src = sinks_.tile(0);
  load.rows = g_.heads;
  load.cols = 1;
  const Token loaded{e_.semaphore("sinks", l_.roles.params, kVpuUnit), 1};
  e_.emit(l_.roles.params, load, {}, {}, {loaded});
  e_.wait(kVpuUnit, {loaded});
}

// The sinks of the lane's heads, as scores before they are scaled: one head's for all of its rows,
// or a head's each where heads are the rows.
void AttentionKernel::sink_column(const Lane& lane, const Tile& to, const Position& at,
                                  const Guard& when) {
  const Affine head = at.group * (g_.kv_lanes * g_.heads_per_kv()) +
                      at.round * g_.heads_at_a_time() + lane.head * g_.stack;
  Vector vector;
  vector.op = VectorOp::kScale;
  vector.dst = to;
  vector.dst.broadcast = Broadcast::kNone;
  vector.a = vmem_tile(head * g_.sink_element + sinks_place_, g_.sink_element, sinks_.type,
                       g_.stack > 1 ? Broadcast::kNone : Broadcast::kRow);
  vector.rows = rows(at);
  vector.cols = 1;
  vector.imm = 1 / scale_;
  e_.emit(kVpuUnit, vector, when);
}

}  // namespace systole
