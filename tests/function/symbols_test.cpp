// SPDX-License-Identifier: Apache-2.0
#include "sim/function/symbols.hpp"

#include <algorithm>
#include <utility>

#include "bench.hpp"
#include "catch.hpp"
#include "isa/bf16.hpp"
#include "isa/error.hpp"
#include "isa/fill.hpp"
#include "isa/seeded.hpp"
#include "sim/function/elements.hpp"

using namespace systole;
using namespace systole::test;

TEST_CASE("inputs and weights are seeded, element row * cols + col, and other symbols are zero") {
  Bench bench;
  const auto input = bench.tensor("x", SymbolRole::kInput, DataType::kFp32, 3, 5, 32);
  const auto weight = bench.tensor("w", SymbolRole::kWeight, DataType::kFp32, 2, 2);
  const auto output = bench.tensor("y", SymbolRole::kOutput, DataType::kFp32, 2, 2);
  const auto scratch = bench.tensor("s", SymbolRole::kScratch, DataType::kFp32, 2, 2);
  bench.program.symbols[input].scale = 0.25;
  bench.program.symbols[input].offset = 2;
  const MemoryImage hbm = bench.image(7);
  const std::vector<double> x = bench.get(hbm, input);
  for (std::int64_t k = 0; k < 15; ++k) {
    CHECK(x[k] == SeededTensor(7, "x", 0).real(k, 0.25, 2));
  }
  CHECK(bench.get(hbm, weight)[3] == SeededTensor(7, "w", 0).real(3, 1, 0));
  CHECK(bench.get(hbm, output) == std::vector<double>(4, 0));
  CHECK(bench.get(hbm, scratch) == std::vector<double>(4, 0));
}

TEST_CASE("a bf16 symbol holds the seeded numbers rounded to bf16") {
  Bench bench;
  const auto input = bench.tensor("x", SymbolRole::kInput, DataType::kBf16, 4, 4);
  const std::vector<double> x = bench.get(bench.image(), input);
  for (std::int64_t k = 0; k < 16; ++k) {
    CHECK(x[k] == static_cast<float>(Bf16(SeededTensor(1, "x", 0).real(k, 1, 0))));
  }
}

TEST_CASE("an integer symbol holds whole numbers, clamped to its type") {
  Bench bench;
  const auto input = bench.tensor("x", SymbolRole::kInput, DataType::kInt8, 20, 20);
  bench.program.symbols[input].scale = 200;
  const std::vector<double> x = bench.get(bench.image(), input);
  for (std::int64_t k = 0; k < 400; ++k) {
    const auto drawn = static_cast<double>(SeededTensor(1, "x", 0).integer(k, 200, 0));
    CHECK(x[k] == std::clamp(drawn, -128.0, 127.0));
  }
  CHECK(*std::min_element(x.begin(), x.end()) == -128);
  CHECK(*std::max_element(x.begin(), x.end()) == 127);
}

TEST_CASE("each copy of a symbol has its own values, stride bytes apart") {
  Bench bench;
  const auto weight = bench.tensor("w", SymbolRole::kWeight, DataType::kFp32, 2, 2);
  Symbol& symbol = bench.program.symbols[weight];
  symbol.count = 3;
  symbol.stride = 64;
  const MemoryImage hbm = bench.image();
  CHECK(hbm.size() == symbol.address + 2 * 64 + 16);
  for (std::int64_t copy = 0; copy < 3; ++copy) {
    CHECK(read_symbol(symbol, copy, hbm)[1] == SeededTensor(1, "w", copy).real(1, 1, 0));
  }
  CHECK(read_symbol(symbol, 0, hbm) != read_symbol(symbol, 2, hbm));
}

TEST_CASE("a column-major symbol holds the same elements, column by column") {
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    Bench bench;
    const auto rows = bench.tensor("x", SymbolRole::kInput, type, 3, 5, 16);
    Program columns = bench.program;
    Symbol& symbol = columns.symbols[rows];
    symbol.layout = TensorLayout::kColumnMajor;
    symbol.pitch = 8;
    symbol.scale = bench.program.symbols[rows].scale = 100;
    MemoryImage hbm = hbm_image(columns);
    CHECK(hbm.size() == symbol.address + 4 * 8 + 3 * size_of(type));
    seed_inputs(columns, 1, hbm);
    const MemoryImage reference = bench.image();
    const std::vector<double> values = read_symbol(symbol, 0, hbm);
    CHECK(values == bench.get(reference, rows));
    CHECK(digest(symbol, hbm) == digest(bench.program.symbols[rows], reference));
    CHECK(symbol_bytes(symbol, 0, hbm) == symbol_bytes(bench.program.symbols[rows], 0, reference));
    // Element (r, c) is the r-th of column c.
    Region column;
    column.begin = symbol.address + 3 * 8;
    column.rows = 1;
    column.row_bytes = 3 * size_of(type);
    const ConstRows third = std::as_const(hbm).rows(column);
    for (std::int64_t r = 0; r < 3; ++r) {
      CHECK(load_element(type, third.row(0) + r * size_of(type)) ==
            values[static_cast<std::size_t>(r * 5 + 3)]);
    }
  }
}

TEST_CASE("a column-major constant has a frequency per column") {
  Bench bench;
  const auto table = bench.tensor("c", SymbolRole::kConstant, DataType::kFp32, 4, 2);
  Symbol& symbol = bench.program.symbols[table];
  symbol.fill = Fill::kCos;
  symbol.frequencies = {1, 0.25};
  symbol.layout = TensorLayout::kColumnMajor;
  symbol.pitch = 16;
  const MemoryImage hbm = bench.image();
  for (std::int64_t r = 0; r < 4; ++r) {
    for (std::int64_t c = 0; c < 2; ++c) {
      CHECK(read_symbol(symbol, 0, hbm)[static_cast<std::size_t>(r * 2 + c)] ==
            wave(Fill::kCos, 1, static_cast<double>(r), c == 0 ? 1 : 0.25));
    }
  }
}

TEST_CASE("another seed gives other values") {
  Bench bench;
  const auto input = bench.tensor("x", SymbolRole::kInput, DataType::kBf16, 4, 4);
  const Symbol& symbol = bench.program.symbols[input];
  CHECK(digest(symbol, bench.image(1)) == digest(symbol, bench.image(1)));
  CHECK(digest(symbol, bench.image(1)) != digest(symbol, bench.image(2)));
}

TEST_CASE("a digest does not depend on pitch, address or the bytes between rows") {
  Bench dense;
  const auto a = dense.tensor("x", SymbolRole::kInput, DataType::kBf16, 5, 3);
  Bench padded;
  padded.tensor("other", SymbolRole::kInput, DataType::kInt8, 9, 9);
  const auto b = padded.tensor("x", SymbolRole::kInput, DataType::kBf16, 5, 3, 48);
  MemoryImage image = padded.image();
  Region gap;
  gap.begin = padded.program.symbols[b].address + 6;  // behind the first row
  gap.rows = 1;
  gap.row_bytes = 1;
  *image.rows(gap).base = std::byte{0xAB};
  CHECK(digest(padded.program.symbols[b], image) ==
        digest(dense.program.symbols[a], dense.image()));
}

TEST_CASE("a digest changes with any one element and with two that change places") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kOutput, DataType::kFp32, 2, 2);
  const Symbol& symbol = bench.program.symbols[x];
  MemoryImage hbm = bench.image();
  bench.put(hbm, x, {1, 2, 3, 4});
  const std::string before = digest(symbol, hbm);
  CHECK(before.size() == 16);
  bench.put(hbm, x, {1, 2, 3, 5});
  CHECK(digest(symbol, hbm) != before);
  bench.put(hbm, x, {2, 1, 3, 4});
  CHECK(digest(symbol, hbm) != before);
  bench.put(hbm, x, {1, 2, 3, 4});
  CHECK(digest(symbol, hbm) == before);
}

TEST_CASE("the digest of one row is the FNV-1a of its bytes") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kOutput, DataType::kInt8, 1, 6);
  MemoryImage hbm = bench.image();
  bench.put(hbm, x, {'f', 'o', 'o', 'b', 'a', 'r'});
  CHECK(digest(bench.program.symbols[x], hbm) == "85944171f73967e8");
}

TEST_CASE("a constant holds scale times the cosine or sine of position times frequency") {
  Bench bench;
  const auto cosines = bench.tensor("c", SymbolRole::kConstant, DataType::kFp32, 2, 3, 32);
  const auto sines = bench.tensor("s", SymbolRole::kConstant, DataType::kFp32, 1, 2);
  Symbol& c = bench.program.symbols[cosines];
  c.fill = Fill::kCos;
  c.frequencies = {0, 1, 0.5};
  Symbol& s = bench.program.symbols[sines];
  s.fill = Fill::kSin;
  s.frequencies = {1, 0.1};
  s.offset = 1'000'001;
  s.scale = 2;
  s.count = 2;
  s.stride = 64;
  const MemoryImage hbm = bench.image();
  const std::vector<double> values = bench.get(hbm, cosines);
  CHECK(values[0] == 1);
  CHECK(values[1] == 1);
  CHECK(values[2] == 1);
  CHECK(values[3] == 1);
  CHECK(values[4] == 0.540302306F);  // cos 1
  CHECK(values[5] == 0.877582562F);  // cos 0.5
  for (std::int64_t copy = 0; copy < 2; ++copy) {
    const std::vector<double> wave = read_symbol(s, copy, hbm);
    CHECK(wave[0] == 1.1982948780283844F);  // 2 sin 1000001
    CHECK(wave[1] ==
          -0.1283988019789187F);  // 2 sin 100000.1: an angle in fp32 would be off by 1/256
  }
}

TEST_CASE("a state is seeded as an input is") {
  Bench bench;
  const auto cache = bench.tensor("k", SymbolRole::kState, DataType::kFp32, 2, 2);
  CHECK(bench.get(bench.image(7), cache)[3] == SeededTensor(7, "k", 0).real(3, 1, 0));
}

TEST_CASE("a symbol without elements seeds, reads and digests as nothing") {
  Bench bench;
  const auto x = bench.tensor("x", SymbolRole::kInput, DataType::kBf16, 0, 4);
  const MemoryImage hbm = bench.image();
  CHECK(bench.get(hbm, x).empty());
  CHECK(digest(bench.program.symbols[x], hbm) == "cbf29ce484222325");
}
