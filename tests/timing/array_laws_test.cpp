// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/array_laws.hpp"

#include "catch.hpp"
#include "timing/test_chip.hpp"

using namespace systole;

namespace {

using Laws = std::vector<Law>;
constexpr std::int32_t kMxu = 1;
constexpr Cycles kDrain = 8 + 6 - 2;  // of the test chip's array

WeightLoadWork load() { return {kMxu, -1, 0, 8, 7, 5, DataType::kBf16}; }
MatmulWork matmul() { return {kMxu, -1, 8, 28 + kDrain, 20, 7, 5, DataType::kBf16}; }

// Broken by a weight load, a matmul, and `busy` cycles of feed.
Laws broken_by(const WeightLoadWork& weights, const MatmulWork& work, Cycles busy = 20,
               Reason reason = Reason::kBusy) {
  LawLedger ledger;
  ArrayLaws laws(test_chip(), 3, ledger);
  laws.loaded(weights);
  laws.multiplied(work);
  Interval interval;
  interval.unit = kMxu;
  interval.reason = reason;
  interval.end = busy;
  UnitTimes times;
  times.on(interval);
  laws.settle(kMxu, times);
  Laws broken;
  for (const LawResult& result : ledger.results()) {
    if (!result.holds()) broken.push_back(result.law);
  }
  return broken;
}

}  // namespace

TEST_CASE("a matmul that follows its weights and takes its cycles keeps every law") {
  CHECK(broken_by(load(), matmul()).empty());
}

TEST_CASE("a matmul whose weights were not loaded is found") {
  WeightLoadWork other = load();
  other.unit = 2;  // of another MXU
  other.end = 0;
  CHECK(broken_by(other, matmul()) == Laws{Law::kWeights});
  WeightLoadWork shallow = load();
  shallow.depth = 6;
  CHECK(broken_by(shallow, matmul()) == Laws{Law::kWeights});
  WeightLoadWork narrow = load();
  narrow.cols = 4;
  CHECK(broken_by(narrow, matmul()) == Laws{Law::kWeights});
  WeightLoadWork integers = load();
  integers.type = DataType::kInt8;
  CHECK(broken_by(integers, matmul()) == Laws{Law::kWeights});
}

TEST_CASE("a matmul that starts a cycle before its weights are complete is found") {
  WeightLoadWork late = load();
  late.end = 9;
  CHECK(broken_by(late, matmul()) == Laws{Law::kWeightsReady});
}

TEST_CASE("a matmul that is a cycle short or long of feed and drain is found") {
  for (const Cycles off : {-1, 1}) {
    MatmulWork work = matmul();
    work.end += off;
    CHECK(broken_by(load(), work) == Laws{Law::kArray});
  }
}

TEST_CASE("a row wider than the port feeds for as many cycles as it takes") {
  WeightLoadWork deep = load();
  deep.depth = 65;
  MatmulWork work = matmul();
  work.depth = 65;  // 130 bytes through 128 per cycle
  CHECK(broken_by(deep, work) == Laws{Law::kFeed, Law::kArray});
  work.end = 48 + kDrain;
  CHECK(broken_by(deep, work, 40).empty());
}

TEST_CASE("an MXU that is busy for more or less than its matmuls is found") {
  CHECK(broken_by(load(), matmul(), 19) == Laws{Law::kFeed});
  CHECK(broken_by(load(), matmul(), 21) == Laws{Law::kFeed});
  CHECK(broken_by(load(), matmul(), 20, Reason::kDrain) == Laws{Law::kFeed});
}

namespace {

// Output-stationary: 7 x 5 sums over a depth of 20, and their unload.
MultiplyWork multiply() { return {kMxu, -1, 8, 28 + kDrain, 7, 20, 5, DataType::kBf16, true}; }
UnloadWork unload() { return {kMxu, -1, 28, 28 + 8 + kDrain, 7, 5}; }

// Broken by multiplies, and unloads after them.
Laws broken_by(const std::vector<MultiplyWork>& multiplies,
               const std::vector<UnloadWork>& unloads) {
  LawLedger ledger;
  ArrayLaws laws(test_chip(), 3, ledger);
  for (const MultiplyWork& work : multiplies) laws.multiplied(work);
  for (const UnloadWork& work : unloads) laws.unloaded(work);
  Laws broken;
  for (const LawResult& result : ledger.results()) {
    if (!result.holds()) broken.push_back(result.law);
  }
  return broken;
}

}  // namespace

TEST_CASE("an unload of what was multiplied, in its cycles, keeps every law") {
  CHECK(broken_by({multiply()}, {unload()}).empty());
  UnloadWork part = unload();
  part.rows = 6;
  part.cols = 4;
  CHECK(broken_by({multiply()}, {part}).empty());
}

TEST_CASE("an unload that is a cycle short or long of its wavefront and rows is found") {
  for (const Cycles off : {-1, 1}) {
    UnloadWork work = unload();
    work.end += off;
    CHECK(broken_by({multiply()}, {work}) == Laws{Law::kUnload});
  }
}

TEST_CASE("an unload of sums that nothing multiplied is found") {
  CHECK(broken_by({}, {unload()}) == Laws{Law::kSums});
  CHECK(broken_by({multiply()}, {unload(), unload()}) == Laws{Law::kSums});  // they are gone
  UnloadWork tall = unload();
  tall.rows = 8;
  CHECK(broken_by({multiply()}, {tall}) == Laws{Law::kSums});
  UnloadWork wide = unload();
  wide.cols = 6;
  CHECK(broken_by({multiply()}, {wide}) == Laws{Law::kSums});
  MultiplyWork other = multiply();
  other.unit = 2;  // of another MXU
  CHECK(broken_by({other}, {unload()}) == Laws{Law::kSums});
}

TEST_CASE("a multiply that adds to sums leaves them as large as they were") {
  MultiplyWork more = multiply();
  more.first = false;
  more.rows = 3;
  CHECK(broken_by({multiply(), more}, {unload()}).empty());
  MultiplyWork again = more;
  again.first = true;  // starts from 0
  CHECK(broken_by({multiply(), again}, {unload()}) == Laws{Law::kSums});
}

TEST_CASE("a multiply that is a cycle short or long of its steps and drain is found") {
  for (const Cycles off : {-1, 1}) {
    MultiplyWork work = multiply();
    work.end += off;
    CHECK(broken_by({work}, {}) == Laws{Law::kArray});
  }
}
