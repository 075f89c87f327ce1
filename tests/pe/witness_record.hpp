// SPDX-License-Identifier: Apache-2.0
// What two fidelities must agree on, of a run in a child process.
#pragma once

#include <algorithm>
#include <array>
#include <tuple>

#include "pe/pe_bench.hpp"

namespace systole {

struct WitnessRecord {
  Cycles cycles = 0;
  std::uint64_t completions = 0;  // digest of every instruction's unit, start, free and ends
  std::uint64_t reasons = 0;      // digest of every unit's cycles by reason
  std::uint64_t values = 0;       // digest of HBM afterwards; 0 without values
  struct Instruction {
    Cycles begin, last;
  };
  std::array<Instruction, 24> mxu{};  // of the first instructions of MXUs, for messages
};

inline void mix(std::uint64_t& digest, std::int64_t value) {
  digest = (digest ^ static_cast<std::uint64_t>(value)) * 0x100000001B3U;
}

inline std::uint64_t digest_of(const MemoryImage& hbm) {
  std::uint64_t digest = 0;
  for (const char byte : bytes_of(hbm)) mix(digest, byte);
  return digest;
}

inline WitnessRecord record_of(const SimulationResult& result, const Recorder& events,
                               const UnitTimes& times) {
  WitnessRecord record;
  record.cycles = result.cycles;
  std::vector<Completion> all = events.completions;
  std::sort(all.begin(), all.end(),
            [](const Completion& a, const Completion& b) { return a.sequence < b.sequence; });
  std::size_t seen = 0;
  for (const Completion& c : all) {
    for (const std::int64_t part :
         {c.sequence, std::int64_t{c.unit}, c.begin, c.free, c.end, c.last}) {
      mix(record.completions, part);
    }
    const auto unit = static_cast<std::size_t>(std::max(c.unit, 0));
    const bool mxu = c.unit >= 0 && result.units[unit].find("mxu") != std::string::npos;
    if (mxu && seen < record.mxu.size()) record.mxu[seen++] = {c.begin, c.last};
  }
  for (const UnitTime& time : times.entries()) {
    for (const std::int64_t part :
         {std::int64_t{time.unit}, static_cast<std::int64_t>(time.reason),
          std::int64_t{time.signaller}, std::int64_t{time.op}, time.cycles}) {
      mix(record.reasons, part);
    }
  }
  return record;
}

inline WitnessRecord tile_record(const ChipSpec& chip, const Program& program) {
  return in_child([&] {
    Recorder events;
    UnitTimes times;
    const SimulationResult result = simulate(chip, program, {&events, &times});
    return record_of(result, events, times);
  });
}

inline WitnessRecord cycle_record(const ChipSpec& chip, const Program& program,
                                  const ArrayFactory& arrays, std::uint64_t seed) {
  return in_child([&] {
    Recorder events;
    UnitTimes times;
    MemoryImage hbm = bench_hbm(seed);
    const SimulationResult result =
        simulate_cycles(chip, program, {&events, &times}, arrays, {}, hbm);
    WitnessRecord record = record_of(result, events, times);
    record.values = digest_of(hbm);
    return record;
  });
}

inline std::uint64_t values_of(const ChipSpec& chip, const Program& program, std::uint64_t seed) {
  MemoryImage hbm = bench_hbm(seed);
  execute(chip, program, hbm);
  return digest_of(hbm);
}

}  // namespace systole
