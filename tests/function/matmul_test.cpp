// SPDX-License-Identifier: Apache-2.0
// Weight loads and matmuls on the functional core.
#include "bench.hpp"
#include "catch.hpp"
#include "isa/error.hpp"
#include "isa/numerics.hpp"
#include "sim/function/core.hpp"

using namespace systole;
using namespace systole::test;

namespace {

using Values = std::vector<double>;

Guard always() { return {}; }
Guard never() { return {{Affine{-1}}}; }

// acc (fp32 or int32) -> VMEM at `address`, dense rows.
void drain(Bench& bench, const Tile& from, std::int64_t rows, std::int64_t cols,
           std::int64_t address) {
  Vector copy;
  copy.op = VectorOp::kCopy;
  copy.dst = vmem(address, cols * 4, from.type);
  copy.a = from;
  copy.rows = rows;
  copy.cols = cols;
  bench.add(kVpu0, copy);
}

Values product(const Values& lhs, const Values& rhs, std::int64_t m, std::int64_t k,
               std::int64_t n) {
  Values out;
  for (std::int64_t r = 0; r < m; ++r) {
    for (std::int64_t c = 0; c < n; ++c) {
      float sum = 0;
      for (std::int64_t d = 0; d < k; ++d) {
        sum += static_cast<float>(lhs[r * k + d]) * static_cast<float>(rhs[d * n + c]);
      }
      out.push_back(sum);
    }
  }
  return out;
}

// x (m x k), w (k x n) in VMEM at 0 and 4096, y (m x n) to be stored from 8192.
struct Gemm {
  Gemm(DataType type, std::int64_t rows, std::int64_t depth, std::int64_t cols)
      : m(rows), k(depth), n(cols), sum(row_of(type).accumulator) {
    x = bench.tensor("x", SymbolRole::kInput, type, m, k);
    w = bench.tensor("w", SymbolRole::kWeight, type, k, n);
    y = bench.tensor("y", SymbolRole::kOutput, sum, m, n);
    if (row_of(type).integer) {
      bench.program.symbols[x].scale = 127;
      bench.program.symbols[w].scale = 127;
    }
    lhs = bench.load(x, 0);
    rhs = bench.load(w, 4096);
  }
  void matmul(const Guard& first, UnitId mxu = kMxu0) {
    bench.add(mxu, Matmul{acc(0, sum, mxu.number), lhs, m, k, n, first});
  }
  MemoryImage run(UnitId mxu = kMxu0) {
    finish(mxu);
    return bench.run();
  }
  void finish(UnitId mxu = kMxu0) {
    drain(bench, acc(0, sum, mxu.number), m, n, 8192);
    bench.store(y, 8192);
  }

  Bench bench;
  std::int64_t m, k, n;
  DataType sum;
  std::size_t x = 0, w = 0, y = 0;
  Tile lhs, rhs;
};

}  // namespace

TEST_CASE("a matmul equals plain loops bit for bit, odd extents included") {
  for (const auto& [m, k, n] : std::vector<std::array<std::int64_t, 3>>{
           {8, 8, 8}, {1, 1, 1}, {7, 5, 3}, {13, 8, 1}, {3, 1, 7}}) {
    Gemm gemm(DataType::kBf16, m, k, n);
    gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, k, n});
    gemm.matmul(always());
    const MemoryImage hbm = gemm.run();
    const Values x = gemm.bench.get(hbm, gemm.x);
    const Values w = gemm.bench.get(hbm, gemm.w);
    REQUIRE(gemm.bench.get(hbm, gemm.y) == product(x, w, m, k, n));
  }
}

TEST_CASE("an fp8 matmul equals plain loops bit for bit in either format") {
  for (const DataType type : {DataType::kFp8E4m3, DataType::kFp8E5m2}) {
    for (const auto& [m, k, n] :
         std::vector<std::array<std::int64_t, 3>>{{8, 8, 8}, {1, 1, 1}, {7, 5, 3}, {13, 8, 1}}) {
      Gemm gemm(type, m, k, n);
      gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, k, n});
      gemm.matmul(always());
      const MemoryImage hbm = gemm.run();
      const Values x = gemm.bench.get(hbm, gemm.x);
      for (const double value : x) {
        CHECK(value == static_cast<double>(rounded_to(type, static_cast<float>(value))));
      }
      REQUIRE(gemm.bench.get(hbm, gemm.y) == product(x, gemm.bench.get(hbm, gemm.w), m, k, n));
    }
  }
}

TEST_CASE("a matmul overwrites where `first` holds and adds elsewhere") {
  Gemm gemm(DataType::kBf16, 5, 6, 7);
  gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, 6, 7});
  gemm.matmul(always());
  gemm.matmul(always());
  gemm.matmul(never());
  gemm.matmul(never());
  const MemoryImage hbm = gemm.run();
  const Values once = product(gemm.bench.get(hbm, gemm.x), gemm.bench.get(hbm, gemm.w), 5, 6, 7);
  const Values got = gemm.bench.get(hbm, gemm.y);
  for (std::size_t e = 0; e < once.size(); ++e) {
    const auto value = static_cast<float>(once[e]);
    CHECK(got[e] == (value + value) + value);
  }
}

TEST_CASE("psums of an instruction are summed from zero before they meet the accumulator") {
  // accumulator 2^24; psum 1 + 1 = 2 is seen, two single ones would not be.
  Gemm gemm(DataType::kBf16, 1, 2, 1);
  gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, 2, 1});
  Vector fill;
  fill.op = VectorOp::kFill;
  fill.imm = 16777216;
  fill.dst = acc(0);
  fill.rows = fill.cols = 1;
  gemm.bench.add(kVpu0, fill);
  gemm.matmul(never());
  gemm.finish();
  MemoryImage hbm = gemm.bench.image();
  gemm.bench.put(hbm, gemm.x, {1, 1});
  gemm.bench.put(hbm, gemm.w, {1, 1});
  gemm.bench.run(hbm);
  CHECK(gemm.bench.get(hbm, gemm.y) == Values{16777218});
}

TEST_CASE("weights are those that memory held at the wload") {
  Gemm gemm(DataType::kBf16, 4, 4, 4);
  gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, 4, 4});
  Vector wipe;
  wipe.op = VectorOp::kFill;
  wipe.dst = gemm.rhs;
  wipe.rows = wipe.cols = 4;
  gemm.bench.add(kVpu0, wipe);
  gemm.matmul(always());
  const MemoryImage hbm = gemm.run();
  CHECK(gemm.bench.get(hbm, gemm.y) ==
        product(gemm.bench.get(hbm, gemm.x), gemm.bench.get(hbm, gemm.w), 4, 4, 4));
}

TEST_CASE("a matmul uses the last wload of its own queue, and its own accumulators") {
  Gemm gemm(DataType::kBf16, 4, 4, 4);
  gemm.bench.add(kMxu1, WeightLoad{gemm.lhs, 4, 4});
  gemm.bench.add(kMxu1, WeightLoad{gemm.rhs, 4, 4});
  gemm.bench.add(kMxu0, WeightLoad{gemm.lhs, 4, 4});
  gemm.matmul(always(), kMxu1);
  gemm.matmul(always(), kMxu0);
  const MemoryImage hbm = gemm.run(kMxu1);
  CHECK(gemm.bench.get(hbm, gemm.y) ==
        product(gemm.bench.get(hbm, gemm.x), gemm.bench.get(hbm, gemm.w), 4, 4, 4));
}

TEST_CASE("a matmul may use a corner of the weights") {
  Gemm gemm(DataType::kBf16, 4, 3, 5);
  gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, 3, 5});
  gemm.bench.add(kMxu0, Matmul{acc(0), vmem(0, 3 * 2, DataType::kBf16), 4, 2, 5, always()});
  const MemoryImage hbm = gemm.run();
  const Values x = gemm.bench.get(hbm, gemm.x);
  const Values w = gemm.bench.get(hbm, gemm.w);
  Values corner;
  for (std::size_t r = 0; r < 4; ++r) {
    corner.push_back(x[r * 3]);
    corner.push_back(x[r * 3 + 1]);
  }
  CHECK(gemm.bench.get(hbm, gemm.y) == product(corner, w, 4, 2, 5));
}

TEST_CASE("more depth or columns than the wload brought, or another type, is refused") {
  for (const auto& [k, n] : std::vector<std::array<std::int64_t, 2>>{{5, 4}, {4, 5}}) {
    Gemm gemm(DataType::kBf16, 4, k, n);
    gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, 4, 4});
    gemm.matmul(always());
    CHECK_THROWS_AS(gemm.run(), Error);
  }
  Gemm gemm(DataType::kBf16, 4, 4, 4);
  gemm.bench.add(kMxu0, WeightLoad{vmem(0, 4, DataType::kInt8), 4, 4});
  gemm.matmul(always());
  CHECK_THROWS_AS(gemm.run(), Error);
}

TEST_CASE("a transposed load multiplies with the transposed tile") {
  Gemm gemm(DataType::kBf16, 4, 7, 5);
  gemm.bench.add(kXlu0, Transpose{vmem(16384, 14, DataType::kBf16), gemm.rhs, 7, 5});
  gemm.bench.add(kMxu0, WeightLoadTransposed{vmem(16384, 14, DataType::kBf16), 7, 5});
  gemm.matmul(always());
  const MemoryImage hbm = gemm.run();
  CHECK(gemm.bench.get(hbm, gemm.y) ==
        product(gemm.bench.get(hbm, gemm.x), gemm.bench.get(hbm, gemm.w), 4, 7, 5));
}

TEST_CASE("int8 products are exact, at their extremes and any depth") {
  // 3000 products of 2^14 leave 2^24, from where fp32 misses integers.
  for (const std::int64_t depth : {1, 1023, 1024, 1025, 3000}) {
    Gemm gemm(DataType::kInt8, 1, depth, 1);
    gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, depth, 1});
    gemm.matmul(always());
    gemm.finish();
    MemoryImage hbm = gemm.bench.image();
    Values x(static_cast<std::size_t>(depth), -128);
    Values w = x;
    w.back() = 1;
    x.back() = 1;
    gemm.bench.put(hbm, gemm.x, x);
    gemm.bench.put(hbm, gemm.w, w);
    gemm.bench.run(hbm);
    CHECK(gemm.bench.get(hbm, gemm.y)[0] == static_cast<double>((depth - 1) * 16384 + 1));
  }
}

TEST_CASE("int8 matmuls accumulate in int32, which wraps around") {
  Gemm gemm(DataType::kInt8, 1, 1, 1);
  gemm.bench.add(kMxu0, WeightLoad{gemm.rhs, 1, 1});
  gemm.bench.add(kVpu0, [&] {
    Vector fill;
    fill.op = VectorOp::kFill;
    fill.imm = 2147483648.0;  // saturates to 2^31 - 1
    fill.dst = acc(0, DataType::kInt32);
    fill.rows = fill.cols = 1;
    return fill;
  }());
  gemm.matmul(never());
  gemm.finish();
  MemoryImage hbm = gemm.bench.image();
  gemm.bench.put(hbm, gemm.x, {2});
  gemm.bench.put(hbm, gemm.w, {3});
  gemm.bench.run(hbm);
  CHECK(gemm.bench.get(hbm, gemm.y) == Values{-2147483648.0 + 5});
}

TEST_CASE("weights may come from a place of the weight FIFO") {
  Gemm gemm(DataType::kBf16, 4, 4, 4);
  const Tile place = tile(Space::kFifo, 64, 8, DataType::kBf16, Broadcast::kNone, 1);
  gemm.bench.add(kDma0, Load{place, gemm.bench.all_of(gemm.w), 4, 4});
  gemm.bench.add(kMxu1, WeightLoad{place, 4, 4});
  gemm.matmul(always(), kMxu1);
  const MemoryImage hbm = gemm.run(kMxu1);
  CHECK(gemm.bench.get(hbm, gemm.y) ==
        product(gemm.bench.get(hbm, gemm.x), gemm.bench.get(hbm, gemm.w), 4, 4, 4));
}
