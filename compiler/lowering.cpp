// SPDX-License-Identifier: Apache-2.0
#include "compiler/lowering.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"

namespace systole {

DmaRoles::DmaRoles(const ChipSpec& chip) {
  const auto engine = [&](std::int64_t wanted) {
    return UnitId{UnitKind::kDma, static_cast<std::int16_t>(wanted % chip.dma.engines)};
  };
  lhs = engine(0), rhs = engine(1), params = engine(2), out = engine(3);
}

std::vector<EngineRead> engine_reads(const Graph& graph, const Op& op, const DmaRoles& roles,
                                     const Residency& residency) {
  std::vector<EngineRead> reads;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const std::int32_t tensor = op.operands[i].tensor;
    if (graph.tensors[tensor].role == TensorRole::kTable || residency.kept(tensor)) continue;
    UnitId engine = i == 0 ? roles.lhs : roles.params;
    switch (row_of(op.kind).family) {
      case OpFamily::kProduct:
      case OpFamily::kExperts:
        engine = i == 0 ? roles.lhs : i == 1 ? roles.rhs : roles.params;
        break;
      case OpFamily::kHeads: {
        const HeadOperands further = head_operands(op);
        const auto which = static_cast<std::int32_t>(i);
        // Keys that are values, too, go through the engines of both.
        if (which == further.k2 && values_in_keys(graph, op)) {
          reads.push_back({tensor, roles.params});
        }
        engine = which == 0 || which == further.q2   ? roles.lhs
                 : which == 1 || which == further.k2 ? roles.rhs
                                                     : roles.params;
        break;
      }
      case OpFamily::kLookup: engine = roles.lhs; break;
      case OpFamily::kView: continue;
      case OpFamily::kBinary:
      case OpFamily::kUnary:
      case OpFamily::kRowwise: break;
    }
    reads.push_back({tensor, engine});
  }
  return reads;
}

ReadyTokens::ReadyTokens(const Graph& graph, Emitter& emitter, const DmaRoles& roles,
                         std::int64_t cores, Residency residency)
    : graph_(graph),
      emitter_(emitter),
      roles_(roles),
      cores_(cores),
      residency_(std::move(residency)) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (row_of(op.kind).family != OpFamily::kView) continue;
      // Of a cache, only the appended rows are computed.
      const bool appends = op.kind == OpKind::kAppend;
      std::vector<std::int32_t> shown = sources(op.operands[appends ? 1 : 0].tensor);
      if (appends && sources_.contains(op.operands[0].tensor)) {
        for (const std::int32_t before : sources(op.operands[0].tensor)) shown.push_back(before);
      }
      sources_[op.result] = std::move(shown);
    }
  }
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      for (const EngineRead& read : engine_reads(graph, op, roles, residency_)) {
        for (const std::int32_t source : sources(read.tensor)) {
          readers_[source].insert(read.engine);
        }
      }
    }
  }
  // What reads a carried value, in its section or after it, reads what initial and yield stored.
  // From the last section to the first, as a result may be carried on.
  for (auto section = graph.sections.rbegin(); section != graph.sections.rend(); ++section) {
    for (const Carry& carry : section->carries) {
      std::set<UnitId> engines = readers_[carry.argument];
      engines.merge(std::set<UnitId>(readers_[carry.result]));
      readers_[carry.initial].insert(engines.begin(), engines.end());
      readers_[carry.yield].insert(engines.begin(), engines.end());
    }
  }
}

std::vector<std::int32_t> ReadyTokens::sources(std::int32_t tensor) const {
  const auto view = sources_.find(tensor);
  return view == sources_.end() ? std::vector<std::int32_t>{tensor} : view->second;
}

std::int32_t ReadyTokens::ready(std::int64_t producer, std::int64_t reader, UnitId engine) {
  return emitter_.semaphore("ready", {producer, roles_.out}, {reader, engine});
}

void ReadyTokens::await(std::int32_t tensor, UnitId engine) {
  for (std::int64_t producer = 0; producer < cores_; ++producer) {
    const Channel channel{producer, engine};
    const auto number = number_.find({tensor, channel});
    if (number == number_.end()) continue;  // an input, a weight, or settled by a section's edge
    const std::int32_t missing = number->second - taken_[channel];
    if (missing <= 0) continue;
    taken_[channel] = number->second;
    emitter_.wait(engine, {{ready(producer, emitter_.core(), engine), missing}});
  }
}

void ReadyTokens::await(const Op& op) {
  for (const EngineRead& read : engine_reads(graph_, op, roles_, residency_)) {
    for (const std::int32_t source : sources(read.tensor)) await(source, read.engine);
  }
}

void ReadyTokens::announce(const Op& op, const std::vector<std::int64_t>& producers) {
  std::map<UnitId, std::int32_t> signals;
  for (const std::int32_t result : {op.result, op.scales}) {
    if (result < 0) continue;
    for (const UnitId engine : readers_[result]) {
      for (const std::int64_t producer : producers) {
        const Channel channel{producer, engine};
        number_[{result, channel}] = ++given_[channel];
      }
      ++signals[engine];
    }
  }
  const std::int64_t own = emitter_.core();
  if (std::find(producers.begin(), producers.end(), own) == producers.end()) return;
  std::vector<Token> tokens;
  for (std::int64_t reader = 0; reader < cores_; ++reader) {
    for (const auto& [engine, count] : signals) {
      tokens.push_back({ready(own, reader, engine), count});
    }
  }
  emitter_.signal(roles_.out, tokens);
}

void ReadyTokens::settle() {
  for (auto& [channel, given] : given_) {
    const std::int32_t missing = given - taken_[channel];
    if (missing <= 0) continue;
    taken_[channel] = given;
    const auto& [producer, engine] = channel;
    emitter_.wait(engine, {{ready(producer, emitter_.core(), engine), missing}});
  }
}

void ReadyTokens::meet() {
  std::vector<Token> signals, waits;
  const CoreUnit own{emitter_.core(), roles_.out};
  for (std::int64_t core = 0; core < cores_; ++core) {
    if (core == own.core) continue;
    const CoreUnit other{core, roles_.out};
    signals.push_back({emitter_.semaphore("met", own, other), 1});
    waits.push_back({emitter_.semaphore("met", other, own), 1});
  }
  emitter_.signal(roles_.out, signals);
  emitter_.wait(roles_.out, waits);
}

Bytes Arena::take(Bytes bytes) {
  constexpr Bytes kAlignment = 64;
  const Bytes address = next_;
  next_ += round_up(bytes, kAlignment);
  if (next_ > round_up(end_, kAlignment)) {
    throw std::logic_error("op " + op_.name + " takes more VMEM than its mapping planned");
  }
  return address;
}

Tile vmem_tile(const Value& address, std::int64_t pitch, DataType type, Broadcast broadcast) {
  Tile tile;
  tile.space = Space::kVmem;
  tile.address = address;
  tile.pitch = pitch;
  tile.type = type;
  tile.broadcast = broadcast;
  return tile;
}

std::int32_t table_number(const Graph& graph, std::int32_t tensor) {
  std::int32_t number = 0;
  for (std::int32_t t = 0; t < tensor; ++t) {
    if (graph.tensors[t].role == TensorRole::kTable) ++number;
  }
  return number;
}

void wait_for_vpu(Emitter& emitter, UnitId unit) {
  const Token token{emitter.semaphore("kept", kVpuUnit, unit), 1};
  emitter.signal(kVpuUnit, {token});
  emitter.wait(unit, {token});
}

UnitId mxu_unit(std::int64_t number) { return {UnitKind::kMxu, static_cast<std::int16_t>(number)}; }

UnitId xlu_unit(const ChipSpec& chip, std::int64_t lane) {
  return {UnitKind::kXlu, static_cast<std::int16_t>(lane % chip.xlu.count)};
}

}  // namespace systole
