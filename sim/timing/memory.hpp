// SPDX-License-Identifier: Apache-2.0
// What DMA engines see of the memory, whichever model it is.
//
//   DMA engine -> request() -> Memory -> served()
#pragma once

#include "sim/timing/hbm_map.hpp"

namespace systole {

class MemoryClient {
 public:
  MemoryClient() = default;
  MemoryClient(const MemoryClient&) = delete;
  MemoryClient& operator=(const MemoryClient&) = delete;
  virtual ~MemoryClient() = default;
  // The client's transfer is served at cycle `at` (now or later): its engine is free for the next
  // one, and the transfer is complete Memory::latency() later.
  virtual void served(Cycles at) = 0;
};

struct MemoryRequest {
  std::int64_t engine = 0;  // requests of one cycle are served in this order; one at a time of each
  MemoryClient* client = nullptr;
  bool write = false;
  std::int32_t op = -1;
  HbmRuns runs;
};

// Which part of HBM a Memory is: all of it where the cores share it, else one core's.
struct MemoryShare {
  std::int64_t base = 0;           // its first byte
  std::int32_t first_channel = 0;  // of its channels, in Interval::unit
  std::int64_t engines = 0;        // that reach it, at least: numbers of requests are below
};

class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  virtual ~Memory() = default;

  virtual void request(const MemoryRequest& request) = 0;
  // From a transfer's service to its completion.
  virtual Cycles latency(bool write) const = 0;
  // Cycles that an engine itself needs for the data of a transfer, beside what the memory takes.
  virtual Cycles engine_cycles(Bytes bytes, std::int64_t requests) const = 0;
  // Accounts for the time up to the end of the run.
  virtual void finish(Cycles end) = 0;
};

}  // namespace systole
