// SPDX-License-Identifier: Apache-2.0
// What attention adds to its scores: blocks of a bias per head, through a ring for each lane.
#include "compiler/attention_kernel.hpp"

namespace systole {

// Rows of the bias lie head by head, and are the same for all sequences.
void AttentionKernel::load_bias(const Lane& lane, const Position& at, const Affine& j,
                                const Guard& when) {
  if (g_.bias_element == 0) return;
  const Affine head = at.group * (g_.kv_lanes * g_.heads_per_kv()) +
                      at.round * g_.heads_at_a_time() + lane.number * g_.stack;
  const Affine row = head * g_.seq + at.block * g_.block_q;
  const Ring& ring = lane.bias_ring;
  e_.acquire(ring, kv_number(at, j), when);
  Load load;
  load.dst = vmem_tile(ring.at(step(at, j)), g_.block_kv * g_.bias_element, bias_.type);
  load.src = bias_.tile(row * bias_.pitch + first_key(at, j) * g_.bias_element);
  load.rows = rows(at);
  load.cols = kv_rows(at, j);
  e_.emit(ring.producer, load, both(lane.active, when));
  e_.signal(ring.producer, e_.published(ring), when);
}

void AttentionKernel::add_bias(const Lane& lane, const Position& at, const Affine& j,
                               const Guard& when) {
  if (g_.bias_element == 0) return;
  const Ring& ring = lane.bias_ring;
  e_.wait(kVpuUnit, {{lane.scores, 1}, e_.filled(ring, kVpuUnit)}, when);
  const Affine part = e_.open(parts_);
  Vector add;
  add.op = VectorOp::kAdd;
  add.dst = scores_tile(lane, step(at, j), part);
  add.a = add.dst;
  add.b = vmem_tile(ring.at(step(at, j), part * (mxu_.cols * g_.bias_element)),
                    g_.block_kv * g_.bias_element, bias_.type);
  add.rows = rows(at);
  add.cols = part_keys(at, j, part);
  e_.emit(kVpuUnit, add, both(lane.active, when));
  e_.close();
  e_.signal(kVpuUnit, {{lane.biased, 1}, e_.released(ring, kVpuUnit)}, when);
}

}  // namespace systole
