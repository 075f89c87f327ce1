// SPDX-License-Identifier: Apache-2.0
// Programs of several cores: drawn ones of one core put beside each other, with tokens that pass
// from each core to the next, and copies through CMEM where the chip has it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "invariance/drawn.hpp"

namespace systole {

class CoresDraw {
 public:
  CoresDraw(const ChipSpec& chip, std::uint64_t seed) : chip_(chip), seed_(seed), draw_(seed) {}

  Program program() {
    Program all;
    for (std::int64_t core = 0; core < chip_.core.count; ++core) {
      core_ = core;
      add(all, LegalDraw(chip_, seed_ * 64 + static_cast<std::uint64_t>(core)).program());
      if (chip_.cmem.size > 0) add_copies(all);
      if (core > 0) add_baton(all);
    }
    return all;
  }

 private:
  static constexpr Bytes kRoom = 32 * kMiB;  // of HBM for each core, where they share it
  static constexpr Bytes kStage = 4096;      // of CMEM for each core

  Bytes shift() const { return chip_.hbm.per_core ? hbm_base(chip_, core_) : core_ * kRoom; }
  std::string name(const std::string& of) const {
    return "core" + std::to_string(core_) + "." + of;
  }

  template <class B>
  void move(B& body, std::int32_t tables) const {
    for_each_field<B>([&](const auto& row) {
      auto& member = body.*row.member;
      using Member = std::decay_t<decltype(member)>;
      if constexpr (std::is_base_of_v<Tile, Member>) {
        if (member.space == Space::kHbm) member.address.base += shift();
      }
      if constexpr (std::is_same_v<Member, RowIndex>) member.table += tables;
    });
  }

  // The program of one core behind those of the others.
  void add(Program& all, Program one) const {
    const auto tables = static_cast<std::int32_t>(all.tables.size());
    const auto semaphores = static_cast<std::int32_t>(all.semaphores.size());
    const auto ops = static_cast<std::int32_t>(all.ops.size());
    for (Table& table : one.tables) all.tables.push_back({name(table.name), table.values});
    for (const Semaphore& s : one.semaphores) {
      all.semaphores.push_back({name(s.name), s.initial, core_});
    }
    for (Symbol& symbol : one.symbols) {
      symbol.name = name(symbol.name);
      symbol.address += shift();
      all.symbols.push_back(symbol);
    }
    for (SourceOp& op : one.ops) {
      op.name = name(op.name);
      all.ops.push_back(op);
    }
    for (Instruction& instruction : one.streams[0]) {
      std::visit([&](auto& body) { move(body, tables); }, instruction.body);
      for (Token& token : instruction.waits) token.semaphore += semaphores;
      for (Token& token : instruction.signals) token.semaphore += semaphores;
      if (instruction.op >= 0) instruction.op += ops;
    }
    all.workload = one.workload;
    all.streams.push_back(std::move(one.streams[0]));
  }

  std::int32_t semaphore(Program& all, const std::string& of) const {
    all.semaphores.push_back({name(of), 0, core_});
    return static_cast<std::int32_t>(all.semaphores.size()) - 1;
  }
  // Between two instructions outside of all loops, or at the start.
  std::size_t place(const Stream& stream) {
    std::vector<std::size_t> outside;
    int depth = 0;
    for (std::size_t at = 0; at < stream.size(); ++at) {
      if (depth == 0) outside.push_back(at);
      if (std::holds_alternative<Loop>(stream[at].body)) ++depth;
      if (std::holds_alternative<End>(stream[at].body)) --depth;
    }
    return outside[static_cast<std::size_t>(draw_.within(0, std::ssize(outside) - 1))];
  }
  void insert(Stream& stream, std::size_t at, Instruction instruction) {
    stream.insert(stream.begin() + static_cast<std::ptrdiff_t>(at), std::move(instruction));
  }

  // The core before this one gives a token, which this one waits for.
  void add_baton(Program& all) {
    const Token baton{semaphore(all, "baton"), 1};
    Stream& giver = all.streams[static_cast<std::size_t>(core_ - 1)];
    Stream& taker = all.streams.back();
    insert(giver, place(giver), {kVpu, Sync{}, {}, {}, {baton}, -1});
    insert(taker, place(taker), {kMxu0, Sync{}, {}, {baton}, {}, -1});
  }

  // HBM -> CMEM -> VMEM -> CMEM, at the end.
  void add_copies(Program& all) {
    const Token here{semaphore(all, "here"), 1}, there{semaphore(all, "there"), 1};
    const Bytes bytes = draw_.within(1, kStage / 2);
    const Bytes stage = cmem_of(chip_, core_) == core_ && chip_.cmem.per_core ? 0 : core_ * kStage;
    const auto row = [&](Space space, Bytes address) {
      return tile(space, address, bytes, DataType::kInt8);
    };
    const Bytes vmem = chip_.vmem.size - kStage;
    Stream& stream = all.streams.back();
    const auto add = [&](UnitId unit, Body body, std::vector<Token> waits,
                         std::vector<Token> signals) {
      insert(stream, stream.size() - 1, {unit, std::move(body), {}, waits, signals, -1});
    };
    add(kDma0, Load{row(Space::kCmem, stage), row(Space::kHbm, shift()), 1, bytes}, {}, {here});
    add(kDma1, Load{row(Space::kVmem, vmem), row(Space::kCmem, stage), 1, bytes}, {here}, {there});
    add(kDma0, Store{row(Space::kCmem, stage + kStage / 2), row(Space::kVmem, vmem), 1, bytes},
        {there}, {});
  }

  const ChipSpec& chip_;
  const std::uint64_t seed_;
  Draw draw_;
  std::int64_t core_ = 0;
};

}  // namespace systole
