// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule.hpp"

#include <algorithm>
#include <set>

#include "compiler/lowering.hpp"
#include "compiler/op_counts.hpp"
#include "compiler/op_table.hpp"
#include "compiler/tile.hpp"

namespace systole {
namespace {

class Scheduler {
 public:
  Scheduler(const Graph& graph, const ChipSpec& chip, const Layout& layout,
            const std::vector<Mapping>& mappings)
      : graph_(graph),
        chip_(chip),
        mappings_(mappings),
        emitter_(program_),
        roles_(chip),
        ready_(graph, emitter_, roles_),
        lowering_{graph, chip, layout, emitter_, roles_, 0, 0, 0, vmem_per_op(graph, chip)} {
    program_.workload = graph.name;
    program_.tokens = graph.tokens;
    program_.symbols = layout.symbols();
    for (const Section& section : graph.sections) {
      for (const Op& op : section.ops) {
        for (const EngineRead& read : engine_reads(graph, op, roles_)) loaders_.insert(read.engine);
      }
    }
    for (const Tensor& tensor : graph.tensors) {
      if (tensor.role == TensorRole::kTable)
        program_.tables.push_back({tensor.name, tensor.values});
    }
  }

  Program run() {
    for (const Section& section : graph_.sections) {
      if (section.repeated()) {
        settle();
        lowering_.layer = emitter_.open(section.repeat);
      }
      for (const Op& op : section.ops) run_op(op, section.times());
      if (section.repeated()) {
        settle();
        emitter_.close();
        lowering_.layer = 0;
      }
    }
    settle();
    emitter_.halt();
    return std::move(program_);
  }

 private:
  // No token is left from one repetition to the next, so that each finds what the first found.
  void settle() {
    emitter_.drain_all();
    ready_.settle();
  }

  void run_op(const Op& op, std::int64_t count) {
    const Mapping& mapping = mappings_[next_++];
    if (std::holds_alternative<std::monostate>(mapping)) return;
    const OpCounts counts = count_op(graph_, op);
    const Tensor& first =
        graph_.tensors[op.operands[row_of(op.kind).family == OpFamily::kLookup ? 1 : 0].tensor];
    emitter_.serve(static_cast<std::int32_t>(program_.ops.size()));
    program_.ops.push_back({op.name, std::string(name_of(op.kind)), first.type, count,
                            counts.macs * count, counts.read_bytes * count,
                            counts.write_bytes * count, op.location});
    lowering_.space = lowering_.vmem_bytes == chip_.vmem.size ? 0 : 1 - lowering_.space;
    lowering_.vmem_base = lowering_.space * lowering_.vmem_bytes;
    emitter_.drain(lowering_.space);
    ready_.await(op);
    if (const auto* gemm = std::get_if<GemmMapping>(&mapping)) {
      lower_gemm(lowering_, op, *gemm);
    } else if (const auto* attention = std::get_if<AttentionMapping>(&mapping)) {
      lower_attention(lowering_, op, *attention);
    } else if (row_of(op.kind).family == OpFamily::kLookup) {
      lower_gather(lowering_, op, std::get<RowwiseMapping>(mapping));
    } else {
      lower_rowwise(lowering_, op, std::get<RowwiseMapping>(mapping));
    }
    ready_.announce(op);
    release_space();
  }

  // An op's last store comes after all that it reads and writes on chip. The engines that fill
  // VMEM take that token before a later op lays out the same half.
  void release_space() {
    const bool repeated = graph_.sections.back().repeated();
    if (next_ == mappings_.size() && !repeated) return;  // nothing comes later
    std::vector<Token> tokens;
    for (const UnitId engine : loaders_) {
      const std::string purpose = "vmem" + std::to_string(lowering_.space);
      const Token token{emitter_.semaphore(purpose, roles_.out, engine), 1};
      tokens.push_back(token);
      emitter_.owe(lowering_.space, engine, token);
    }
    emitter_.signal(roles_.out, tokens);
  }

  const Graph& graph_;
  const ChipSpec& chip_;
  const std::vector<Mapping>& mappings_;
  Program program_;
  Emitter emitter_;
  DmaRoles roles_;
  ReadyTokens ready_;
  Lowering lowering_;
  std::set<UnitId> loaders_;  // engines that fill VMEM
  std::size_t next_ = 0;
};

}  // namespace

Program schedule(const Graph& graph, const ChipSpec& chip, const Layout& layout,
                 const std::vector<Mapping>& mappings) {
  return Scheduler(graph, chip, layout, mappings).run();
}

}  // namespace systole
