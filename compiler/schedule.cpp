// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule.hpp"

#include <optional>
#include <set>

#include "compiler/lowering.hpp"
#include "compiler/op_counts.hpp"
#include "compiler/op_table.hpp"
#include "compiler/tile.hpp"

namespace systole {
namespace {

// The stream of one core.
class Scheduler {
 public:
  Scheduler(const Graph& graph, const ChipSpec& chip, const Layout& layout,
            const Division& division, const std::vector<Mapping>& mappings, Emitter& emitter,
            Program& program)
      : graph_(graph),
        chip_(chip),
        division_(division),
        mappings_(mappings),
        program_(program),
        emitter_(emitter),
        roles_(chip),
        ready_(graph, emitter_, roles_, division.cores, layout.residency()),
        lowering_{division.graph,
                  chip,
                  layout,
                  emitter_,
                  roles_,
                  0,
                  0,
                  0,
                  vmem_per_op(graph, chip, layout.residency().bytes)} {
    for (const Section& section : graph.sections) {
      for (const Op& op : section.ops) {
        for (const EngineRead& read : engine_reads(graph, op, roles_, layout.residency())) {
          loaders_.insert(read.engine);
        }
      }
    }
  }

  void run() {
    for (const Section& section : graph_.sections) {
      if (section.repeated()) {
        settle();
        lowering_.layer = emitter_.open(section.repeat);
      }
      for (const Op& op : section.ops) run_op(op, section.times());
      if (section.repeated()) {
        settle();
        ready_.meet();
        emitter_.close();
        lowering_.layer = 0;
      }
    }
    settle();
    emitter_.halt();
  }

 private:
  // No token is left from one repetition to the next, so that each finds what the first found.
  void settle() {
    emitter_.drain_all();
    ready_.settle();
  }

  void run_op(const Op& op, std::int64_t count) {
    const std::size_t number = next_++;
    if (row_of(op.kind).family == OpFamily::kView) return;
    const std::vector<std::optional<Op>>& parts = division_.ops[number];
    std::vector<std::int64_t> producers;
    for (std::int64_t core = 0; core < division_.cores; ++core) {
      if (parts[static_cast<std::size_t>(core)]) producers.push_back(core);
    }
    name_op(op, count);
    const auto core = static_cast<std::size_t>(emitter_.core());
    const auto cores = static_cast<std::size_t>(division_.cores);
    if (parts[core]) {
      lowering_.space = lowering_.vmem_bytes == chip_.vmem.size ? 0 : 1 - lowering_.space;
      lowering_.vmem_base = lowering_.space * lowering_.vmem_bytes;
      emitter_.drain(lowering_.space);
      ready_.await(op);
      lower(*parts[core], mappings_[number * cores + core]);
      // The last of an op is its last store: without one, what the VPU does.
      if (lowering_.layout.residency().kept(op.result)) wait_for_vpu(emitter_, roles_.out);
    }
    ready_.announce(op, producers);
    if (parts[core]) release_space();
  }

  // The op that instructions serve is numbered as the first core meets it.
  void name_op(const Op& op, std::int64_t count) {
    emitter_.serve(ops_++);
    if (emitter_.core() > 0) return;
    const OpCounts counts = count_op(graph_, op, lowering_.layout.residency());
    const OpCounts in_hbm = count_op(graph_, op);
    const Bytes kept =
        in_hbm.read_bytes + in_hbm.write_bytes - counts.read_bytes - counts.write_bytes;
    const Tensor& first =
        graph_.tensors[op.operands[row_of(op.kind).family == OpFamily::kLookup ? 1 : 0].tensor];
    program_.ops.push_back({op.name, std::string(name_of(op.kind)), first.type, count,
                            counts.macs * count, counts.read_bytes * count,
                            counts.write_bytes * count, op.location, kept * count});
  }

  void lower(const Op& op, const Mapping& mapping) {
    if (const auto* gemm = std::get_if<GemmMapping>(&mapping)) {
      lower_gemm(lowering_, op, *gemm);
    } else if (const auto* attention = std::get_if<AttentionMapping>(&mapping)) {
      lower_attention(lowering_, op, *attention);
    } else if (row_of(op.kind).family == OpFamily::kLookup) {
      lower_gather(lowering_, op, std::get<RowwiseMapping>(mapping));
    } else {
      lower_rowwise(lowering_, op, std::get<RowwiseMapping>(mapping));
    }
  }

  // An op's last store comes after all that it reads and writes on chip. The engines that fill
  // VMEM take that token before a later op lays out the same half.
  void release_space() {
    const bool repeated = graph_.sections.back().repeated();
    if (next_ == division_.ops.size() && !repeated) return;  // nothing comes later
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
  const Division& division_;
  const std::vector<Mapping>& mappings_;
  Program& program_;
  Emitter& emitter_;
  DmaRoles roles_;
  ReadyTokens ready_;
  Lowering lowering_;
  std::set<UnitId> loaders_;  // engines that fill VMEM
  std::size_t next_ = 0;
  std::int32_t ops_ = 0;  // that work
};

}  // namespace

Program schedule(const Graph& graph, const ChipSpec& chip, const Layout& layout,
                 const Division& division, const std::vector<Mapping>& mappings) {
  Program program;
  program.workload = graph.name;
  program.tokens = graph.tokens;
  program.symbols = layout.symbols();
  for (const Tensor& tensor : division.graph.tensors) {
    if (tensor.role == TensorRole::kTable) program.tables.push_back({tensor.name, tensor.values});
  }
  const Layout parts(layout, division);
  Emitter emitter(program);
  for (std::int64_t core = 0; core < division.cores; ++core) {
    if (core > 0) emitter.next_core();
    Scheduler(graph, chip, parts, division, mappings, emitter, program).run();
  }
  return program;
}

}  // namespace systole
