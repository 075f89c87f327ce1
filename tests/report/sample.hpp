// SPDX-License-Identifier: Apache-2.0
// A small run by hand: 1 GHz, 16 MACs and 16 HBM bytes per cycle, of which a long stream gets 14.4.
#pragma once

#include "sim/report/result.hpp"

namespace systole {

inline Chip sample_chip() {
  Chip chip;
  ChipSpec& spec = chip.spec;
  spec.name = "sample";
  spec.clock = 1'000'000'000;
  spec.core.count = 2;
  spec.mxu.count = 1;
  spec.mxu.rows = 4;
  spec.mxu.cols = 4;
  spec.mxu.macs_bf16 = 1;
  spec.xlu.count = 2;
  spec.hbm.bandwidth = 16e9;
  chip.hash = 0xABC;
  return chip;
}

// Two ops: a matmul of 8000 MACs, and a softmax without any.
inline Program sample_program() {
  Program program;
  program.workload = "sample work";
  program.tokens = 100;
  program.streams.resize(1);
  SourceOp fc;
  fc.name = "fc";
  fc.kind = "gemm";
  fc.count = 2;
  fc.macs = 8000;
  fc.read_bytes = 1000;
  fc.write_bytes = 440;
  SourceOp softmax;
  softmax.name = "softmax";
  softmax.kind = "softmax";
  softmax.read_bytes = 100;
  softmax.write_bytes = 44;
  program.ops = {fc, softmax};
  return program;
}

inline constexpr std::int32_t kMxu = 0, kVpu = 1, kXlu = 2, kDma = 3, kMemory = 4;

// 1000 cycles: 800 of the matmul, 200 of the softmax.
inline Measurements sample_measurements() {
  Measurements m;
  m.cycles = 1000;
  m.units = {"core0.mxu0", "core0.vpu", "core0.xlu0", "core0.dma0", "hbm.ch0"};
  m.unit_times = {{kMxu, Reason::kBusy, -1, 0, 500},
                  {kMxu, Reason::kWait, kDma, 0, 200},
                  {kMxu, Reason::kWeightLoad, -1, 0, 100},
                  {kMxu, Reason::kNoInstruction, -1, -1, 200},
                  {kVpu, Reason::kBusy, -1, 1, 150},
                  {kVpu, Reason::kNoInstruction, -1, -1, 850},
                  {kXlu, Reason::kBusy, -1, 1, 60},
                  {kXlu, Reason::kNoInstruction, -1, -1, 940},
                  {kDma, Reason::kHbm, -1, 0, 90},
                  {kDma, Reason::kSetup, -1, 0, 10},
                  {kDma, Reason::kNoInstruction, -1, -1, 900},
                  {kMemory, Reason::kBusy, -1, 0, 100},
                  {kMemory, Reason::kNoInstruction, -1, -1, 900}};
  m.op_cycles = {800, 200};
  m.array_cycles = {640, 0, 0, 0, 0};
  m.op_actions.resize(2);
  const auto at = [](ActionId id) { return static_cast<std::size_t>(id); };
  m.op_actions[0][at(ActionId::kHbmReadBytes)] = 1024;
  m.op_actions[0][at(ActionId::kHbmWriteBytes)] = 448;
  m.op_actions[1][at(ActionId::kHbmReadBytes)] = 128;
  m.actions[at(ActionId::kHbmReadBytes)] = 1152;
  m.actions[at(ActionId::kHbmWriteBytes)] = 448;
  m.actions[at(ActionId::kMacBf16)] = 8000;
  return m;
}

// 1 pJ per MAC, 10 pJ per HBM byte, 2 W of static power.
inline EnergyTable sample_energy() {
  EnergyTable table;
  for (std::size_t k = 0; k < kActions.size(); ++k) {
    table.actions[k] = {std::string{kActions[k].name}, 0, "sequencer", "by hand", "low"};
  }
  const auto set = [&](ActionId id, double pj, const char* component) {
    table.actions[static_cast<std::size_t>(id)].pj = pj;
    table.actions[static_cast<std::size_t>(id)].component = component;
  };
  set(ActionId::kMacBf16, 1, "mxu");
  set(ActionId::kHbmReadBytes, 10, "hbm");
  set(ActionId::kHbmWriteBytes, 10, "hbm");
  table.static_watts = 2;
  return table;
}

inline constexpr double kStreamRate = 14.4;  // HBM bytes per cycle

inline RunResult sample_result(const Program& program, const Measurements& measured) {
  return make_result(sample_chip(), program, measured, sample_energy(), kStreamRate);
}

inline RunResult sample_result() { return sample_result(sample_program(), sample_measurements()); }

}  // namespace systole
