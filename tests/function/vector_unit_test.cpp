// SPDX-License-Identifier: Apache-2.0
// Vector and reduce instructions on tiles.
#include "sim/function/vector_unit.hpp"

#include <cmath>
#include <limits>

#include "bench.hpp"
#include "catch.hpp"

using namespace systole;
using namespace systole::test;

namespace {

using Values = std::vector<double>;
constexpr std::int64_t kApart = 8192, kDst = 24576;  // bytes in VMEM
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A tensor of given values, loaded to VMEM.
struct Input {
  DataType type;
  std::int64_t rows, cols;
  Values values;
  Broadcast broadcast = Broadcast::kNone;
};

// Runs `instruction` on its operands; its dst is rows x cols (x 1 for a reduction) of `type`.
template <class Body>
Values result_of(Body instruction, const std::vector<Input>& inputs, DataType type,
                 std::int64_t rows, std::int64_t cols) {
  Bench bench;
  std::vector<std::size_t> tensors;
  std::vector<Tile> tiles(3);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Input& input = inputs[k];
    tensors.push_back(bench.tensor("in" + std::to_string(k), SymbolRole::kInput, input.type,
                                   input.rows, input.cols));
    tiles[k] = bench.load(tensors[k], static_cast<std::int64_t>(k) * kApart);
    tiles[k].broadcast = input.broadcast;
  }
  instruction.a = tiles[0];
  const bool reduce = std::is_same_v<Body, Reduce>;
  if constexpr (std::is_same_v<Body, Vector>) {
    instruction.b = tiles[1];
    instruction.c = tiles[2];
  }
  const std::int64_t width = reduce ? 1 : cols;
  const auto out = bench.tensor("out", SymbolRole::kOutput, type, rows, width);
  instruction.dst = vmem(kDst, width * size_of(type), type);
  instruction.rows = rows;
  instruction.cols = cols;
  bench.add(reduce ? kXlu0 : kVpu0, instruction);
  bench.store(out, kDst);
  MemoryImage hbm = bench.image();
  for (std::size_t k = 0; k < inputs.size(); ++k) bench.put(hbm, tensors[k], inputs[k].values);
  bench.run(hbm);
  return bench.get(hbm, out);
}

Vector vector(VectorOp op, double imm = 0) {
  Vector instruction;
  instruction.op = op;
  instruction.imm = imm;
  return instruction;
}

}  // namespace

TEST_CASE("a row operand is the same for every row, a column operand for every column") {
  const Input a{DataType::kFp32, 2, 3, {1, 2, 3, 4, 5, 6}};
  const Input row{DataType::kFp32, 1, 3, {10, 20, 30}, Broadcast::kRow};
  const Input col{DataType::kFp32, 2, 1, {100, 200}, Broadcast::kCol};
  CHECK(result_of(vector(VectorOp::kAdd), {a, row}, DataType::kFp32, 2, 3) ==
        Values{11, 22, 33, 14, 25, 36});
  CHECK(result_of(vector(VectorOp::kAdd), {a, col}, DataType::kFp32, 2, 3) ==
        Values{101, 102, 103, 204, 205, 206});
  CHECK(result_of(vector(VectorOp::kSub), {col, a}, DataType::kFp32, 2, 3) ==
        Values{99, 98, 97, 196, 195, 194});
  CHECK(result_of(vector(VectorOp::kMulAdd), {a, col, row}, DataType::kFp32, 2, 3) ==
        Values{110, 220, 330, 810, 1020, 1230});
}

TEST_CASE("operands of different types meet in fp32 and dst rounds to bf16") {
  const Input a{DataType::kBf16, 1, 2, {1, 2}};
  const Input b{DataType::kFp32, 1, 2, {1 / 256.0, 3 / 128.0}};  // 1 + half a step; 2 + 3 halves
  CHECK(result_of(vector(VectorOp::kAdd), {a, b}, DataType::kBf16, 1, 2) ==
        Values{1, 2 + 4 / 128.0});
  CHECK(result_of(vector(VectorOp::kAdd), {a, b}, DataType::kFp32, 1, 2) ==
        Values{1 + 1 / 256.0, 2 + 3 / 128.0});
}

TEST_CASE("a conversion to fp8 rounds once and saturates, one from fp8 is exact") {
  // 1.0625 lies between the e4m3 numbers 1 and 1.125; a step through bf16 would keep the tie.
  const Input a{DataType::kFp32, 1, 4, {1.0625 + 1 / 4096.0, -3.2, 1e4, 1e-9}};
  CHECK(result_of(vector(VectorOp::kCopy), {a}, DataType::kFp8E4m3, 1, 4) ==
        Values{1.125, -3.25, 448, 0});
  CHECK(result_of(vector(VectorOp::kCopy), {a}, DataType::kFp8E5m2, 1, 4) ==
        Values{1, -3, 10240, 0});
  CHECK(result_of(vector(VectorOp::kScale, 1000), {a}, DataType::kFp8E5m2, 1, 4) ==
        Values{1024, -3072, 57344, 0});
  const Input e4m3{DataType::kFp8E4m3, 1, 3, {0.001953125, 448, -1.875}};
  const Input e5m2{DataType::kFp8E5m2, 1, 3, {57344, 0.25, -1.75}};
  CHECK(result_of(vector(VectorOp::kCopy), {e4m3}, DataType::kFp32, 1, 3) == e4m3.values);
  CHECK(result_of(vector(VectorOp::kCopy), {e5m2}, DataType::kBf16, 1, 3) == e5m2.values);
  CHECK(result_of(vector(VectorOp::kMul), {e4m3, e5m2}, DataType::kFp32, 1, 3) ==
        Values{112, 112, 3.28125});
  CHECK(result_of(vector(VectorOp::kAdd), {e4m3, e4m3}, DataType::kFp8E4m3, 1, 3) ==
        Values{0.00390625, 448, -3.75});
}

TEST_CASE("sums of integers are exact where fp32 is not, and wrap") {
  const Input a{DataType::kInt32, 1, 2, {16777217, 2147483647}};
  const Input b{DataType::kInt8, 1, 2, {2, 1}};
  CHECK(result_of(vector(VectorOp::kAdd), {a, b}, DataType::kInt32, 1, 2) ==
        Values{16777219, -2147483648.0});
}

TEST_CASE("an integer result that its type does not hold saturates") {
  const Input a{DataType::kInt8, 1, 3, {100, -100, 60}};
  CHECK(result_of(vector(VectorOp::kAdd), {a, a}, DataType::kInt8, 1, 3) == Values{127, -128, 120});
}

TEST_CASE("quantize rounds imm * a to the nearest even integer and saturates") {
  const Input a{DataType::kInt32, 1, 8, {1, 3, 5, -1, 253, 254, 255, -300}};
  CHECK(result_of(vector(VectorOp::kQuantize, 0.5), {a}, DataType::kInt8, 1, 8) ==
        Values{0, 2, 2, 0, 126, 127, 127, -128});
}

TEST_CASE("quantize_by rounds a * b to the nearest even integer, a factor per row, and saturates") {
  const Input a{DataType::kFp32, 2, 4, {1, 3, 5, -256, 1, 1.5, 2.5, 51}};
  const Input factor{DataType::kFp32, 2, 1, {0.5, 2.5}, Broadcast::kCol};
  CHECK(result_of(vector(VectorOp::kQuantizeBy), {a, factor}, DataType::kInt8, 2, 4) ==
        Values{0, 2, 2, -128, 2, 4, 6, 127});
}

TEST_CASE("mul_sub takes c from the product, to which mul_add adds it") {
  const Input a{DataType::kFp32, 1, 2, {3, -2}};
  const Input b{DataType::kFp32, 1, 2, {0.75, 4}};
  const Input c{DataType::kFp32, 1, 2, {0.5, 1}};
  CHECK(result_of(vector(VectorOp::kMulSub), {a, b, c}, DataType::kFp32, 1, 2) == Values{1.75, -9});
  CHECK(result_of(vector(VectorOp::kMulAdd), {a, b, c}, DataType::kFp32, 1, 2) == Values{2.75, -7});
}

TEST_CASE("a causal mask leaves column col0 + c to rows from there on: N - 1 unseen, N seen") {
  Vector copy = vector(VectorOp::kCopy);
  copy.mask.kind = MaskKind::kCausal;
  copy.mask.row0 = 4;
  copy.mask.col0 = 3;
  const Input a{DataType::kFp32, 2, 4, {1, 2, 3, 4, 5, 6, 7, 8}};
  CHECK(result_of(copy, {a}, DataType::kFp32, 2, 4) ==
        Values{1, 2, -kInfinity, -kInfinity, 5, 6, 7, -kInfinity});
}

TEST_CASE("a window mask of w leaves the w columns up to the row's own") {
  Vector copy = vector(VectorOp::kCopy);
  copy.mask.kind = MaskKind::kWindow;
  copy.mask.window = 2;
  const Input a{DataType::kFp32, 3, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
  CHECK(result_of(copy, {a}, DataType::kFp32, 3, 3) ==
        Values{1, -kInfinity, -kInfinity, 4, 5, -kInfinity, -kInfinity, 8, 9});
}

TEST_CASE("a mask hides operand a only, and each row of a row operand for itself") {
  Vector max = vector(VectorOp::kMax);
  max.mask.kind = MaskKind::kCausal;
  const Input row{DataType::kFp32, 1, 2, {5, 6}, Broadcast::kRow};
  const Input b{DataType::kFp32, 2, 2, {1, 2, 3, 4}};
  CHECK(result_of(max, {row, b}, DataType::kFp32, 2, 2) == Values{5, 2, 5, 6});
  CHECK(result_of(max, {b, row}, DataType::kFp32, 2, 2) == Values{5, 6, 5, 6});
}

TEST_CASE("a masked integer reads as the least one") {
  Vector max = vector(VectorOp::kMax);
  max.mask.kind = MaskKind::kCausal;
  const Input a{DataType::kInt32, 1, 2, {9, 9}};
  const Input b{DataType::kInt32, 1, 2, {-2147483647, -2147483647}};
  CHECK(result_of(max, {a, b}, DataType::kInt32, 1, 2) == Values{9, -2147483647});
}

TEST_CASE("a reduction leaves one element per row") {
  Reduce reduce;
  const Input a{DataType::kFp32, 2, 3, {1, 9, 3, -4, -6, -5}};
  reduce.op = ReduceOp::kMax;
  CHECK(result_of(reduce, {a}, DataType::kFp32, 2, 3) == Values{9, -4});
  reduce.op = ReduceOp::kSum;
  CHECK(result_of(reduce, {a}, DataType::kFp32, 2, 3) == Values{13, -15});
  reduce.op = ReduceOp::kMaxAbs;
  CHECK(result_of(reduce, {a}, DataType::kFp32, 2, 3) == Values{9, 6});
}

TEST_CASE("a masked maximum does not see what lies above the diagonal") {
  Reduce reduce;
  reduce.op = ReduceOp::kMax;
  reduce.mask.kind = MaskKind::kCausal;
  const Input a{DataType::kBf16, 3, 3, {1, 9, 9, 2, 3, 9, 4, 5, 6}};
  CHECK(result_of(reduce, {a}, DataType::kBf16, 3, 3) == Values{1, 3, 6});
}

TEST_CASE("dst may be an operand: each row is read before it is written") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kFp32, 3, 4);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kFp32, 3, 4);
  const Tile place = bench.load(x, 0);
  Vector square = vector(VectorOp::kSquare);
  square.dst = place;
  square.a = place;
  square.rows = 3;
  square.cols = 4;
  bench.add(kVpu0, square);
  Vector add = square;
  add.op = VectorOp::kAdd;
  add.b = place;
  add.b.broadcast = Broadcast::kCol;  // column 0 of dst itself
  bench.add(kVpu0, add);
  bench.store(y, 0);
  const MemoryImage hbm = bench.run();
  const Values in = bench.get(hbm, x);
  const Values out = bench.get(hbm, y);
  for (std::size_t k = 0; k < 12; ++k) {
    const auto squared = static_cast<float>(in[k] * in[k]);
    const auto first = static_cast<float>(in[k / 4 * 4] * in[k / 4 * 4]);
    CHECK(out[k] == squared + first);
  }
}

TEST_CASE("a row operand that dst overwrites was read before") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kFp32, 3, 2);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kFp32, 3, 2);
  Vector sub = vector(VectorOp::kSub);
  sub.dst = sub.a = bench.load(x, 0);
  sub.b = sub.a;
  sub.b.broadcast = Broadcast::kRow;  // row 0 of dst itself
  sub.rows = 3;
  sub.cols = 2;
  bench.add(kVpu0, sub);
  bench.store(y, 0);
  MemoryImage hbm = bench.image();
  bench.put(hbm, x, {1, 2, 3, 5, 8, 13});
  bench.run(hbm);
  CHECK(bench.get(hbm, y) == Values{0, 0, 2, 3, 7, 11});
}
