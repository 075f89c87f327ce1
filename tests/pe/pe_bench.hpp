// SPDX-License-Identifier: Apache-2.0
// MXU programs with data: VMEM is filled from HBM, the MXUs work, and all accumulators come back to
// HBM. Run at block level, with a module per PE, and without time.
#pragma once

#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sim/function/execute.hpp"
#include "sim/observe/recorder.hpp"
#include "sim/observe/unit_times.hpp"
#include "sim/pe/cycle_run.hpp"
#include "timing/in_child.hpp"
#include "timing/program_builder.hpp"
#include "timing/test_chip.hpp"

namespace systole {

inline constexpr Bytes kOperands = 32768;  // of VMEM, filled with data
inline constexpr Bytes kResult = 65536;    // in VMEM and HBM
inline constexpr Bytes kBenchHbm = 1 << 18;

// A chip with small memories and an array of rows x cols.
inline ChipSpec pe_chip(std::int64_t rows, std::int64_t cols) {
  ChipSpec chip = test_chip();
  chip.mxu.rows = rows;
  chip.mxu.cols = cols;
  chip.mxu.acc_depth = 64;
  chip.vmem.size = kMiB;
  return chip;
}

// Instructions of MXUs between a load of their operands and a store of all accumulators.
class MxuBench {
 public:
  explicit MxuBench(const ChipSpec& chip, DataType type = DataType::kBf16)
      : chip_(chip), type_(type) {
    ready_ = builder_.semaphore("ready");
    builder_.add(kDma0, load(0, kOperands), {}, {ready_});
  }

  MxuBench& wload(std::int64_t depth, std::int64_t cols, Value address = 0, UnitId mxu = kMxu0) {
    return add(mxu, WeightLoad{vmem(address, cols), depth, cols});
  }
  MxuBench& wloadt(std::int64_t depth, std::int64_t cols, Value address = 0, UnitId mxu = kMxu0) {
    return add(mxu, WeightLoadTransposed{vmem(address, depth), depth, cols});
  }
  MxuBench& matmul(std::int64_t rows, std::int64_t depth, std::int64_t cols, bool first = true,
                   std::int64_t acc_row = 0, Value address = 8192, UnitId mxu = kMxu0) {
    Matmul m;
    m.dst = acc(acc_row, mxu);
    m.lhs = vmem(address, depth);
    m.rows = rows;
    m.depth = depth;
    m.cols = cols;
    m.first = guard(first);
    return add(mxu, m);
  }
  template <class B = Multiply>
  MxuBench& multiply(std::int64_t rows, std::int64_t depth, std::int64_t cols, bool first = true,
                     UnitId mxu = kMxu0) {
    B m;
    m.lhs = vmem(8192, depth);
    m.rhs = vmem(0, std::is_same_v<B, Multiply> ? cols : depth);
    m.rows = rows;
    m.depth = depth;
    m.cols = cols;
    m.first = guard(first);
    return add(mxu, m);
  }
  MxuBench& unload(std::int64_t rows, std::int64_t cols, bool first = true,
                   std::int64_t acc_row = 0, UnitId mxu = kMxu0) {
    return add(mxu, Unload{acc(acc_row, mxu), rows, cols, guard(first)});
  }
  MxuBench& add(UnitId mxu, Body body, std::vector<Token> waits = {}) {
    if (started_.insert(mxu).second) {
      const Token go = builder_.semaphore("go" + std::to_string(mxu.number));
      builder_.add(kDma0, Sync{}, {}, {go});  // complete after the load
      waits.push_back(go);
    }
    builder_.add(mxu, std::move(body), std::move(waits));
    return *this;
  }

  Program finish() {
    std::int64_t number = 0;
    builder_.add(kVpu, Sync{}, {ready_});
    for (const UnitId mxu : started_) {
      const Token done = builder_.semaphore("done" + std::to_string(mxu.number));
      const Token copied = builder_.semaphore("copied" + std::to_string(mxu.number));
      builder_.add(mxu, Sync{}, {}, {done});
      Vector copy;
      copy.op = VectorOp::kCopy;
      copy.a = acc(0, mxu);
      const Bytes bytes = chip_.mxu.acc_depth * acc_row_bytes(chip_.mxu);
      copy.dst =
          tile(Space::kVmem, kResult + number * bytes, acc_row_bytes(chip_.mxu), copy.a.type);
      copy.rows = chip_.mxu.acc_depth;
      copy.cols = chip_.mxu.cols;
      builder_.add(kVpu, copy, {done}, {copied});
      Store back = store(kResult + number * bytes, bytes);
      back.src.address = kResult + number * bytes;
      builder_.add(kDma1, back, {copied});
      ++number;
    }
    return builder_.halt();
  }

 private:
  static Guard guard(bool holds) {
    Guard guard;
    guard.tests.push_back(Affine(holds ? 0 : -1));
    return guard;
  }
  Tile vmem(Value address, std::int64_t cols) const {
    return tile(Space::kVmem, std::move(address), cols * size_of(type_), type_);
  }
  Tile acc(std::int64_t row, UnitId mxu) const {
    Tile t = tile(Space::kAcc, row * acc_row_bytes(chip_.mxu), acc_row_bytes(chip_.mxu),
                  row_of(type_).accumulator);
    t.unit = mxu.number;
    return t;
  }

  const ChipSpec chip_;
  const DataType type_;
  ProgramBuilder builder_;
  Token ready_;
  std::set<UnitId> started_;
};

// HBM with data in every byte that is a finite number in every type.
inline MemoryImage bench_hbm(std::uint64_t seed) {
  MemoryImage hbm("hbm", kBenchHbm);
  std::mt19937_64 random(seed);
  Region all;
  all.space = Space::kHbm;
  all.rows = 1;
  all.row_bytes = all.pitch = kBenchHbm;
  std::byte* bytes = hbm.rows(all).base;
  for (Bytes at = 0; at < kBenchHbm; at += 2) {
    // bf16 with exponents around 1; as int8, two bytes of any value.
    const auto bits = static_cast<std::uint16_t>((random() & 0x80FFU) | 0x3F00U);
    std::memcpy(bytes + at, &bits, 2);
  }
  return hbm;
}

inline std::string bytes_of(const MemoryImage& hbm) {
  Region all;
  all.space = Space::kHbm;
  all.rows = 1;
  all.row_bytes = all.pitch = hbm.size();
  return {reinterpret_cast<const char*>(hbm.rows(all).base), static_cast<std::size_t>(hbm.size())};
}

}  // namespace systole
