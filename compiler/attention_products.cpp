// SPDX-License-Identifier: Apache-2.0
// What attention loads, and its products on the MXUs.
#include "compiler/attention_kernel.hpp"

namespace systole {

// Columns of the query heads at a time, and of the KV heads.
Value AttentionKernel::q_cols(const Position& at, std::int64_t dim) const {
  const std::int64_t at_a_time = g_.heads_at_a_time() * dim;
  if (g_.kv_lanes == 1) {
    const std::int64_t group = g_.heads_per_kv() * dim;
    return clamped(Affine(group) - at.round * at_a_time, at_a_time);
  }
  return clamped(Affine(g_.heads * dim) - at.group * at_a_time, at_a_time);
}

Value AttentionKernel::kv_cols(const Position& at, std::int64_t dim) const {
  const std::int64_t at_a_time = g_.kv_lanes * dim;
  return clamped(Affine(g_.kv_heads * dim) - at.group * at_a_time, at_a_time);
}

Affine AttentionKernel::q_place(const Place& place, const Position& at, std::int64_t dim) const {
  const Bytes head = dim * place.element();
  return (at.sequence * (g_.sequence_lanes * g_.seq) + at.block * g_.block_q) * place.pitch +
         at.group * (g_.kv_lanes * g_.heads_per_kv() * head) +
         at.round * (g_.heads_at_a_time() * head);
}

// Rows of piece `piece` of a block of queries: its tokens, or those of the sequences at a time.
Value AttentionKernel::piece_tokens(const Position& at, const Affine& piece) const {
  if (g_.sequence_lanes == 1) return nest_.tokens_from(at, piece * piece_rows(), piece_rows());
  return clamped(Affine(g_.sequences) - at.sequence * g_.sequence_lanes - piece * piece_rows(),
                 piece_rows());
}

Affine AttentionKernel::kv_place(const Lane& reader, const Place& place, const Step& s,
                                 Bytes row) const {
  const Affine sequence = s.at.sequence * g_.sequence_lanes + reader.sequence;
  return (sequence * g_.key_rows + g_.first_key + nest_.first_key(s)) * place.pitch +
         s.at.group * row;
}

Tile AttentionKernel::acc(const Lane& lane, Bytes base, const Affine& s, Bytes bytes,
                          const Affine& inside) const {
  Tile tile;
  tile.space = Space::kAcc;
  tile.unit = static_cast<std::int16_t>(lane.number);
  tile.address = pair(base, s, bytes, inside);
  tile.pitch = acc_row_bytes(mxu_);
  tile.type = DataType::kFp32;
  return tile;
}

void AttentionKernel::load_q(const Position& at, const Guard& when) {
  if (q_.kept()) return;
  const Affine number = nest_.q_number(at);
  e_.acquire(q_ring_, number, when);
  const Affine piece = e_.open(pieces());
  Load load;
  load.dst = vmem_tile(q_ring_.at(number, piece * (piece_rows() * q_row_)), q_row_, q_.type);
  load.src = q_.tile(q_place(q_, at, g_.head_dim) + piece * (piece_rows() * q_.pitch));
  load.rows = piece_tokens(at, piece);
  load.cols = q_cols(at, g_.head_dim);
  e_.emit(l_.roles.lhs, load, when);
  if (g_.second_dim > 0) {
    load.dst =
        vmem_tile(q_ring_.at(number, piece * (piece_rows() * q2_row_) + g_.slot_rows() * q_row_),
                  q2_row_, q2_.type);
    load.src = q2_.tile(q_place(q2_, at, g_.second_dim) + piece * (piece_rows() * q2_.pitch));
    load.cols = q_cols(at, g_.second_dim);
    e_.emit(l_.roles.lhs, load, when);
  }
  e_.close();
  e_.signal(l_.roles.lhs, e_.published(q_ring_), when);
}

void AttentionKernel::store_out(const Position& at, const Guard& when) {
  const Affine number = nest_.q_number(at);
  e_.wait(l_.roles.out, {e_.filled(out_ring_, l_.roles.out)}, when);
  const Affine piece = e_.open(pieces());
  Store store;
  store.src =
      vmem_tile(out_ring_.at(number, piece * (piece_rows() * out_row_)), out_row_, out_.type);
  store.dst = out_.tile(q_place(out_, at, g_.value_dim) + piece * (piece_rows() * out_.pitch));
  store.rows = piece_tokens(at, piece);
  store.cols = q_cols(at, g_.value_dim);
  e_.emit(l_.roles.out, store, when);
  e_.close();
  e_.signal(l_.roles.out, {e_.released(out_ring_, l_.roles.out)}, when);
}

void AttentionKernel::load_kv(const Step& s, const Guard& when) {
  for (const Lane& lane : lanes_) {
    if (lane.head == 0) load_kv(lane, s, when);
  }
}

void AttentionKernel::load_kv(const Lane& reader, const Step& step, const Guard& when) {
  const Step s = on(reader, step);
  Guard guard = g_.key_readers() > 1 ? both(active(reader, s.at), when) : when;
  if (nest_.trimmed() && !s.diagonal) guard = both(guard, nest_.has_keys(s));
  const auto load_block = [&](const Ring& ring, const Place& from, Bytes row, std::int64_t dim) {
    e_.acquire(ring, nest_.kv_number(s), when);
    Load load;
    load.dst = vmem_tile(ring.at(nest_.place(s)), row, from.type);
    load.src = from.tile(kv_place(reader, from, s, row));
    load.rows = nest_.keys(s);
    load.cols = kv_cols(s.at, dim);
    if (&ring == &reader.keys && g_.second_dim > 0) {
      e_.emit(ring.producer, load, guard);
      load.dst = vmem_tile(ring.at(nest_.place(s), g_.block_kv * k_row_), k2_row_, k2_.type);
      load.src = k2_.tile(kv_place(reader, k2_, s, 0));
      load.cols = g_.second_dim;
    }
    if (guard == when) {
      e_.emit(ring.producer, load, when, {}, e_.published(ring));
      return;
    }
    e_.emit(ring.producer, load, guard);
    e_.signal(ring.producer, e_.published(ring), when);
  };
  load_block(reader.keys, k_, k_row_, g_.head_dim);
  if (!g_.values_in_keys) load_block(reader.values, v_, v_row_, g_.value_dim);
}

void AttentionKernel::scores(const Lane& lane, const Step& step, const Guard& when) {
  const Step s = on(lane, step);
  e_.wait(lane.mxu, {e_.filled(lane.keys, lane.mxu)}, when);
  const Affine part = e_.open(parts_);
  const Guard guard = both(active(lane, s, part), when);
  part_of_scores(lane, s, part, false, guard);
  if (g_.second_dim > 0) part_of_scores(lane, s, part, true, guard);
  e_.close();
  std::vector<Token> done{{lane.scores, 1}};
  if (!g_.values_in_keys) done.push_back(e_.released(lane.keys, lane.mxu));
  e_.signal(lane.mxu, done, when);
}

// Queries of a step from row `row` on, `inside` bytes behind the first head of those at a time.
Tile AttentionKernel::q_tile(const Step& s, const Affine& inside, const Affine& row,
                             Bytes pitch) const {
  if (!q_.kept()) {
    return vmem_tile(q_ring_.at(nest_.q_number(s.at), inside + row * pitch), pitch, q_.type);
  }
  const Bytes own = g_.stack > 1 ? pitch : q_.pitch;  // heads of a row are `pitch` apart
  Tile tile = q_.tile(q_place(q_, s.at, g_.head_dim) + inside + row * own);
  tile.pitch = own;
  return tile;
}

// The products of the first part of q and k, or those of the second, which are added.
void AttentionKernel::part_of_scores(const Lane& lane, const Step& s, const Affine& part,
                                     bool second, const Guard& guard) {
  const std::int64_t dim = second ? g_.second_dim : g_.head_dim;
  const Bytes key = second ? k2_row_ : k_row_;
  const Bytes pitch = second ? q2_pitch_ : q_pitch_;
  const Bytes first_key = second ? g_.block_kv * k_row_ : lane.kv_head * g_.head_dim * in_;
  const Bytes of_sequence = second ? q2_row_ : q_.kept() ? q_.pitch : q_row_;
  const Bytes first_q = (second ? g_.slot_rows() * q_row_ : 0) + lane.sequence * of_sequence +
                        lane.head * g_.stack * dim * in_;
  const Affine chunk = e_.open(ceil_div(dim, depth_));
  WeightLoadTransposed load;
  load.src = vmem_tile(
      lane.keys.at(nest_.place(s), part * (mxu_.cols * key) + chunk * (depth_ * in_) + first_key),
      key, k_.type);
  load.depth = clamped(Affine(dim) - chunk * depth_, depth_);
  load.cols = nest_.part_keys(s, part);
  e_.emit(lane.mxu, load, guard);
  Matmul matmul;
  matmul.dst = scores_tile(lane, s, part);
  matmul.lhs = q_tile(s, chunk * (depth_ * in_) + first_q, nest_.first_row(s, part), pitch);
  matmul.rows = nest_.rows(s, part);
  matmul.depth = load.depth;
  matmul.cols = load.cols;
  matmul.first = second ? at_least(Affine(0), 1) : equals_first(chunk);
  e_.emit(lane.mxu, matmul, guard);
  e_.close();
}

void AttentionKernel::product(const Lane& lane, const Step& step) {
  const Step s = on(lane, step);
  if (!g_.values_in_keys) e_.wait(lane.mxu, {e_.filled(lane.values, lane.mxu)});
  const Affine block = e_.open(head_blocks_);
  const Affine part = e_.open(parts_);
  for (std::int64_t key = 0; key < mxu_.cols; key += g_.key_chunk) {
    multiply_values(lane, s, block, part, key);
  }
  e_.close();
  e_.close();
  e_.signal(lane.mxu, {{lane.product, 1}, e_.released(value_ring(lane), lane.mxu)});
}

// The values from `inside` of column block `part` on, as many as a weight tile holds.
void AttentionKernel::multiply_values(const Lane& lane, const Step& s, const Affine& block,
                                      const Affine& part, std::int64_t inside) {
  const Guard guard = active(lane, s, part);
  const Affine key = part * mxu_.cols + inside;
  const Guard first = both(equals_first(part), equals_first(inside));
  WeightLoad load;
  load.src = vmem_tile(
      value_ring(lane).at(nest_.place(s), key * v_pitch_ + block * (mxu_.cols * in_) +
                                              lane.kv_head * g_.value_dim * in_ + v_inside_),
      v_pitch_, v_.type);
  load.depth = nest_.keys_from(s, key, g_.key_chunk);
  load.cols = clamped(Affine(g_.value_dim) - block * mxu_.cols, mxu_.cols);
  e_.emit(lane.mxu, load, guard);
  // The weights of the first product are loaded while its probabilities are computed.
  e_.wait(lane.mxu, {{lane.probs, 1}}, both(equals_first(block), first));
  Matmul matmul;
  matmul.dst = product_tile(lane, s, block, part);
  matmul.lhs = probs_tile(lane, s, key, part);
  matmul.rows = nest_.rows(s, part);
  matmul.depth = load.depth;
  matmul.cols = load.cols;
  matmul.first = first;
  e_.emit(lane.mxu, matmul, guard);
}

}  // namespace systole
