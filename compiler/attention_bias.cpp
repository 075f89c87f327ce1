// SPDX-License-Identifier: Apache-2.0
// What attention adds to its scores: blocks of a bias per head, through a ring for each lane.
#include "compiler/attention_kernel.hpp"

namespace systole {

// Rows of the bias lie head by head, and are the same for all sequences.
void AttentionKernel::load_bias(const Lane& lane, const Step& step, const Guard& when) {
  if (g_.bias_element == 0) return;
  const Step s = on(lane, step);
  const Affine head = s.at.group * (g_.kv_lanes * g_.heads_per_kv()) +
                      s.at.round * g_.heads_at_a_time() + lane.head * g_.stack;
  const Affine first = nest_.first_row(s);
  const Affine row = head * g_.seq + s.at.block * g_.block_q + first;
  const Bytes pitch = g_.block_kv * g_.bias_element;
  const Ring& ring = lane.bias_ring;
  e_.acquire(ring, nest_.kv_number(s), when);
  Load load;
  load.dst = vmem_tile(ring.at(nest_.place(s), first * pitch), pitch, bias_.type);
  load.src = bias_.tile(row * bias_.pitch + nest_.first_key(s) * g_.bias_element);
  load.rows = nest_.rows(s);
  load.cols = nest_.keys(s);
  e_.emit(ring.producer, load, both(active(lane, s, 0), when));
  e_.signal(ring.producer, e_.published(ring), when);
}

void AttentionKernel::add_bias(const Lane& lane, const Step& step, const Guard& when) {
  if (g_.bias_element == 0) return;
  const Step s = on(lane, step);
  const Ring& ring = lane.bias_ring;
  e_.wait(kVpuUnit, {{lane.scores, 1}, e_.filled(ring, kVpuUnit)}, when);
  const Affine part = e_.open(parts_);
  const Bytes pitch = g_.block_kv * g_.bias_element;
  Vector add;
  add.op = VectorOp::kAdd;
  add.dst = scores_tile(lane, s, part);
  add.a = add.dst;
  add.b = vmem_tile(ring.at(nest_.place(s), part * (mxu_.cols * g_.bias_element) +
                                                nest_.first_row(s, part) * pitch),
                    pitch, bias_.type);
  add.rows = nest_.rows(s, part);
  add.cols = nest_.part_keys(s, part);
  e_.emit(kVpuUnit, add, both(active(lane, s, part), when));
  e_.close();
  e_.signal(kVpuUnit, {{lane.biased, 1}, e_.released(ring, kVpuUnit)}, when);
}

}  // namespace systole
