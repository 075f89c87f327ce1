// SPDX-License-Identifier: Apache-2.0
// Copies and transpositions on the functional core.
#include "bench.hpp"
#include "catch.hpp"
#include "isa/error.hpp"

using namespace systole;
using namespace systole::test;

namespace {
using Values = std::vector<double>;
}

TEST_CASE("a load takes a window of a strided tensor, a store puts it into another") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kBf16, 6, 8, 40);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kBf16, 6, 8, 24);
  const Tile window = vmem(100, 30, DataType::kBf16);  // 3 x 5 at an odd pitch
  const Symbol& from = bench.program.symbols[x];
  const Symbol& to = bench.program.symbols[y];
  bench.add(kDma0, Load{window, hbm(from.address + 2 * 40 + 1 * 2, 40, from.type), 3, 5});
  bench.add(kDma0, Store{hbm(to.address + 1 * 24 + 3 * 2, 24, to.type), window, 3, 5});
  const MemoryImage image = bench.run();
  const Values in = bench.get(image, x);
  const Values out = bench.get(image, y);
  for (std::size_t r = 0; r < 6; ++r) {
    for (std::size_t c = 0; c < 8; ++c) {
      const bool inside = r >= 1 && r < 4 && c >= 3;
      CHECK(out[r * 8 + c] == (inside ? in[(r + 1) * 8 + c - 2] : 0));
    }
  }
}

TEST_CASE("row r of a gather is row table[first + r] of its source") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kFp32, 5, 3, 16);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kFp32, 4, 3);
  bench.program.tables.push_back({"rows", {9, 9, 4, 0, 4, 2}});
  bench.add(kDma0, Gather{vmem(0, 12, DataType::kFp32), bench.all_of(x), {0, 2}, 4, 3});
  bench.store(y, 0);
  const MemoryImage image = bench.run();
  const Values in = bench.get(image, x);
  const Values out = bench.get(image, y);
  const std::vector<std::size_t> rows{4, 0, 4, 2};
  for (std::size_t k = 0; k < 12; ++k) CHECK(out[k] == in[rows[k / 3] * 3 + k % 3]);
}

TEST_CASE("row r of a scatter goes to row table[first + r], the last of two that meet stays") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kFp32, 3, 2);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kFp32, 4, 2, 32);
  bench.program.tables.push_back({"rows", {3, 1, 3}});
  const Tile source = bench.load(x, 0);
  bench.add(kDma0, Scatter{bench.all_of(y), source, {0, 0}, 3, 2});
  const MemoryImage image = bench.run();
  const Values in = bench.get(image, x);
  CHECK(bench.get(image, y) == Values{0, 0, in[2], in[3], 0, 0, in[4], in[5]});
}

TEST_CASE("a gather of a row outside the image is refused") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kFp32, 5, 4);
  bench.program.tables.push_back({"rows", {4, 5}});
  bench.add(kDma0, Gather{vmem(0, 16, DataType::kFp32), bench.all_of(x), {0, 0}, 1, 4});
  CHECK_NOTHROW(bench.run());
  bench.program.streams[0].clear();
  bench.add(kDma0, Gather{vmem(0, 16, DataType::kFp32), bench.all_of(x), {0, 0}, 2, 4});
  CHECK_THROWS_AS(bench.run(), Error);
}

TEST_CASE("a transposition swaps rows and columns of every type's elements") {
  for (const DataTypeRow& type : kDataTypes) {
    Bench bench;
    const auto x = bench.tensor("x", SymbolRole::kInput, type.value, 3, 5);
    const auto y = bench.tensor("y", SymbolRole::kOutput, type.value, 5, 3);
    bench.program.symbols[x].scale = 100;
    const Tile source = bench.load(x, 0);
    bench.add(kXlu0, Transpose{vmem(1024, 3 * type.bytes, type.value), source, 3, 5});
    bench.store(y, 1024);
    const MemoryImage image = bench.run();
    const Values in = bench.get(image, x);
    const Values out = bench.get(image, y);
    for (std::size_t k = 0; k < 15; ++k) CHECK(out[k] == in[k % 3 * 5 + k / 3]);
  }
}

TEST_CASE("a square tile may be transposed in place") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kBf16, 4, 4);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kBf16, 4, 4);
  const Tile place = bench.load(x, 0);
  bench.add(kXlu0, Transpose{place, place, 4, 4});
  bench.store(y, 0);
  const MemoryImage image = bench.run();
  const Values in = bench.get(image, x);
  const Values out = bench.get(image, y);
  for (std::size_t k = 0; k < 16; ++k) CHECK(out[k] == in[k % 4 * 4 + k / 4]);
}

TEST_CASE("an access outside VMEM is refused and named") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kBf16, 1, 4);
  bench.load(x, 64 * kKiB - 8);
  CHECK_NOTHROW(bench.run());
  bench.program.streams[0].clear();
  bench.load(x, 64 * kKiB - 6);
  try {
    bench.run();
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    CHECK(std::string(error.what()).find("instruction 0 (load on dma0)") != std::string::npos);
    CHECK(std::string(error.what()).find("vmem") != std::string::npos);
  }
}

TEST_CASE("a tensor passes through CMEM to VMEM and back, bit by bit") {
  Bench bench;
  bench.chip.cmem = {.size = 4096, .banks = 1, .ports = 1, .port_width = 32, .latency = 1};
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kBf16, 6, 8, 40);
  const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kBf16, 6, 8, 24);
  const Tile first = tile(Space::kCmem, 64, 50, DataType::kBf16);
  const Tile second = tile(Space::kCmem, 2048, 16, DataType::kBf16);
  const Tile local = vmem(100, 30, DataType::kBf16);
  bench.add(kDma0, Load{first, bench.all_of(x), 6, 8});
  bench.add(kDma0, Load{local, first, 6, 8});
  bench.add(kDma0, Store{second, local, 6, 8});
  bench.add(kDma0, Store{bench.all_of(y), second, 6, 8});
  const MemoryImage image = bench.run();
  CHECK(bench.get(image, y) == bench.get(image, x));
}

TEST_CASE("cores pass a tensor through a CMEM that they share, and not where each has its own") {
  for (const bool per_core : {false, true}) {
    Bench bench;
    bench.chip.cmem = {
        .size = 4096, .per_core = per_core, .banks = 1, .ports = 1, .port_width = 32, .latency = 1};
    const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kFp32, 2, 4);
    const auto y = bench.tensor("y", SymbolRole::kOutput, DataType::kFp32, 2, 4);
    const Tile shared = tile(Space::kCmem, 0, 16, DataType::kFp32);
    bench.program.semaphores = {{"ready", 0, 1}};
    bench.add(kDma0, Load{shared, bench.all_of(x), 2, 4}).signals = {{0, 1}};
    Stream& second = bench.program.streams.emplace_back();
    second.push_back({kDma0, Store{bench.all_of(y), shared, 2, 4}, {}, {{0, 1}}, {}, -1});
    second.push_back({kSequencer, Halt{}, {}, {}, {}, -1});
    const MemoryImage image = bench.run();
    CHECK((bench.get(image, y) == bench.get(image, x)) == !per_core);
    CHECK((bench.get(image, y) == Values(8, 0)) == per_core);
  }
}
