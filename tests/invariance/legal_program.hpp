// SPDX-License-Identifier: Apache-2.0
// Programs drawn from a seed that the verifier passes on a given chip: kernels of a few shapes, of
// random tiles, loops, buffers and engines, that use every unit that the chip has.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "draw.hpp"
#include "invariance/claims.hpp"
#include "isa/chip.hpp"
#include "timing/program_builder.hpp"

namespace systole {

class LegalDraw {
 public:
  LegalDraw(const ChipSpec& chip, std::uint64_t seed)
      : chip_(chip), draw_(seed ^ hash_text(chip.name)), small_(chip.vmem.size < kMiB) {}

  Program program() {
    for (std::int64_t left = draw_.within(1, 4); left > 0; --left) {
      builder_.op(kernels_++);
      noise();
      switch (draw_.within(0, 2)) {
        case 0: product(); break;
        case 1: vectors(); break;
        default: rows(); break;
      }
    }
    builder_.op(-1);
    noise();
    Program program = builder_.halt();
    program.workload = "drawn";
    for (std::size_t t = 0; t < program.tables.size(); ++t) {
      program.tables[t].name = "rows" + std::to_string(t);
    }
    add_symbols(program, kInput, hbm_);
    program.ops.resize(static_cast<std::size_t>(kernels_));
    claim_all_work(program, native_type(chip_.mxu));
    return program;
  }

 private:
  static constexpr Bytes kInput = 1 << 20;  // bytes of HBM, from 0, that are read
  // Two tokens that order the users of a ring of buffers.
  struct Ring {
    Token full, free;
    Value address;
    Bytes pitch = 0;
  };

  UnitId engine() {
    return {UnitKind::kDma, static_cast<std::int16_t>(draw_.within(0, chip_.dma.engines - 1))};
  }
  UnitId xlu() {
    return {UnitKind::kXlu, static_cast<std::int16_t>(draw_.within(0, chip_.xlu.count - 1))};
  }
  std::string name(const std::string& what) { return what + std::to_string(semaphores_++); }
  Bytes take(Bytes& next, Bytes bytes) {
    const Bytes at = next;
    next += round_up(bytes, 64);
    return at;
  }
  // `depth` buffers of rows x row_bytes in VMEM, taken in turn by `turn`.
  Ring ring(std::int64_t rows, Bytes row_bytes, const Affine& turn, std::int64_t depth) {
    Ring ring{builder_.semaphore(name("full")), builder_.semaphore(name("free"), depth), {}, 0};
    ring.pitch = round_up(row_bytes, 4) + 4 * draw_.within(0, 3);
    const Bytes buffer = round_up(rows * ring.pitch, 64);
    const Bytes base = take(vmem_, depth * buffer);
    ring.address = ring_value(base, turn * buffer, depth * buffer);
    return ring;
  }
  Tile vmem(const Ring& ring, DataType type) {
    return tile(Space::kVmem, ring.address, ring.pitch, type);
  }
  // A place in the input from which rows x row_bytes can be read at each of `steps` steps.
  Tile input(std::int64_t rows, Bytes row_bytes, DataType type, const Affine& step,
             std::int64_t steps) {
    const Bytes element = size_of(type);
    const Bytes pitch = row_bytes + element * (draw_.one_in(3) ? 0 : draw_.within(0, 300));
    const Bytes stride = element * draw_.within(0, 500);
    const Bytes room = kInput - (rows * pitch + steps * stride);
    return tile(Space::kHbm, step * stride + Affine{draw_.within(0, room / 4 / element) * element},
                pitch, type);
  }
  Tile output(std::int64_t rows, Bytes row_bytes, DataType type, const Affine& step,
              std::int64_t steps) {
    const Bytes pitch = round_up(row_bytes, 4) + 4 * draw_.within(0, 40);
    const Bytes tensor = round_up(rows * pitch, 64);
    return tile(Space::kHbm, step * tensor + Affine{take(hbm_, tensor * steps)}, pitch, type);
  }
  DataType operand_type() {
    if (chip_.mxu.macs_bf16 == 0) return DataType::kInt8;
    if (chip_.mxu.macs_int8 == 0) return DataType::kBf16;
    return draw_.of({DataType::kBf16, DataType::kInt8});
  }
  Guard never() {
    Guard guard;
    guard.tests.push_back(Affine{-1});
    return guard;
  }

  // What takes issue slots only: skipped instructions, empty loops, loops around nothing.
  void noise() {
    if (draw_.one_in(2)) builder_.add(kVpu, Sync{}, {}, {}, never());
    if (draw_.one_in(3)) builder_.loop(0).add(kMxu0, Sync{}).end();
    if (draw_.one_in(3)) builder_.loop(draw_.within(1, 9)).add(engine(), Sync{}).end();
  }

  // out[i] = vector(sum over k of lhs[i, k] . rhs[i, k]), stored.
  void product() {
    const DataType type = operand_type();
    const DataType sums = row_of(type).accumulator;
    const std::int64_t tiles = draw_.within(1, 5), steps = draw_.within(1, 4);
    const std::int64_t rows = draw_.within(1, 2 * chip_.mxu.rows);
    const std::int64_t m = std::min<std::int64_t>(rows, 40);
    const std::int64_t depth = std::min<std::int64_t>(
        draw_.within(1, weight_tile_depth(chip_.mxu, type)), draw_.one_in(3) ? 300 : 40);
    const std::int64_t cols = std::min<std::int64_t>(draw_.within(1, chip_.mxu.cols), 48);
    const auto number = static_cast<std::int16_t>(draw_.within(0, chip_.mxu.count - 1));
    const UnitId mxu{UnitKind::kMxu, number};
    const Affine turn = index(0) * steps + index(1);
    const Bytes element = size_of(type);
    const Ring lhs = ring(m, depth * element, turn, draw_.within(1, 3));
    const bool transposed = chip_.mxu.transposed_load && draw_.one_in(3);
    const bool fifo = chip_.mxu.weight_fifo > 0 && !transposed && !fifo_used_ && draw_.one_in(2);
    fifo_used_ = fifo_used_ || fifo;
    const std::int64_t lines = transposed ? cols : depth;
    const Bytes line = (transposed ? depth : cols) * element;
    Ring rhs = ring(lines, line, turn, fifo ? chip_.mxu.weight_fifo : draw_.within(1, 3));
    Tile weights = vmem(rhs, type);
    if (fifo) {
      const Bytes place = weight_fifo_tile_bytes(chip_.mxu);
      weights = tile(Space::kFifo, ring_value(0, turn * place, chip_.mxu.weight_fifo * place), line,
                     type);
      weights.unit = number;
    }
    const Ring out = ring(m, cols * 4, index(0), draw_.within(1, 2));
    const Token sums_full = builder_.semaphore(name("sums"));
    const Token sums_free = builder_.semaphore(name("sums_free"), 1);
    const UnitId load_lhs = engine(), load_rhs = engine(), store_out = engine();
    // The last tile of the rows is partial, and may be empty.
    const Value extent =
        clamped(index(0) * -draw_.within(0, m) + Affine{m + draw_.within(0, m)}, m);
    Matmul multiply;
    multiply.dst = tile(Space::kAcc, acc_, acc_row_bytes(chip_.mxu), sums);
    multiply.dst.unit = number;
    acc_ += m * acc_row_bytes(chip_.mxu);
    multiply.lhs = vmem(lhs, type);
    multiply.rows = extent;
    multiply.depth = depth;
    multiply.cols = cols;
    multiply.first.tests.push_back(index(1) * -1);
    Vector convert;
    convert.op = draw_.one_in(2) ? VectorOp::kCopy : VectorOp::kRelu;
    convert.dst = vmem(out, sums);
    convert.a = multiply.dst;
    convert.rows = extent;
    convert.cols = cols;
    const Tile from = input(m, depth * element, type, turn, tiles * steps);
    const Tile rhs_from = input(lines, line, type, turn, tiles * steps);
    const Tile to = output(m, cols * 4, sums, index(0), tiles);
    const std::int64_t rhs_cols = transposed ? depth : cols;

    builder_.loop(tiles).loop(steps);
    builder_.add(load_lhs, Load{multiply.lhs, from, extent, depth}, {lhs.free}, {lhs.full});
    builder_.add(load_rhs, Load{weights, rhs_from, lines, rhs_cols}, {rhs.free}, {rhs.full});
    if (transposed) {
      builder_.add(mxu, WeightLoadTransposed{weights, depth, cols}, {rhs.full}, {rhs.free});
    } else {
      builder_.add(mxu, WeightLoad{weights, depth, cols}, {rhs.full}, {rhs.free});
    }
    builder_.add(mxu, Sync{}, {sums_free}, {}, multiply.first);
    builder_.add(mxu, multiply, {lhs.full}, {lhs.free});
    builder_.end().add(mxu, Sync{}, {}, {sums_full});
    builder_.add(kVpu, convert, {sums_full, out.free}, {sums_free, out.full});
    builder_.add(store_out, Store{to, convert.dst, extent, cols}, {out.full}, {out.free});
    builder_.end();
  }

  VectorOp vector_op() {
    const VectorOp op = kVectorOps[static_cast<std::size_t>(draw_.within(
                                       0, static_cast<std::int64_t>(kVectorOps.size()) - 1))]
                            .value;
    const VectorOpRow& row = row_of(op);
    const bool quantises = op == VectorOp::kQuantize || op == VectorOp::kQuantizeBy;
    const bool known = row.transcendental == 0 || chip_.vpu.transcendental;
    return known && !quantises && row.arity > 0 ? op : VectorOp::kSquare;
  }

  // Elementwise operations in place, a reduction or transposition between them, stored.
  void vectors() {
    const std::int64_t tiles = draw_.within(1, 6);
    const std::int64_t m = draw_.within(1, 20), n = draw_.within(1, small_ ? 20 : 60);
    const DataType type = DataType::kFp32;
    const Ring in = ring(m, n * 4, index(0), draw_.within(1, 3));
    const Ring side = ring(std::max(m, n), std::max(m, n) * 4, index(0), 1);
    const UnitId load_in = engine(), store_out = engine();
    const Value extent =
        clamped(index(0) * -draw_.within(0, m) + Affine{m + draw_.within(0, m)}, m);
    builder_.loop(tiles);
    builder_.add(load_in, Load{vmem(in, type), input(m, n * 4, type, index(0), tiles), extent, n},
                 {in.free}, {in.full});
    builder_.add(kVpu, Sync{}, {in.full});
    for (std::int64_t left = draw_.within(1, 4); left > 0; --left) {
      Vector v;
      v.op = vector_op();
      v.dst = vmem(in, type);
      v.a = vmem(in, type);
      if (row_of(v.op).arity > 1) v.b = vmem(in, type);
      if (row_of(v.op).arity > 2) v.c = vmem(in, type);
      if (row_of(v.op).arity > 1 && draw_.one_in(2)) v.b.broadcast = Broadcast::kRow;
      if (draw_.one_in(3)) v.mask.kind = MaskKind::kCausal;
      v.rows = extent;
      v.cols = n;
      builder_.add(kVpu, v);
    }
    Tile result = vmem(in, type);
    Value rows = extent, cols = n;
    Token done = side.full;
    if (chip_.xlu.count > 0 && !draw_.one_in(4)) {
      const Token ready = builder_.semaphore(name("ready"));
      builder_.add(kVpu, Sync{}, {}, {ready});
      result = vmem(side, type);
      if (draw_.one_in(2)) {
        Transpose transpose;
        transpose.src = vmem(in, type);
        transpose.dst = result;
        transpose.rows = extent;
        transpose.cols = n;
        std::swap(rows, cols);
        builder_.add(xlu(), transpose, {ready, side.free}, {done});
      } else {
        Reduce reduce;
        reduce.op = draw_.of({ReduceOp::kMax, ReduceOp::kSum});
        reduce.a = vmem(in, type);
        reduce.dst = result;
        reduce.rows = extent;
        reduce.cols = n;
        cols = 1;
        builder_.add(xlu(), reduce, {ready, side.free}, {done});
      }
    } else {
      builder_.add(kVpu, Sync{}, {side.free}, {done});
    }
    const std::int64_t most = std::max(m, n);
    builder_.add(store_out,
                 Store{output(most, most * 4, type, index(0), tiles), result, rows, cols}, {done},
                 {side.free, in.free});
    builder_.end();
  }

  // Rows that a table names are gathered, and scattered to rows that another one names.
  void rows() {
    const std::int64_t tiles = draw_.within(1, 5), m = draw_.within(1, 12);
    const Bytes row_bytes = draw_.within(1, small_ ? 200 : 400);
    std::vector<std::int64_t> from, to;
    for (std::int64_t r = 0; r < tiles * m; ++r) {
      from.push_back(draw_.within(0, 50));
      to.push_back(draw_.within(0, 1) + 2 * r);
    }
    const Ring buffer = ring(m, row_bytes, index(0), draw_.within(1, 2));
    const Tile in = input(51, row_bytes, DataType::kInt8, Affine{}, 1);
    const Tile out = output(2 * tiles * m, row_bytes, DataType::kInt8, Affine{}, 1);
    const RowIndex named{builder_.table(from), index(0) * m};
    const RowIndex places{builder_.table(to), index(0) * m};
    builder_.loop(tiles);
    builder_.add(engine(), Gather{vmem(buffer, DataType::kInt8), in, named, m, row_bytes},
                 {buffer.free}, {buffer.full});
    builder_.add(engine(), Scatter{out, vmem(buffer, DataType::kInt8), places, m, row_bytes},
                 {buffer.full}, {buffer.free});
    builder_.end();
  }

  const ChipSpec& chip_;
  Draw draw_;
  const bool small_;  // little VMEM
  ProgramBuilder builder_;
  std::int32_t kernels_ = 0;
  int semaphores_ = 0;
  bool fifo_used_ = false;
  Bytes acc_ = 0;  // of every MXU
  Bytes vmem_ = 0;
  Bytes hbm_ = kInput;
};

}  // namespace systole
