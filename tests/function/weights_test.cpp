// SPDX-License-Identifier: Apache-2.0
#include "sim/function/weights.hpp"

#include <cstddef>
#include <cstring>

#include "catch.hpp"
#include "isa/bf16.hpp"
#include "isa/seeded.hpp"
#include "sim/function/elements.hpp"

using namespace systole;

namespace {

// bf16 weights, row-major, and their fp32 values.
struct Tile2d {
  std::vector<float> values;
  std::vector<std::byte> bytes;
};

Tile2d tile_of(std::int64_t rows, std::int64_t cols, const char* name) {
  Tile2d tile;
  for (std::int64_t k = 0; k < rows * cols; ++k) {
    tile.values.push_back(static_cast<float>(Bf16(SeededTensor(3, name, 0).unit(k))));
  }
  tile.bytes.resize(tile.values.size() * 2);
  store_row(DataType::kBf16, tile.values.data(), rows * cols, tile.bytes.data());
  return tile;
}

// One product and one sum at a time; volatile keeps a compiler from fusing or reordering them.
float plain_sum(const Tile2d& lhs, const Tile2d& rhs, std::int64_t r, std::int64_t c,
                std::int64_t depth, std::int64_t cols) {
  volatile float sum = 0;
  for (std::int64_t k = 0; k < depth; ++k) {
    const volatile float product = lhs.values[r * depth + k] * rhs.values[k * cols + c];
    sum = sum + product;
  }
  return sum;
}

std::vector<float> multiply(const Weights& weights, const std::vector<float>& lhs,
                            std::int64_t rows, std::int64_t pitch) {
  std::vector<float> psum(static_cast<std::size_t>(rows * pitch), -1);
  weights.multiply(rows, 0, weights.depth(), weights.cols(), lhs.data(), weights.depth(),
                   psum.data(), pitch);
  return psum;
}

}  // namespace

TEST_CASE("products equal plain loops bit for bit at any extents") {
  for (const std::int64_t rows : {1, 3, 4, 5, 9}) {
    for (const std::int64_t depth : {1, 2, 7, 33}) {
      for (const std::int64_t cols : {1, 7, 8, 9, 16, 31}) {
        const Tile2d lhs = tile_of(rows, depth, "lhs");
        const Tile2d rhs = tile_of(depth, cols, "rhs");
        Weights weights;
        weights.load(DataType::kBf16, depth, cols, {rhs.bytes.data(), cols * 2});
        const std::int64_t pitch = round_up(cols, Weights::kPanel);
        const std::vector<float> psum = multiply(weights, lhs.values, rows, pitch);
        for (std::int64_t r = 0; r < rows; ++r) {
          for (std::int64_t c = 0; c < cols; ++c) {
            REQUIRE(psum[r * pitch + c] == plain_sum(lhs, rhs, r, c, depth, cols));
          }
        }
      }
    }
  }
}

TEST_CASE("a transposed load gives the weights of a plain load of the transposed tile") {
  for (const std::int64_t depth : {1, 5, 8}) {
    for (const std::int64_t cols : {1, 7, 8, 9}) {
      const Tile2d rhs = tile_of(depth, cols, "rhs");
      std::vector<float> turned;
      for (std::int64_t c = 0; c < cols; ++c) {
        for (std::int64_t k = 0; k < depth; ++k) turned.push_back(rhs.values[k * cols + c]);
      }
      std::vector<std::byte> bytes(turned.size() * 2);
      store_row(DataType::kBf16, turned.data(), depth * cols, bytes.data());
      Weights plain;
      plain.load(DataType::kBf16, depth, cols, {rhs.bytes.data(), cols * 2});
      Weights transposed;
      transposed.load_transposed(DataType::kBf16, depth, cols, {bytes.data(), depth * 2});
      const Tile2d lhs = tile_of(6, depth, "lhs");
      REQUIRE(multiply(plain, lhs.values, 6, 16) == multiply(transposed, lhs.values, 6, 16));
    }
  }
}

TEST_CASE("sums run along K from row 0: another order has another bit pattern") {
  // 2^25 swallows a 1 that comes after it, and keeps the sum of ones that come before.
  const float big = 33554432;
  const std::vector<float> ones_last{big, 1, 1, 1, 1, 1};
  const std::vector<float> ones_first{1, 1, 1, 1, 1, big};
  const std::vector<float> unit(6, 1);
  std::vector<std::byte> bytes(12);
  store_row(DataType::kBf16, unit.data(), 6, bytes.data());
  Weights weights;
  weights.load(DataType::kBf16, 6, 1, {bytes.data(), 2});
  CHECK(multiply(weights, ones_last, 1, 8)[0] == big);
  CHECK(multiply(weights, ones_first, 1, 8)[0] == big + 4);  // 5 rounds to 4, steps being 4
}

TEST_CASE("a product is rounded to fp32 before it is added") {
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24; a fused multiply-add would keep the last bit after -1.
  const float a = 1 + 1 / 4096.0F;
  Weights weights;
  std::vector<std::byte> bytes(8);
  const std::vector<float> pair{-1, a};
  store_row(DataType::kFp32, pair.data(), 2, bytes.data());
  weights.load(DataType::kFp32, 2, 1, {bytes.data(), 4});
  CHECK(multiply(weights, {1, a}, 1, 8)[0] == 1 / 2048.0F);
}

TEST_CASE("a piece of the depth multiplies with its own weights and lhs elements") {
  const Tile2d lhs = tile_of(5, 9, "lhs");
  const Tile2d rhs = tile_of(9, 11, "rhs");
  Weights weights;
  weights.load(DataType::kBf16, 9, 11, {rhs.bytes.data(), 22});
  std::vector<float> psum(5 * 16);
  weights.multiply(5, 3, 4, 11, lhs.values.data(), 9, psum.data(), 16);
  for (std::int64_t r = 0; r < 5; ++r) {
    for (std::int64_t c = 0; c < 11; ++c) {
      CHECK(psum[r * 16 + c] == lhs.values[r * 9 + 3] * rhs.values[3 * 11 + c]);
    }
  }
}
