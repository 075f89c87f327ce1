// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/memory_laws.hpp"

#include <algorithm>

#include "catch.hpp"
#include "isa/timing.hpp"
#include "timing/test_chip.hpp"

using namespace systole;

namespace {

constexpr Bytes kBurst = 32;
constexpr std::int32_t kEngine = 3;

// Each run's bursts, byte by byte.
Bytes counted(const TransferWork& transfer) {
  Bytes bytes = 0;
  const bool joined = transfer.index == nullptr && transfer.pitch == transfer.row_bytes;
  std::int64_t last = -1;
  for (std::int64_t r = 0; r < transfer.rows; ++r) {
    const std::int64_t row = transfer.index != nullptr ? transfer.index[r] : r;
    if (!joined) last = -1;
    for (Bytes b = 0; b < transfer.row_bytes; ++b) {
      const std::int64_t burst = (transfer.address + row * transfer.pitch + b) / kBurst;
      if (burst != last) bytes += kBurst;
      last = burst;
    }
  }
  return bytes;
}

TransferWork runs(std::int64_t address, std::int64_t rows, Bytes row_bytes, Bytes pitch) {
  TransferWork transfer;
  transfer.unit = kEngine;
  transfer.op = 0;
  transfer.begin = 100;
  transfer.address = address;
  transfer.rows = rows;
  transfer.row_bytes = row_bytes;
  transfer.pitch = pitch;
  return transfer;
}

// One op, one engine, and a memory that moves what it is told to.
struct Bench {
  LawLedger ledger;
  std::vector<SourceOp> ops{SourceOp{}};
  std::vector<OperandRead> operands;
  ActionCounts actions;
  Cycles latency = 80;  // from the end of the data to the completion

  // `transfer` takes `cycles`, and HBM moves `moved` bytes for it, over its channels `on_channels`.
  void run(TransferWork transfer, Cycles cycles, Bytes moved, Bytes on_channels) {
    MemoryLaws laws(test_chip(), 8, 1, operands, memory_latency_cycles(test_chip()), ledger);
    transfer.sequence = 7;
    laws.asked(transfer);
    Completion other;  // a sync of the same queue
    other.sequence = 6;
    other.unit = kEngine;
    laws.completed(other);
    Completion done;
    done.sequence = 7;
    done.unit = kEngine;
    done.end = transfer.begin + cycles;
    done.free = done.end - latency;
    if (cycles >= 0) laws.completed(done);
    Interval interval;
    interval.bytes = on_channels;
    interval.write = transfer.write;
    laws.moved(interval);
    actions.on(Action{transfer.write ? ActionId::kHbmWriteBytes : ActionId::kHbmReadBytes, 0, moved,
                      0, 0});
    laws.settle(ops, actions);
  }
  std::vector<Law> broken() const {
    std::vector<Law> laws;
    for (const LawResult& result : ledger.results()) {
      if (!result.holds()) laws.push_back(result.law);
    }
    return laws;
  }
};

using Laws = std::vector<Law>;

// 4 KiB: setup 10, memory 80, 128 bytes per cycle at the port.
constexpr Cycles kLeast = 10 + 80 + 32;

Laws broken_by(const TransferWork& transfer, Cycles cycles, Bytes moved, Bytes on_channels) {
  Bench bench;
  bench.run(transfer, cycles, moved, on_channels);
  return bench.broken();
}

}  // namespace

TEST_CASE("whole bursts of a transfer are those counted byte by byte") {
  for (const std::int64_t address : {0, 1, 31, 32, 1000}) {
    for (const std::int64_t rows : {1, 2, 3, 31, 32, 33, 100}) {
      for (const Bytes row_bytes : {1, 2, 31, 32, 33, 64, 100}) {
        for (const Bytes gap : {0, 1, 2, 12, 28, 32, 60, 64, 96}) {
          const TransferWork transfer = runs(address, rows, row_bytes, row_bytes + gap);
          INFO(address << " " << rows << " x " << row_bytes << " + " << gap);
          CHECK(whole_bursts(transfer, kBurst) == counted(transfer));
        }
      }
    }
  }
}

TEST_CASE("whole bursts of a gather are those of the rows that it names") {
  const std::vector<std::int64_t> table{5, 0, 3, 3, 17, 2};
  for (const Bytes pitch : {20, 32, 33, 64}) {
    for (const Bytes row_bytes : {1, 20, 32}) {
      TransferWork transfer = runs(7, 6, row_bytes, pitch);
      transfer.index = table.data();
      CHECK(whole_bursts(transfer, kBurst) == counted(transfer));
    }
  }
}

TEST_CASE("a transfer that takes its least cycles and moves its bytes keeps every law") {
  Bench bench;
  bench.run(runs(0, 1, 4096, 4096), kLeast, 4096, 4096);
  CHECK(bench.broken().empty());
  CHECK(bench.ledger.of(Law::kTransfer).checks == 1);
  CHECK(bench.ledger.of(Law::kTransfer).found == kLeast);
  CHECK(bench.ledger.of(Law::kTransfer).bound == kLeast);
  CHECK(bench.ledger.of(Law::kServed).bound == 4096);
  CHECK(bench.ledger.of(Law::kBursts).bound == 4096);
}

TEST_CASE("a transfer that is a cycle too fast is found") {
  CHECK(broken_by(runs(0, 1, 4096, 4096), kLeast - 1, 4096, 4096) == Laws{Law::kTransfer});
  CHECK(broken_by(runs(0, 1, 4097, 4097), kLeast, 4128, 4128) == Laws{Law::kTransfer});
  CHECK(broken_by(runs(0, 1, 1, 1), 10 + 80 + 0, 32, 32) == Laws{Law::kTransfer});
  CHECK(broken_by(runs(0, 1, 1, 1), 10 + 80 + 1, 32, 32).empty());
}

TEST_CASE("a transfer that is complete a cycle before the memory's latency is over is found") {
  for (const Cycles latency : {79, 80}) {
    Bench bench;
    bench.latency = latency;
    bench.run(runs(0, 1, 4096, 4096), kLeast + 1000, 4096, 4096);
    CHECK(bench.broken() == (latency == 80 ? Laws{} : Laws{Law::kLatency}));
  }
}

TEST_CASE("a transfer that never completes is found") {
  CHECK(broken_by(runs(0, 1, 4096, 4096), -1, 4096, 4096) == Laws{Law::kTransfer});
}

TEST_CASE("a memory that moves less than it was asked for is found") {
  CHECK(broken_by(runs(1, 1, 100, 100), kLeast, 100, 100).empty());
  CHECK(broken_by(runs(1, 1, 100, 100), kLeast, 99, 99) == Laws{Law::kServed});
}

TEST_CASE("a memory that moves more than whole bursts is found") {
  // Bytes 1 to 100 lie in four bursts.
  CHECK(broken_by(runs(1, 1, 100, 100), kLeast, 128, 128).empty());
  CHECK(broken_by(runs(1, 1, 100, 100), kLeast, 129, 129) == Laws{Law::kBursts});
}

TEST_CASE("reads and writes are told apart") {
  Bench bench;
  LawLedger& ledger = bench.ledger;
  MemoryLaws laws(test_chip(), 8, 1, {}, 80, ledger);
  TransferWork store = runs(0, 1, 64, 64);
  store.write = true;
  laws.asked(store);
  bench.actions.on(Action{ActionId::kHbmReadBytes, 0, 64, 0, 0});
  laws.settle(bench.ops, bench.actions);
  CHECK_FALSE(ledger.of(Law::kServed).holds());
  CHECK_FALSE(ledger.of(Law::kBursts).holds());
}

TEST_CASE("bytes that channels and memory count differently are found") {
  CHECK(broken_by(runs(0, 1, 4096, 4096), kLeast, 4096, 4095) == Laws{Law::kChannels});
  CHECK(broken_by(runs(0, 1, 4096, 4096), kLeast, 4096, 4097) == Laws{Law::kChannels});
}

TEST_CASE("bytes of both directions in one interval are told apart") {
  for (const Bytes read : {63, 64, 65}) {
    Bench bench;
    MemoryLaws laws(test_chip(), 8, 1, {}, 80, bench.ledger);
    bench.actions.on(Action{ActionId::kHbmWriteBytes, -1, 96, 0, 1});
    bench.actions.on(Action{ActionId::kHbmReadBytes, -1, 64, 0, 1});
    Interval interval;
    interval.bytes = 96;
    interval.write = true;
    interval.other_bytes = read;
    laws.moved(interval);
    laws.settle(bench.ops, bench.actions);
    CHECK(bench.ledger.of(Law::kChannels).holds() == (read == 64));
  }
}

TEST_CASE("an op that moves less than its compulsory bytes is found") {
  for (const bool write : {false, true}) {
    for (const Bytes more : {0, 1}) {
      Bench bench;
      (write ? bench.ops[0].write_bytes : bench.ops[0].read_bytes) = 4096 + more;
      TransferWork transfer = runs(0, 1, 4096, 4096);
      transfer.write = write;
      bench.run(transfer, kLeast, 4096, 4096);
      CHECK(bench.broken() == (more == 0 ? Laws{} : Laws{write ? Law::kOpWrite : Law::kOpRead}));
    }
  }
}

TEST_CASE("an operand of which a byte is not asked for is found") {
  OperandRead operand;
  operand.op = 0;
  operand.name = "weights";
  operand.address = 1024;
  operand.size = 512;
  operand.copies = 2;
  operand.stride = 4096;
  for (const Bytes needed : {512, 513}) {
    Bench bench;
    operand.bytes = needed;
    bench.operands = {operand};
    bench.run(runs(1024 + 4096, 1, 512, 512), kLeast, 512, 512);
    CHECK(bench.broken() == (needed == 512 ? Laws{} : Laws{Law::kOperandRead}));
    if (needed == 513) {
      CHECK(bench.ledger.of(Law::kOperandRead).breach->operand == "weights");
    }
  }
  // Bytes of others do not count, and neither does what is written.
  operand.bytes = 1;
  for (const std::int64_t address : {1023, 1024 + 512, 1023 + 4096, 1024 + 2 * 4096}) {
    Bench bench;
    bench.operands = {operand};
    bench.run(runs(address, 1, 512, 512), kLeast, 512, 512);
    CHECK(bench.broken() == Laws{Law::kOperandRead});
  }
  Bench bench;
  bench.operands = {operand};
  TransferWork store = runs(1024, 1, 512, 512);
  store.write = true;
  bench.run(store, kLeast, 512, 512);
  CHECK(bench.broken() == Laws{Law::kOperandRead});
}
