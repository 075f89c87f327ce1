// SPDX-License-Identifier: Apache-2.0
#include "sim/function/execute.hpp"

#include "bench.hpp"
#include "catch.hpp"
#include "isa/error.hpp"

using namespace systole;
using namespace systole::test;

namespace {

using Values = std::vector<double>;

// Elements of y are int32 counters in VMEM from byte 0: adds `amount` to the one at `address`.
Vector count_at(Value address) {
  Vector add;
  add.op = VectorOp::kAdd;
  add.dst = vmem(address, 4, DataType::kInt32);
  add.a = add.dst;
  add.b = vmem(4096, 4, DataType::kInt32);  // holds 1
  add.rows = add.cols = 1;
  return add;
}

struct Counters {
  explicit Counters(std::int64_t count) {
    y = bench.tensor("y", SymbolRole::kOutput, DataType::kInt32, 1, count);
    Vector one;
    one.op = VectorOp::kFill;
    one.imm = 1;
    one.dst = vmem(4096, 4, DataType::kInt32);
    one.rows = one.cols = 1;
    bench.add(kVpu0, one);
  }
  Values run() {
    bench.store(y, 0);
    const MemoryImage hbm = bench.run();
    return bench.get(hbm, y);
  }
  Bench bench;
  std::size_t y = 0;
};

std::string stop_message(Bench& bench) {
  try {
    bench.run();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kStopped);
    return error.what();
  }
  return "did not stop";
}

}  // namespace

TEST_CASE("an address follows the indices of eight nested loops") {
  Counters counters(256);
  Affine address;
  for (int d = 0; d < kMaxLoops; ++d) {
    counters.bench.loop(2);
    address = address + index(d) * (std::int64_t{4} << d);
  }
  counters.bench.add(kVpu0, count_at(address));
  for (int d = 0; d < kMaxLoops; ++d) counters.bench.end();
  CHECK(counters.run() == Values(256, 1));
}

TEST_CASE("a ring of n places comes back to the first after n steps") {
  Counters counters(4);
  counters.bench.loop(8);
  counters.bench.add(kVpu0, count_at(ring_value(4, index(0) * 4, 12)));
  counters.bench.end();
  CHECK(counters.run() == Values{0, 3, 3, 2});
}

TEST_CASE("an instruction whose guard does not hold has no effect") {
  Counters counters(5);
  counters.bench.loop(5);
  Instruction& middle = counters.bench.add(kVpu0, count_at(index(0) * 4));
  middle.guard.tests = {index(0) - 1, Affine{3} - index(0)};  // 1 <= i0 <= 3
  counters.bench.end();
  CHECK(counters.run() == Values{0, 1, 1, 1, 0});
}

TEST_CASE("a guarded instruction takes and gives no tokens where its guard does not hold") {
  Counters counters(1);
  counters.bench.program.semaphores = {{"never", 0}, {"counted", 0}};
  counters.bench.loop(3);
  Instruction& skipped = counters.bench.add(kVpu0, count_at(0));
  skipped.guard.tests = {index(0) - 2};
  skipped.signals = {{1, 1}};
  counters.bench.end();
  counters.bench.add(kDma0, Sync{}).waits = {{1, 1}};
  CHECK(counters.run() == Values{1});
}

TEST_CASE("an instruction of extent 0 does no work but waits and signals") {
  Counters counters(1);
  counters.bench.program.semaphores = {{"s", 0}};
  Vector none = count_at(0);
  none.cols = clamped(Affine{-3}, 8);
  counters.bench.add(kVpu0, none).signals = {{0, 2}};
  counters.bench
      .add(kDma0, Load{vmem(1 << 20, 1, DataType::kInt8), hbm(0, 1, DataType::kInt8), 0, 5})
      .waits = {{0, 2}};
  CHECK(counters.run() == Values{0});
}

TEST_CASE("an extent is clamped to what is left of the tensor") {
  Counters counters(10);
  Vector fill;
  fill.op = VectorOp::kFill;
  fill.imm = 1;
  fill.dst = vmem(index(0) * 16, 16, DataType::kInt32);
  fill.rows = 1;
  fill.cols = clamped(Affine{9} - index(0) * 4, 4);  // 9 in tiles of 4: 4, 4, 1, 0
  counters.bench.loop(4);
  counters.bench.add(kVpu0, fill);
  counters.bench.end();
  CHECK(counters.run() == Values{1, 1, 1, 1, 1, 1, 1, 1, 1, 0});
}

TEST_CASE("a value may be read from a table at an affine index") {
  Counters counters(4);
  counters.bench.program.tables.push_back({"places", {12, 0, 12}});
  Value address = index(0);
  address.table = 0;
  counters.bench.loop(3);
  counters.bench.add(kVpu0, count_at(address));
  counters.bench.end();
  CHECK(counters.run() == Values{1, 0, 0, 2});
}

TEST_CASE("a wait holds with N tokens and not with N - 1") {
  for (const std::int64_t initial : {1, 2}) {
    Bench bench;
    bench.program.semaphores = {{"free", initial}};
    bench.add(kDma0, Sync{}).waits = {{0, 2}};
    if (initial == 2) {
      CHECK_NOTHROW(bench.run());
    } else {
      CHECK(stop_message(bench) ==
            "stream 0, instruction 0 (sync on dma0), iteration (0,0,0,0,0,0,0,0): waits for ever "
            "on semaphore 'free', which holds 1; expected 2");
    }
  }
}

TEST_CASE("two waits of one instruction on one semaphore take the tokens of both") {
  for (const std::int64_t initial : {2, 3}) {
    Bench bench;
    bench.program.semaphores = {{"s", initial}};
    bench.add(kDma0, Sync{}).waits = {{0, 1}, {0, 2}};
    if (initial == 3) {
      CHECK_NOTHROW(bench.run());
    } else {
      CHECK(stop_message(bench).find("holds 2; expected 3") != std::string::npos);
    }
  }
}

TEST_CASE("tokens that were taken are gone") {
  Bench bench;
  bench.program.semaphores = {{"s", 1}};
  bench.loop(2);
  bench.add(kDma0, Sync{}).waits = {{0, 1}};
  bench.end();
  CHECK(stop_message(bench).find("iteration (1,0,0,0,0,0,0,0)") != std::string::npos);
}

TEST_CASE("a stream that has to wait lets another go on, and each core has its own VMEM") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kOutput, DataType::kInt32, 1, 1);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kInt32, 1, 1);
  bench.program.semaphores = {{"go", 0}};
  // Core 0 stores its untouched VMEM after core 1 has filled and stored its own.
  bench.store(x, 0);
  bench.program.streams[0].back().waits = {{0, 1}};
  bench.program.streams.emplace_back();
  Vector fill;
  fill.op = VectorOp::kFill;
  fill.imm = 5;
  fill.dst = vmem(0, 4, DataType::kInt32);
  fill.rows = fill.cols = 1;
  Stream& second = bench.program.streams[1];
  second.push_back({kVpu0, fill, {}, {}, {}, -1});
  second.push_back({kDma0, Store{bench.all_of(y), fill.dst, 1, 1}, {}, {}, {{0, 1}}, -1});
  second.push_back({kSequencer, Halt{}, {}, {}, {}, -1});
  const MemoryImage hbm = bench.run();
  CHECK(bench.get(hbm, x) == Values{0});
  CHECK(bench.get(hbm, y) == Values{5});
}

TEST_CASE("an MXU that the chip does not have is refused") {
  for (std::int16_t unit = 1; unit <= 2; ++unit) {
    Bench bench;
    bench.add({UnitKind::kMxu, unit}, WeightLoad{vmem(0, 2, DataType::kBf16), 1, 1});
    if (unit == 1) {
      CHECK_NOTHROW(bench.run());
    } else {
      CHECK_THROWS_AS(bench.run(), Error);
    }
  }
  Bench bench;
  Vector read;
  read.op = VectorOp::kCopy;
  read.dst = vmem(0, 4, DataType::kFp32);
  read.a = acc(0, DataType::kFp32, 2);
  read.rows = read.cols = 1;
  bench.add(kVpu0, read);
  CHECK_THROWS_AS(bench.run(), Error);
}
