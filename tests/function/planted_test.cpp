// SPDX-License-Identifier: Apache-2.0
// A tiled gemm and a masked softmax agree with plain loops; with a mistake planted they do not.
#include <algorithm>
#include <cmath>

#include "bench.hpp"
#include "catch.hpp"
#include "isa/bf16.hpp"
#include "sim/function/compare.hpp"

using namespace systole;
using namespace systole::test;

namespace {

using Values = std::vector<double>;

float bf16(double value) { return static_cast<float>(Bf16(static_cast<float>(value))); }

// y (20 x 11) = x (20 x 19) . w (19 x 11) in bf16 on 8 x 8 arrays: tiles of 8 along all three, the
// last ones partial; tiles of lhs and weights in rings of two places, loaded one step ahead.
struct TiledGemm {
  static constexpr std::int64_t kM = 20, kK = 19, kN = 11;
  std::int64_t lhs_pitch = kK * 2;  // of x in HBM, as the program believes
  std::int64_t ring = 256;          // bytes of the ring of two 8 x 8 tiles
  bool add_all = false;             // adds to the accumulators in the first step as well
  std::int64_t tail = kK;           // depth from which the clamp of the last tile counts
};

struct Run {
  Values got;
  std::string digest;
  std::optional<Mismatch> mismatch;
};

Run run(const TiledGemm& g) {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kBf16, g.kM, g.kK);
  const auto w = bench.tensor("w", SymbolRole::kWeight, DataType::kBf16, g.kK, g.kN);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kBf16, g.kM, g.kN);
  const Symbol& xs = bench.program.symbols[x];
  const Symbol& ws = bench.program.symbols[w];
  const Symbol& ys = bench.program.symbols[y];
  const Affine m = index(0), n = index(1), k = index(2);
  const Value rows = clamped(Affine{g.kM} - m * 8, 8);
  const Value cols = clamped(Affine{g.kN} - n * 8, 8);
  const auto lhs_at = [&](const Affine& step) {
    return vmem(ring_value(0, step * 128, g.ring), 16, DataType::kBf16);
  };
  const auto rhs_at = [&](const Affine& step) {
    return vmem(ring_value(1024, step * 128, g.ring), 16, DataType::kBf16);
  };
  const auto load = [&](const Affine& step) {
    const Value depth = clamped(Affine{g.tail} - step * 8, 8);
    bench.add(kDma0, Load{lhs_at(step),
                          hbm(m * (8 * g.lhs_pitch) + step * 16 + xs.address, g.lhs_pitch,
                              DataType::kBf16),
                          rows, depth});
    bench.add(kDma0,
              Load{rhs_at(step),
                   hbm(step * (8 * ws.pitch) + n * 16 + ws.address, ws.pitch, DataType::kBf16),
                   depth, cols});
  };
  bench.loop(3);
  bench.loop(2);
  load(Affine{0});
  bench.loop(3);
  load(k + 1);  // of extent 0 behind the last
  const Value depth = clamped(Affine{g.tail} - k * 8, 8);
  bench.add(kMxu0, WeightLoad{rhs_at(k), depth, cols});
  bench.add(kMxu0, Matmul{acc(0), lhs_at(k), rows, depth, cols,
                          Guard{{g.add_all ? Affine{-1} : Affine{0} - k}}});
  bench.end();
  Vector copy;
  copy.op = VectorOp::kCopy;
  copy.dst = vmem(2048, 16, DataType::kBf16);
  copy.a = acc(0);
  copy.rows = rows;
  copy.cols = cols;
  bench.add(kVpu0, copy);
  bench.add(kDma0, Store{hbm(m * (8 * ys.pitch) + n * 16 + ys.address, ys.pitch, DataType::kBf16),
                         vmem(2048, 16, DataType::kBf16), rows, cols});
  bench.end();
  bench.end();
  MemoryImage image = bench.image();
  const Values lhs = bench.get(image, x);
  const Values rhs = bench.get(image, w);
  bench.run(image);
  Values exact, rounded;
  for (std::int64_t e = 0; e < g.kM * g.kN; ++e) {
    float sum = 0;
    for (std::int64_t d = 0; d < g.kK; ++d) {
      sum += static_cast<float>(lhs[e / g.kN * g.kK + d]) *
             static_cast<float>(rhs[d * g.kN + e % g.kN]);
    }
    exact.push_back(sum);
    rounded.push_back(bf16(sum));
  }
  Run result;
  result.got = bench.get(image, y);
  result.digest = digest(bench.program.symbols[y], image);
  result.mismatch = compare_rows(g.kM, g.kN, result.got, exact, {&rounded});
  return result;
}

// p = softmax of s (6 x 6), causal unless the mask is forgotten in one of its two places.
Run softmax(bool mask_max, bool mask_exp) {
  constexpr std::int64_t kSize = 6;
  Bench bench;
  const auto s = bench.tensor("s", SymbolRole::kInput, DataType::kFp32, kSize, kSize);
  const auto p = bench.tensor("p", SymbolRole::kOutput, DataType::kFp32, kSize, kSize);
  bench.program.symbols[s].scale = 200;
  const Tile scores = bench.load(s, 0);
  const Tile column = vmem(1024, 4, DataType::kFp32);
  Tile per_row = column;
  per_row.broadcast = Broadcast::kCol;
  Mask causal;
  causal.kind = MaskKind::kCausal;
  bench.add(kXlu0,
            Reduce{ReduceOp::kMax, column, scores, kSize, kSize, mask_max ? causal : Mask{}});
  Vector exp;
  exp.op = VectorOp::kScaleExp;
  exp.dst = exp.a = scores;
  exp.b = per_row;
  exp.rows = exp.cols = kSize;
  exp.imm = 1;
  if (mask_exp) exp.mask = causal;
  bench.add(kVpu0, exp);
  bench.add(kXlu0, Reduce{ReduceOp::kSum, column, scores, kSize, kSize, Mask{}});
  Vector recip;
  recip.op = VectorOp::kRecip;
  recip.dst = recip.a = column;
  recip.rows = kSize;
  recip.cols = 1;
  bench.add(kVpu0, recip);
  Vector scale;
  scale.op = VectorOp::kMul;
  scale.dst = scale.a = scores;
  scale.b = per_row;
  scale.rows = scale.cols = kSize;
  bench.add(kVpu0, scale);
  bench.store(p, 0);
  MemoryImage image = bench.image();
  const Values in = bench.get(image, s);
  bench.run(image);
  Values exact;
  for (std::int64_t r = 0; r < kSize; ++r) {
    double sum = 0;
    for (std::int64_t c = 0; c <= r; ++c) sum += std::exp(in[r * kSize + c]);
    for (std::int64_t c = 0; c < kSize; ++c) {
      exact.push_back(c <= r ? std::exp(in[r * kSize + c]) / sum : 0);
    }
  }
  Run result;
  result.got = bench.get(image, p);
  result.digest = digest(bench.program.symbols[p], image);
  result.mismatch = compare_rows(kSize, kSize, result.got, exact, {&exact});
  return result;
}

void check_caught(const Run& wrong, const Run& right) {
  CHECK(wrong.digest != right.digest);
  CHECK(wrong.mismatch);
}

}  // namespace

TEST_CASE("a tiled gemm with partial tiles and rings agrees with plain loops") {
  const Run right = run(TiledGemm{});
  CHECK_FALSE(right.mismatch);
  CHECK(run(TiledGemm{}).digest == right.digest);
}

TEST_CASE("a wrong stride is caught") {
  TiledGemm wrong;
  wrong.lhs_pitch -= 2;
  check_caught(run(wrong), run(TiledGemm{}));
  CHECK(run(wrong).mismatch->row == 1);  // row 0 does not depend on the pitch
}

TEST_CASE("a stale buffer is caught: a ring too small for what is loaded ahead") {
  TiledGemm wrong;
  wrong.ring = 128;
  check_caught(run(wrong), run(TiledGemm{}));
}

TEST_CASE("an accumulator that is not overwritten at first is caught") {
  TiledGemm wrong;
  wrong.add_all = true;
  const Run found = run(wrong);
  check_caught(found, run(TiledGemm{}));
  CHECK(found.mismatch->row == 0);
  CHECK(found.mismatch->col >= 8);  // the first tile meets accumulators that are zero
}

TEST_CASE("a remainder that is left out is caught") {
  TiledGemm wrong;
  wrong.tail -= 1;
  check_caught(run(wrong), run(TiledGemm{}));
}

TEST_CASE("a masked softmax agrees with plain loops, and a missed mask is caught") {
  const Run right = softmax(true, true);
  CHECK_FALSE(right.mismatch);
  const Run wrong = softmax(true, false);
  check_caught(wrong, right);
  CHECK(wrong.mismatch->row == 0);
}

TEST_CASE("a maximum that misses the mask is caught, for what is seen underflows below it") {
  const Run wrong = softmax(false, true);
  check_caught(wrong, softmax(true, true));
  CHECK(std::isnan(wrong.mismatch->got));
}
