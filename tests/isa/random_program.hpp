// SPDX-License-Identifier: Apache-2.0
// Seeded programs with every kind of member in every form. They make no sense as programs; text
// and binary form must carry them all the same.
#pragma once

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "isa/program.hpp"

namespace systole::test {

class RandomProgram {
 public:
  explicit RandomProgram(std::uint32_t seed) : random_(seed) {}

  Program draw() {
    Program p;
    p.workload = name();
    p.tokens = number();
    if (odds(2)) {
      p.chip = odds(4) ? "any" : name();
      p.chip_hash = random_();
    }
    for (int n = 0; n < 3; ++n) {
      Table& table = p.tables.emplace_back(Table{name() + std::to_string(n), {}});
      for (std::uint32_t v = below(40); v > 0; --v) table.values.push_back(number());
      p.semaphores.push_back({name() + std::to_string(n), number(), odds(2) ? 0 : number()});
      p.symbols.push_back({name() + std::to_string(n), row(kSymbolRoles), row(kDataTypes), number(),
                           number(), number(), number(), number(), number(), real(), real(),
                           row(kFills), reals(), row(kTensorLayouts)});
      p.ops.push_back({name() + std::to_string(n), name(), row(kDataTypes), number(), number(),
                       number(), number()});
    }
    for (std::uint32_t s = below(3); s > 0; --s) {
      Stream& stream = p.streams.emplace_back();
      for (std::uint32_t i = below(30); i > 0; --i) fill(stream.emplace_back());
    }
    return p;
  }

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_()) % limit; }
  bool odds(std::uint32_t one_in) { return below(one_in) == 0; }
  template <class Rows>
  auto row(const Rows& rows) -> decltype(rows[0].value) {
    return rows[below(static_cast<std::uint32_t>(rows.size()))].value;
  }

  std::int64_t number() {
    using Limits = std::numeric_limits<std::int64_t>;
    if (odds(16)) return odds(2) ? Limits::min() : Limits::max();
    const auto value = static_cast<std::int64_t>(random_() >> below(64));
    return odds(3) ? -(value & Limits::max()) : value & Limits::max();
  }
  double real() {
    if (odds(4)) return odds(2) ? -0.0 : std::numeric_limits<double>::infinity();
    return std::ldexp(static_cast<double>(number()), static_cast<int>(below(200)) - 100) / 3;
  }
  std::vector<double> reals() {
    std::vector<double> numbers(odds(2) ? 0 : below(6));
    for (double& number : numbers) number = real();
    return numbers;
  }
  std::string name() {
    static const std::string bytes = "abZ9._-/:% \"\\#\n\t\x80\xff)*,";
    std::string result;
    for (std::uint32_t n = below(8); n > 0; --n) {
      result += bytes[below(static_cast<std::uint32_t>(odds(2) ? 10 : bytes.size()))];
    }
    return result;
  }

  void fill(Affine& affine) {
    if (odds(2)) affine.base = number();
    for (std::int64_t& stride : affine.stride) {
      if (odds(4)) stride = odds(3) ? 1 : number();
    }
  }
  void fill(Value& value) {
    if (odds(2)) value.base = number();
    fill(value.offset);
    if (odds(3)) value.ring = number();
    if (odds(3)) value.tile = number();
    if (odds(4)) value.table = static_cast<std::int32_t>(below(3));
    if (value.table != -1 && odds(2)) fill(value.more);
  }
  void fill(Guard& guard) {
    guard.tests.resize(below(4));
    for (Affine& test : guard.tests) fill(test);
  }
  void fill(Tile& tile) {
    tile.space = kSpaces[1 + below(5)].value;
    tile.unit = static_cast<std::int16_t>(odds(2) ? 0 : below(32768));
    fill(tile.address);
    if (odds(2)) tile.pitch = number();
    tile.type = row(kDataTypes);
    if (odds(4)) tile.broadcast = row(kBroadcasts);
  }
  void fill(OptionalTile& tile) {
    if (odds(2)) fill(static_cast<Tile&>(tile));
  }
  void fill(Mask& mask) {
    if (odds(2)) return;
    mask.kind = row(kMaskKinds);
    fill(mask.row0);
    fill(mask.col0);
    if (odds(2)) mask.window = number();
  }
  void fill(RowIndex& index) {
    index.table = static_cast<std::int32_t>(below(3));
    fill(index.first);
  }
  void fill(VectorOp& op) { op = row(kVectorOps); }
  void fill(ReduceOp& op) { op = row(kReduceOps); }
  void fill(double& imm) {
    if (odds(2)) imm = real();
  }
  void fill(std::vector<Token>& tokens) {
    tokens.resize(below(5));
    for (Token& token : tokens) {
      token.semaphore = static_cast<std::int32_t>(below(3));
      token.count = odds(2) ? 1 : static_cast<std::int32_t>(number());
    }
  }

  void fill(Instruction& instruction) {
    instruction.unit.kind = row(kUnitKinds);
    if (instruction.unit.kind != UnitKind::kSequencer) {
      instruction.unit.number = static_cast<std::int16_t>(below(32768));
    }
    const std::uint32_t wanted = below(std::variant_size_v<Body>);
    std::uint32_t at = 0;
    for_each_body([&]<class B>() {
      if (at++ != wanted) return;
      B body;
      for_each_field<B>([&](const auto& field) { fill(body.*field.member); });
      instruction.body = body;
    });
    fill(instruction.guard);
    fill(instruction.waits);
    fill(instruction.signals);
    instruction.op = static_cast<std::int32_t>(below(4)) - 1;
  }

  std::mt19937_64 random_;
};

}  // namespace systole::test
