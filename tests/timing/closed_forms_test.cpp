// SPDX-License-Identifier: Apache-2.0
// Lone units against the closed forms of docs/timing.md, written here a second time and around each
// max() and ceil() of theirs: a run that is limited to N - 1 cycles stops, one limited to N ends.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "timing/limited.hpp"

using namespace systole;

namespace {

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

Guard never() {
  Guard guard;
  guard.tests.push_back(Affine{-1});
  return guard;
}

Program alone(UnitId unit, const Body& body) { return ProgramBuilder{}.add(unit, body).halt(); }

}  // namespace

TEST_CASE("VPU: an instruction takes the slowest of ALUs, EUP, loads and store, then the latency") {
  int by[4] = {0, 0, 0, 0};  // how often each of them is the slowest
  for (const VectorOp op : {VectorOp::kCopy, VectorOp::kAdd, VectorOp::kMulAdd, VectorOp::kExp,
                            VectorOp::kSigmoid, VectorOp::kGelu}) {
    for (const std::int64_t rows : {1, 4, 5}) {
      for (const std::int64_t cols : {8, 9, 41}) {
        for (const std::int64_t resources : {1, 2, 3}) {
          ChipSpec chip = test_chip();
          chip.vpu.alus = resources;
          chip.vpu.load_ports = resources;
          chip.vpu.store_ports = 4 - resources;
          const VectorOpRow& row = row_of(op);
          const std::int64_t blocks = up(rows, 4) * up(cols, 8);
          const std::array<Cycles, 4> times{
              up(blocks * row.alu, resources), blocks * row.transcendental * 3,
              up(blocks * row.arity, resources), up(blocks, 4 - resources)};
          const auto slowest = std::max_element(times.begin(), times.end());
          ++by[slowest - times.begin()];
          INFO(row.name << " " << rows << " x " << cols << ", " << resources);
          CHECK(takes_exactly(chip, alone(kVpu, vector(op, rows, cols)), 1 + *slowest + 5));
        }
      }
    }
  }
  for (const int times : by) CHECK(times > 0);
}

TEST_CASE("VPU: a chain of dependent instructions takes their sum, latencies included") {
  for (const std::int64_t n : {1, 2, 7}) {
    ProgramBuilder builder;
    builder.loop(n).add(kVpu, vector(VectorOp::kExp, 4, 8, 0, 0)).end();
    CHECK(takes_exactly(test_chip(), builder.halt(), 2 + n * (3 + 5)));
  }
}

TEST_CASE("XLU: an instruction takes its interval per block, then the latency") {
  for (const std::int64_t rows : {1, 4, 5, 12}) {
    for (const std::int64_t cols : {1, 8, 9, 33}) {
      const std::int64_t blocks = up(rows, 4) * up(cols, 8);
      Reduce reduce;
      reduce.a = tile(Space::kVmem, 0, cols * 4, DataType::kFp32);
      reduce.dst = tile(Space::kVmem, 65536, 4, DataType::kFp32);
      reduce.rows = rows;
      reduce.cols = cols;
      Transpose transpose;
      transpose.src = reduce.a;
      transpose.dst = tile(Space::kVmem, 65536, rows * 4, DataType::kFp32);
      transpose.rows = rows;
      transpose.cols = cols;
      INFO(rows << " x " << cols);
      CHECK(takes_exactly(test_chip(), alone(kXlu, reduce), 1 + 2 * blocks + 7));
      CHECK(takes_exactly(test_chip(), alone(kXlu, transpose), 1 + 3 * blocks + 7));
    }
  }
}

TEST_CASE(
    "DMA: a transfer takes setup, the slowest of port, requests and memory, and the latency") {
  int by[3] = {0, 0, 0};
  for (const Bytes bytes : {1, 32, 33, 4095, 4096, 4097, 10000}) {
    for (const Bytes port : {16, 64, 65, 1024}) {
      for (const std::int64_t outstanding : {1, 19, 20, 64}) {
        ChipSpec chip = test_chip();
        chip.vmem.port_width = port;
        chip.dma.outstanding = outstanding;
        // The fullest of the four channels has every fourth block of 256 bytes; a burst of 32 bytes
        // takes 2 ns, an activation (one per 1 KiB of a channel) 6 ns.
        const Bytes groups = bytes / 1024;
        const Bytes fullest = groups * 256 + std::min<Bytes>(256, bytes % 1024);
        const Cycles memory = std::max(up(fullest, 32) * 2, up(fullest, 1024) * 6);
        const std::array<Cycles, 3> times{up(bytes, port), up(up(bytes, 256) * 80, outstanding),
                                          memory};
        const auto slowest = std::max_element(times.begin(), times.end());
        ++by[slowest - times.begin()];
        INFO(bytes << " bytes, port " << port << ", outstanding " << outstanding);
        const Cycles cycles = 1 + 10 + *slowest + 80;
        CHECK(takes_exactly(chip, alone(kDma0, load(0, bytes)), cycles));
        CHECK(takes_exactly(chip, alone(kDma0, store(0, bytes)), cycles));
      }
    }
  }
  for (const int times : by) CHECK(times > 0);
}

TEST_CASE("DMA: n transfers of one engine take n setups and data phases, and one latency") {
  for (const std::int64_t n : {1, 2, 9}) {
    const Program program = ProgramBuilder{}.loop(n).add(kDma0, load(0, 4096)).end().halt();
    CHECK(takes_exactly(test_chip(), program, 2 + n * (10 + 64) + 80));
  }
}

TEST_CASE("sequencer: a loop is fetched once, and per iteration its body and its end") {
  for (const Cycles interval : {1, 2, 10}) {
    ChipSpec chip = test_chip();
    chip.core.issue_interval = interval;
    for (const std::int64_t outer : {0, 1, 2, 5}) {
      for (const std::int64_t inner : {0, 1, 3}) {
        ProgramBuilder builder;
        builder.add(kVpu, Sync{}, {}, {}, never());
        builder.loop(outer).add(kVpu, Sync{}, {}, {}, never());
        builder.loop(inner).add(kXlu, Sync{}).add(kVpu, Sync{}, {}, {}, never()).end().end();
        const std::int64_t inner_loop = 1 + inner * (2 + 1);
        const std::int64_t outer_loop = 1 + outer * (1 + inner_loop + 1);
        INFO(outer << " of " << inner << ", interval " << interval);
        CHECK(takes_exactly(chip, builder.halt(), (1 + outer_loop + 1) * interval));
      }
    }
  }
}

TEST_CASE("sequencer: instructions of n cycles in a queue of depth d hold it until they start") {
  // One instruction per issue slot until d wait behind the first; then one per start. The halt
  // comes a slot after the last of them has found a place, and the work is done later than that.
  for (const std::int64_t depth : {1, 2, 3}) {
    for (const std::int64_t count : {1, 2, 3, 4, 8}) {
      for (const Cycles interval : {1, 3}) {
        ChipSpec chip = test_chip();
        chip.core.queue_depth = depth;
        chip.core.issue_interval = interval;
        // Matmuls of 50 rows, and on another MXU one whose end tells when the sequencer came to it.
        ProgramBuilder held;
        for (std::int64_t n = 0; n < count; ++n) held.add(kMxu0, matmul(50, 8, 6));
        held.add(kMxu1, matmul(1000, 8, 6));
        Cycles at = 0;  // arrival of the last one
        std::vector<Cycles> starts;
        for (std::int64_t n = 0; n < count; ++n) {
          at += interval;
          if (n > depth - 1) at = std::max(at, starts[static_cast<std::size_t>(n - depth)]);
          starts.push_back(n == 0 ? at : std::max(at, starts.back() + 50));
        }
        INFO(count << " in a queue of " << depth << ", interval " << interval);
        CHECK(takes_exactly(chip, held.halt(), at + interval + 1000 + 8 + 6 - 2));
      }
    }
  }
}
