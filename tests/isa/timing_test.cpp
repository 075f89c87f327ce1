// SPDX-License-Identifier: Apache-2.0
#include "isa/timing.hpp"

#include "catch.hpp"

using namespace systole;

namespace {

ChipSpec chip() {
  ChipSpec c;
  c.clock = 1'000'000'000;
  c.vpu.lanes = 128;
  c.vpu.sublanes = 8;
  c.vpu.alus = 2;
  c.vpu.transcendental_interval = 4;
  c.vpu.load_ports = 2;
  c.vpu.store_ports = 1;
  c.vmem.port_width = 64;
  c.dma.outstanding = 4;
  c.hbm.latency = 70;
  c.hbm.trcd = 14;
  c.hbm.tcl = 16;
  return c;
}

}  // namespace

TEST_CASE("rows enter every cycle until they are wider than the port") {
  CHECK(feed_interval(1, 64) == 1);
  CHECK(feed_interval(64, 64) == 1);
  CHECK(feed_interval(65, 64) == 2);
  CHECK(feed_interval(128, 64) == 2);
}

TEST_CASE("a matmul's cycles are those of an array simulated cell by cell") {
  // Row m enters column 0 of the array's first PE row at cycle m; PE (r, c) works on it at cycle
  // m + r + c, and the last PE row's sums are written in that cycle.
  for (const std::int64_t m : {1, 2, 9}) {
    for (const std::int64_t rows : {1, 4, 7}) {
      for (const std::int64_t cols : {1, 3, 8}) {
        Cycles end = 0;
        for (std::int64_t row = 0; row < m; ++row) {
          for (std::int64_t c = 0; c < cols; ++c) end = std::max(end, row + (rows - 1) + c + 1);
        }
        CHECK(matmul_cycles(m, 1, rows, cols) == end);
      }
    }
  }
}

TEST_CASE("a weight load takes its lines over the lines per cycle") {
  CHECK(weight_load_cycles(128, 1) == 128);
  CHECK(weight_load_cycles(128, 4) == 32);
  CHECK(weight_load_cycles(129, 4) == 33);
}

TEST_CASE("a tile occupies whole blocks") {
  CHECK(vector_blocks(8, 128, 8, 128) == 1);
  CHECK(vector_blocks(9, 128, 8, 128) == 2);
  CHECK(vector_blocks(8, 129, 8, 128) == 2);
  CHECK(vector_blocks(9, 129, 8, 128) == 4);
}

TEST_CASE("a vector instruction takes the slowest of its four resources") {
  const VpuParams vpu = chip().vpu;
  CHECK(vector_cycles(vpu, VectorOp::kAdd, 100, 2, false) == 100);       // store
  CHECK(vector_cycles(vpu, VectorOp::kMulAdd, 100, 3, false) == 150);    // load
  CHECK(vector_cycles(vpu, VectorOp::kQuantize, 100, 1, false) == 200);  // ALUs
  CHECK(vector_cycles(vpu, VectorOp::kExp, 100, 1, false) == 400);       // transcendental
  CHECK(vector_cycles(vpu, VectorOp::kSigmoid, 100, 1, false) == 800);
  CHECK(vector_cycles(vpu, VectorOp::kCopy, 100, 1, true) == 150);  // 1 + 2 for the mask
  CHECK(vector_cycles(vpu, VectorOp::kFill, 1, 0, false) == 1);
}

TEST_CASE("every operation of the VPU takes time") {
  const VpuParams vpu = chip().vpu;
  for (const VectorOpRow& row : kVectorOps) {
    CHECK(row.alu + row.transcendental > 0);
    CHECK(vector_cycles(vpu, row.value, 1000, row.arity, false) >= 1000);
  }
}

TEST_CASE("the XLU takes its interval per block") {
  CHECK(xlu_cycles(1, 1) == 1);
  CHECK(xlu_cycles(10, 3) == 30);
}

TEST_CASE("nanoseconds are rounded up to whole cycles") {
  CHECK(cycles_of_ns(14, 1'000'000'000) == 14);
  CHECK(cycles_of_ns(14.1, 1'000'000'000) == 15);
  CHECK(cycles_of_ns(0, 1'000'000'000) == 0);
  CHECK(cycles_of_ns(10, 1'500'000'000) == 15);
  CHECK(cycles_of_ns(7.5, 940'000'000) == 8);  // 7.05
  for (std::int64_t ns = 1; ns < 1000; ++ns) {
    CHECK(cycles_of_ns(static_cast<double>(ns), 700'000'000) == ceil_div(ns * 7, 10));
  }
}

TEST_CASE("the memory's latency is path, row and column") {
  CHECK(memory_latency_cycles(chip()) == 100);
}

TEST_CASE("rows that join share their requests") {
  CHECK(dma_requests(1, 1, 1, 64) == 1);
  CHECK(dma_requests(1, 64, 9999, 64) == 1);
  CHECK(dma_requests(1, 65, 9999, 64) == 2);
  CHECK(dma_requests(8, 32, 32, 64) == 4);
  CHECK(dma_requests(8, 32, 33, 64) == 8);
}

TEST_CASE("an engine's data take its port's cycles, or those of the requests in flight") {
  CHECK(dma_data_cycles(chip(), 64, 0) == 1);
  CHECK(dma_data_cycles(chip(), 65, 0) == 2);
  CHECK(dma_data_cycles(chip(), 6400, 4) == 100);  // 4 requests in flight for 100 cycles each
  CHECK(dma_data_cycles(chip(), 6401, 4) == 101);
  CHECK(dma_data_cycles(chip(), 6400, 5) == 125);
}
