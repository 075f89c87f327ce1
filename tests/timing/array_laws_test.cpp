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
