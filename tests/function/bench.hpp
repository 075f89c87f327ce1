// SPDX-License-Identifier: Apache-2.0
// A small chip and a program under construction, for tests of the functional model.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/function/elements.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/function/symbols.hpp"

namespace systole::test {

// Two 8 x 8 MXUs of one MAC per PE, 64 KiB of VMEM, FIFOs of two tiles.
inline ChipSpec small_chip() {
  ChipSpec chip;
  chip.mxu.count = 2;
  chip.mxu.rows = 8;
  chip.mxu.cols = 8;
  chip.mxu.macs_bf16 = 1;
  chip.mxu.macs_int8 = 1;
  chip.mxu.macs_fp8 = 1;
  chip.mxu.acc_depth = 32;
  chip.mxu.weight_fifo = 2;
  chip.vmem.size = 64 * kKiB;
  return chip;
}

inline Tile tile(Space space, Value address, std::int64_t pitch, DataType type,
                 Broadcast broadcast = Broadcast::kNone, std::int16_t unit = 0) {
  Tile result;
  result.space = space;
  result.unit = unit;
  result.address = address;
  result.pitch = pitch;
  result.type = type;
  result.broadcast = broadcast;
  return result;
}
inline Tile hbm(Value address, std::int64_t pitch, DataType type) {
  return tile(Space::kHbm, address, pitch, type);
}
inline Tile vmem(Value address, std::int64_t pitch, DataType type,
                 Broadcast broadcast = Broadcast::kNone) {
  return tile(Space::kVmem, address, pitch, type, broadcast);
}
// Rows of 8 accumulators are 32 bytes apart.
inline Tile acc(Value address, DataType type = DataType::kFp32, std::int16_t unit = 0) {
  return tile(Space::kAcc, address, 32, type, Broadcast::kNone, unit);
}

inline constexpr UnitId kDma0{UnitKind::kDma, 0};
inline constexpr UnitId kMxu0{UnitKind::kMxu, 0};
inline constexpr UnitId kMxu1{UnitKind::kMxu, 1};
inline constexpr UnitId kVpu0{UnitKind::kVpu, 0};
inline constexpr UnitId kXlu0{UnitKind::kXlu, 0};
inline constexpr UnitId kSequencer{UnitKind::kSequencer, 0};

class Bench {
 public:
  Bench() { program.streams.resize(1); }

  // A tensor behind the others; `pitch` 0: dense rows. Returns its number.
  std::size_t tensor(const std::string& name, SymbolRole role, DataType type, std::int64_t rows,
                     std::int64_t cols, std::int64_t pitch = 0) {
    Symbol symbol;
    symbol.name = name;
    symbol.role = role;
    symbol.type = type;
    symbol.address = end_;
    symbol.rows = rows;
    symbol.cols = cols;
    symbol.pitch = pitch == 0 ? cols * size_of(type) : pitch;
    symbol.stride = rows * symbol.pitch;
    end_ = round_up(end_ + symbol.stride, 64);
    program.symbols.push_back(symbol);
    return program.symbols.size() - 1;
  }

  Tile all_of(std::size_t tensor) const {
    const Symbol& symbol = program.symbols[tensor];
    return hbm(symbol.address, symbol.pitch, symbol.type);
  }

  Instruction& add(UnitId unit, Body body) {
    program.streams[0].push_back({unit, std::move(body), {}, {}, {}, -1});
    return program.streams[0].back();
  }
  void loop(Value count) { add(kSequencer, Loop{count}); }
  void end() { add(kSequencer, End{}); }

  // Loads a tensor to VMEM with dense rows; stores dense rows to a tensor.
  Tile load(std::size_t tensor, std::int64_t address) {
    const Symbol& symbol = program.symbols[tensor];
    const Tile to = vmem(address, symbol.cols * size_of(symbol.type), symbol.type);
    add(kDma0, Load{to, all_of(tensor), symbol.rows, symbol.cols});
    return to;
  }
  void store(std::size_t tensor, std::int64_t address) {
    const Symbol& symbol = program.symbols[tensor];
    const Tile from = vmem(address, symbol.cols * size_of(symbol.type), symbol.type);
    add(kDma0, Store{all_of(tensor), from, symbol.rows, symbol.cols});
  }

  // An image for the program so far, with its inputs seeded.
  MemoryImage image(std::uint64_t seed = 1) const {
    MemoryImage hbm = hbm_image(program);
    seed_inputs(program, seed, hbm);
    return hbm;
  }

  void put(MemoryImage& hbm, std::size_t tensor, const std::vector<double>& values) const {
    const Symbol& symbol = program.symbols[tensor];
    Region region;
    region.begin = symbol.address;
    region.rows = symbol.rows;
    region.row_bytes = symbol.cols * size_of(symbol.type);
    region.pitch = symbol.pitch;
    const Rows rows = hbm.rows(region);
    for (std::int64_t k = 0; k < symbol.rows * symbol.cols; ++k) {
      std::byte* to = rows.row(k / symbol.cols) + k % symbol.cols * size_of(symbol.type);
      if (row_of(symbol.type).integer) {
        const auto value = static_cast<std::int32_t>(values.at(k));
        store_row(symbol.type, &value, 1, to);
      } else {
        const auto value = static_cast<float>(values.at(k));
        store_row(symbol.type, &value, 1, to);
      }
    }
  }

  std::vector<double> get(const MemoryImage& hbm, std::size_t tensor) const {
    return read_symbol(program.symbols[tensor], 0, hbm);
  }

  // Ends the stream and executes the program.
  void run(MemoryImage& hbm) {
    add(kSequencer, Halt{});
    execute(chip, program, hbm);
  }
  MemoryImage run() {
    MemoryImage hbm = image();
    run(hbm);
    return hbm;
  }

  ChipSpec chip = small_chip();
  Program program;

 private:
  std::int64_t end_ = 0;
};

}  // namespace systole::test
