// SPDX-License-Identifier: Apache-2.0
// What one witness says of one run, in a form that can be compared and sent between processes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isa/program.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/observe/unit_times.hpp"

namespace systole {

// An instruction's run: numbers as in Completion.
struct InstructionRun {
  std::int64_t sequence = 0;
  std::int64_t position = 0;
  std::int64_t unit = -1;
  std::int64_t op = -1;
  Cycles begin = 0;
  Cycles free = 0;
  Cycles last = 0;
  Cycles end = 0;
  std::int64_t semaphore = -1;  // that it waited for, from wait_begin to wait_end
  Cycles wait_begin = 0;
  Cycles wait_end = 0;
  friend bool operator==(const InstructionRun&, const InstructionRun&) = default;
};

struct RunRecord {
  std::string error;  // what stopped the run; everything else is empty then
  Cycles cycles = 0;
  std::vector<InstructionRun> instructions;  // in program order
  std::vector<UnitTime> times;               // by unit, op, reason and signaller
  std::vector<std::int64_t> actions;         // in the order of kActions
  bool has_values = false;
  std::string values;  // written_bytes() of the memory that it left
  friend bool operator==(const RunRecord&, const RunRecord&) = default;
};

std::string to_bytes(const RunRecord& record);
// Precondition: `bytes` come from to_bytes().
RunRecord record_from_bytes(std::string_view bytes);

// The bytes of all symbols that a program may write, copy by copy, row by row without padding,
// whatever their layouts.
std::string written_bytes(const Program& program, const MemoryImage& hbm);

}  // namespace systole
