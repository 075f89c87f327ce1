// SPDX-License-Identifier: Apache-2.0
// What a unit is asked to do, told when it starts: the other side of the account that intervals,
// actions and completions give of what was done. Only instructions with work are told.
#pragma once

#include <cstdint>

#include "isa/data_type.hpp"

namespace systole {

// A DMA engine's transfer: `rows` runs of `row_bytes` bytes of HBM, the first from byte `address`,
// each `pitch` bytes after the one before, or at index[r] * pitch where `index` is given. Between
// CMEM and VMEM, where `hbm` does not hold, address and pitch are CMEM's.
struct TransferWork {
  std::int64_t sequence = 0;  // of its instruction, as in Completion
  std::int32_t unit = 0;
  std::int32_t op = -1;
  bool write = false;  // away from the core: to HBM, or from VMEM to CMEM
  Cycles begin = 0;
  std::int64_t address = 0;
  std::int64_t rows = 0;
  Bytes row_bytes = 0;
  Bytes pitch = 0;
  const std::int64_t* index = nullptr;  // valid during the call only
  bool hbm = true;                      // HBM is one side
  bool cmem = false;                    // CMEM is one side; with `hbm`, the one nearer to the core
};

// A weight load that is complete, and its tile in the array, at `end`.
struct WeightLoadWork {
  std::int32_t unit = 0;
  std::int32_t op = -1;
  Cycles begin = 0;
  Cycles end = 0;
  std::int64_t depth = 0;
  std::int64_t cols = 0;
  DataType type = DataType::kInt8;
};

// A matmul that starts to be fed at `begin` and has written its last sum at `end`.
struct MatmulWork {
  std::int32_t unit = 0;
  std::int32_t op = -1;
  Cycles begin = 0;
  Cycles end = 0;
  std::int64_t rows = 0;
  std::int64_t depth = 0;
  std::int64_t cols = 0;
  DataType type = DataType::kInt8;
};

// A multiply of an output-stationary array that starts to be fed at `begin` and has done its last
// product at `end`. `first`: its sums start from 0.
struct MultiplyWork {
  std::int32_t unit = 0;
  std::int32_t op = -1;
  Cycles begin = 0;
  Cycles end = 0;
  std::int64_t rows = 0;
  std::int64_t depth = 0;
  std::int64_t cols = 0;
  DataType type = DataType::kInt8;
  bool first = true;
};

// An unload that has written its last sum at `end`.
struct UnloadWork {
  std::int32_t unit = 0;
  std::int32_t op = -1;
  Cycles begin = 0;
  Cycles end = 0;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
};

}  // namespace systole
