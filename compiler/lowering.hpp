// SPDX-License-Identifier: Apache-2.0
// What every kernel gets: the graph and the parts of its tensors, where they are, the chip, the
// emitter, the half of VMEM it may use, and the order between ops through HBM.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "compiler/emitter.hpp"
#include "compiler/graph.hpp"
#include "compiler/layout.hpp"
#include "compiler/mapping.hpp"

namespace systole {

// Which DMA engine moves what. Engines are shared where a chip has fewer than four.
struct DmaRoles {
  UnitId lhs, rhs, params, out;
  explicit DmaRoles(const ChipSpec& chip);
};

// An operand of an op and the engine that reads it.
struct EngineRead {
  std::int32_t tensor = -1;
  UnitId engine;
};
// What is kept in VMEM no engine reads.
std::vector<EngineRead> engine_reads(const Graph& graph, const Op& op, const DmaRoles& roles,
                                     const Residency& residency = {});

// Order between ops, for the emitter's core: an engine that loads a computed tensor waits until its
// producers, on all cores that compute parts of it, have stored it. Each producer signals each
// engine of each core that will read its result once; engines take the signals in program order.
class ReadyTokens {
 public:
  ReadyTokens(const Graph& graph, Emitter& emitter, const DmaRoles& roles, std::int64_t cores = 1,
              Residency residency = {});

  void await(const Op& op);  // before the op's first load
  // After the op's last store, on the cores that store parts of its results.
  void announce(const Op& op, const std::vector<std::int64_t>& producers = {0});
  void settle();  // engines take every signal given so far
  // Stores to come, on any core, wait for those of all cores before, and so for what those cores
  // have read.
  void meet();

 private:
  void await(std::int32_t tensor, UnitId engine);
  std::int32_t ready(std::int64_t producer, std::int64_t reader, UnitId engine);
  std::vector<std::int32_t> sources(std::int32_t tensor) const;

  const Graph& graph_;
  Emitter& emitter_;
  DmaRoles roles_;
  std::int64_t cores_;
  Residency residency_;
  std::map<std::int32_t, std::set<UnitId>> readers_;  // of each computed tensor
  // A view's tensor -> whose bytes it shows; of appends to one cache, what all of them append.
  std::map<std::int32_t, std::vector<std::int32_t>> sources_;
  // By producer and this core's engine.
  using Channel = std::pair<std::int64_t, UnitId>;
  std::map<Channel, std::int32_t> given_, taken_;
  std::map<std::pair<std::int32_t, Channel>, std::int32_t> number_;  // signal of a tensor
};

struct Lowering {
  const Graph& graph;
  const ChipSpec& chip;
  const Layout& layout;
  Emitter& emitter;
  DmaRoles roles;
  Affine layer;   // index of the repetition loop
  int space = 0;  // half of VMEM
  Bytes vmem_base = 0;
  Bytes vmem_bytes = 0;
};

// Accumulators are one space for all ops.
inline constexpr int kAccSpace = 2;

// Hands out VMEM of one op from vmem_base upwards.
class Arena {
 public:
  Arena(const Lowering& lowering, const Op& op)
      : next_(lowering.vmem_base), end_(lowering.vmem_base + lowering.vmem_bytes), op_(op) {}
  // Throws std::logic_error past the end: the tile pass chose what fits.
  Bytes take(Bytes bytes);

 private:
  Bytes next_, end_;
  const Op& op_;
};

Tile vmem_tile(const Value& address, std::int64_t pitch, DataType type,
               Broadcast broadcast = Broadcast::kNone);

// Number of a table tensor among the program's tables.
std::int32_t table_number(const Graph& graph, std::int32_t tensor);

UnitId mxu_unit(std::int64_t number);
UnitId xlu_unit(const ChipSpec& chip, std::int64_t lane);
inline constexpr UnitId kVpuUnit{UnitKind::kVpu, 0};

// `unit` waits for what the VPU has been told so far: kept tensors are written by it. A lookup's
// are handed on to it (lower_gather). Their memory needs no token to be written again: the VPU's
// last instruction of an op comes after all that the op reads.
void wait_for_vpu(Emitter& emitter, UnitId unit);

// One kernel per kind of mapping. Precondition: the mapping was chosen for this op and chip.
void lower_gemm(Lowering& lowering, const Op& op, const GemmMapping& mapping);
// What lower_gemm does on output-stationary arrays.
void lower_gemm_os(Lowering& lowering, const Op& op, const GemmMapping& mapping);
void lower_attention(Lowering& lowering, const Op& op, const AttentionMapping& mapping);
void lower_rowwise(Lowering& lowering, const Op& op, const RowwiseMapping& mapping);
// Rows named by a table, straight through VMEM.
void lower_gather(Lowering& lowering, const Op& op, const RowwiseMapping& mapping);

}  // namespace systole
