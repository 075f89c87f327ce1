// SPDX-License-Identifier: Apache-2.0
// What modules tell their listeners: intervals of a unit's time, actions, and completions.
// Modules count nothing; utilization, bytes, energy and attribution to ops are folds over these.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "isa/data_type.hpp"
#include "isa/units.hpp"
#include "sim/observe/work.hpp"

namespace systole {

// Why a unit spent time as it did. Every cycle of every unit has exactly one reason.
enum class Reason : std::uint8_t {
  kBusy,           // doing its work: feed, vector blocks, data on the channel
  kSetup,          // DMA: preparing a transfer
  kHbm,            // DMA: waiting for the memory to serve its transfer
  kLatency,        // waiting for its own pipeline or for the memory's latency to pass
  kWeightLoad,     // MXU: a matmul waits for its weights to be loaded
  kDrain,          // MXU: wavefront leaves the array, nothing is fed
  kOperandPort,    // MXU, VPU, XLU: operands wider than the port take further cycles
  kWait,           // waits on a semaphore: printed as wait:<unit that signals it>
  kNoInstruction,  // its queue is empty
  kQueueFull,      // sequencer: the queue of the next instruction is full
  kHalted,         // sequencer: its stream has ended
  kRefresh,        // pseudo-channel at command level: its banks are refreshed
  kTurnaround,     // pseudo-channel at command level: its data bus turns around
  kBank,           // pseudo-channel at command level: a bank is not ready for the next burst
  kCmem,           // DMA: waiting for CMEM to serve its transfer
};

struct ReasonRow {
  Reason value;
  std::string_view name;
  std::string_view doc;
};
inline constexpr std::array<ReasonRow, 15> kReasons{{
    {Reason::kBusy, "busy", "doing its work"},
    {Reason::kSetup, "setup", "preparing a DMA transfer"},
    {Reason::kHbm, "hbm", "waiting for the memory to serve a transfer"},
    {Reason::kLatency, "latency", "waiting for a pipeline or memory latency to pass"},
    {Reason::kWeightLoad, "weight_load", "a matmul waits for its weights"},
    {Reason::kDrain, "drain", "the wavefront leaves the array and nothing is fed"},
    {Reason::kOperandPort, "operand_port", "operands wider than the VMEM port take further cycles"},
    {Reason::kWait, "wait", "waiting for a semaphore; printed with the unit that signals it"},
    {Reason::kNoInstruction, "no_instruction", "the queue is empty"},
    {Reason::kQueueFull, "queue_full", "the sequencer waits for a place in a queue"},
    {Reason::kHalted, "halted", "the stream has ended"},
    {Reason::kRefresh, "refresh", "the memory refreshes its banks"},
    {Reason::kTurnaround, "turnaround", "the memory's data bus turns around"},
    {Reason::kBank, "bank", "the memory opens or closes a row, or waits for a bank group"},
    {Reason::kCmem, "cmem", "waiting for CMEM to serve a transfer"},
}};
constexpr const ReasonRow& row_of(Reason reason) {
  return kReasons[static_cast<std::size_t>(reason)];
}

// Units of work that cost energy, by the name that the energy table uses.
enum class ActionId : std::uint8_t {
  kMacInt8,
  kMacBf16,
  kMacFp8,
  kPeCycle,
  kWeightLoadBytes,
  kAccReadBytes,
  kAccWriteBytes,
  kVmemReadBytes,
  kVmemWriteBytes,
  kFifoReadBytes,
  kFifoWriteBytes,
  kVpuAlu,
  kVpuTranscendental,
  kXluElement,
  kHbmReadBytes,
  kHbmWriteBytes,
  kHbmActivate,
  kCmemReadBytes,
  kCmemWriteBytes,
  kIssue,
};

struct ActionRow {
  ActionId value;
  std::string_view name;
  std::string_view doc;
};
inline constexpr std::array<ActionRow, 20> kActions{{
    {ActionId::kMacInt8, "mxu.mac_int8", "int8 multiply, int32 add, of a tile's extents"},
    {ActionId::kMacBf16, "mxu.mac_bf16", "bf16 multiply, fp32 add, of a tile's extents"},
    {ActionId::kMacFp8, "mxu.mac_fp8", "fp8 multiply, fp32 add, of a tile's extents"},
    {ActionId::kPeCycle, "mxu.pe_register", "a PE passes an operand and a partial sum on"},
    {ActionId::kWeightLoadBytes, "mxu.weight_load", "bytes shifted into weight registers"},
    {ActionId::kAccReadBytes, "acc.read", "accumulator bytes read"},
    {ActionId::kAccWriteBytes, "acc.write", "accumulator bytes written"},
    {ActionId::kVmemReadBytes, "vmem.read", "VMEM bytes read"},
    {ActionId::kVmemWriteBytes, "vmem.write", "VMEM bytes written"},
    {ActionId::kFifoReadBytes, "fifo.read", "weight FIFO bytes read"},
    {ActionId::kFifoWriteBytes, "fifo.write", "weight FIFO bytes written"},
    {ActionId::kVpuAlu, "vpu.alu", "fp32 ALU operations"},
    {ActionId::kVpuTranscendental, "vpu.transcendental", "exp, tanh, reciprocal, rsqrt"},
    {ActionId::kXluElement, "xlu.element", "elements moved or reduced across lanes"},
    {ActionId::kHbmReadBytes, "hbm.read", "bytes read in whole bursts"},
    {ActionId::kHbmWriteBytes, "hbm.write", "bytes written in whole bursts"},
    {ActionId::kHbmActivate, "hbm.activate", "row activations"},
    {ActionId::kCmemReadBytes, "cmem.read", "CMEM bytes read"},
    {ActionId::kCmemWriteBytes, "cmem.write", "CMEM bytes written"},
    {ActionId::kIssue, "sequencer.issue", "instructions issued"},
}};
constexpr std::string_view name_of(ActionId id) {
  return kActions[static_cast<std::size_t>(id)].name;
}

// The action of a MAC with operands of `type`. Precondition: an MXU can take the type.
constexpr ActionId mac_action(DataType type) {
  switch (type) {
    case DataType::kInt8: return ActionId::kMacInt8;
    case DataType::kBf16: return ActionId::kMacBf16;
    case DataType::kFp8E4m3:
    case DataType::kFp8E5m2: return ActionId::kMacFp8;
    case DataType::kInt32:
    case DataType::kFp32: break;
  }
  throw std::logic_error("a MAC of a type that no MXU multiplies");
}

// `unit`, `signaller`: index into the run's unit names ("core0.mxu1", "hbm.ch3", "cmem.port0");
// `op`: index into the program's ops, -1 for none.
struct Interval {
  std::int32_t unit = 0;
  Reason reason = Reason::kBusy;
  std::int32_t signaller = -1;  // kWait: the unit that signals the semaphore
  std::int32_t op = -1;
  Cycles begin = 0;
  Cycles end = 0;
  Bytes bytes = 0;     // pseudo-channels: whole bursts moved in this time; CMEM ports: bytes
  bool write = false;  // of these: in which direction
  // Pseudo-channels: moved the other way, in a cycle that bursts of both directions share.
  Bytes other_bytes = 0;
};

// `count` of them, spread evenly over the cycles from `begin` to `end`; at once where those are
// equal.
struct Action {
  ActionId id = ActionId::kIssue;
  std::int32_t op = -1;
  std::int64_t count = 0;
  Cycles begin = 0;
  Cycles end = 0;
};

// A stretch of a unit's time in which an instruction is seen: at work, or waiting. `beside`: on
// hardware that works beside the unit's own time, the weight port of an MXU.
struct Mark {
  std::int32_t unit = -1;  // -1: of no instruction
  bool beside = false;
  Cycles begin = 0;
  Cycles end = 0;
};

// The time for which an instruction made its unit wait for a semaphore, and the instruction whose
// signal ended it.
struct Wait {
  std::int32_t semaphore = -1;  // index into the program's semaphores; -1: it did not wait
  Cycles begin = 0;
  Cycles end = 0;
  Mark signal;
};

// Instruction number `sequence` (in its core's stream, from 0) of `op` is done with all its
// effects.
struct Completion {
  std::int64_t sequence = 0;
  std::int32_t op = -1;
  Cycles end = 0;             // and all before it in its queue are
  std::int32_t unit = -1;     // whose queue it was in; -1: of none (halt)
  std::int64_t position = 0;  // in the stream
  Cycles begin = 0;           // its start
  Cycles free = 0;            // its unit takes the next one; `begin` where it needs no hardware
  bool beside = false;        // `begin` to `free` is beside the unit's own time, as in a Mark
  Wait wait{};
  Cycles last = 0;  // its own last effect; `end`, unless one before it in its queue ends later
  std::int32_t core = 0;  // whose stream it is in
};

// Events that a listener takes notice of; it is told of no others.
struct Hears {
  bool intervals = true;
  bool actions = true;
  bool completions = true;
  bool work = false;
};

class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;
  virtual Hears hears() const { return {}; }  // the same for all its life
  virtual void on(const Interval& interval) = 0;
  virtual void on(const Action& action) = 0;
  virtual void on(const Completion& completion) = 0;
  virtual void work(const TransferWork& /*transfer*/) {}
  virtual void work(const WeightLoadWork& /*load*/) {}
  virtual void work(const MatmulWork& /*matmul*/) {}
  virtual void work(const MultiplyWork& /*multiply*/) {}
  virtual void work(const UnloadWork& /*unload*/) {}
};

}  // namespace systole
