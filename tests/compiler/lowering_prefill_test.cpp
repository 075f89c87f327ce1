// SPDX-License-Identifier: Apache-2.0
// How often attention over many queries reads its keys and values.
#include <fmt/format.h>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/pipeline.hpp"
#include "compiler/tile.hpp"
#include "isa/chip_loader.hpp"
#include "lowering_traffic.hpp"

using namespace systole;

namespace {

struct Heads {
  std::int64_t group, kv_heads, seq;
  bool causal;
};

Graph heads_of(const Heads& h) {
  const std::int64_t cols = h.kv_heads * 16;
  return parse_graph(
      fmt::format("graph \"heads\"\ninput %q bf16[{0}, {1}] input %k bf16[{0}, {2}]\n"
                  "input %v bf16[{0}, {2}]\n%o = mha(%q, %k, %v) {{heads={3}, kv_heads={4}, "
                  "seq={5}, causal={6}}} name=\"heads\"\noutput %o",
                  2 * h.seq, h.group * cols, cols, h.group * h.kv_heads, h.kv_heads, h.seq,
                  h.causal ? 1 : 0),
      "heads.sgr");
}

// Each block of queries reads the keys that it sees, for each round of heads: as many rounds as it
// takes to give each lane that shares a KV head one of its query heads.
void check_reads(const Chip& chip, const Heads& h) {
  INFO(chip.spec.name << ": " << h.kv_heads << " groups of " << h.group << ", seq " << h.seq);
  const Compilation compilation = compile(heads_of(h), chip);
  const auto mapping =
      std::get<AttentionMapping>(map_ops(compilation.graphs.back().second, chip.spec).at(0));
  const std::int64_t rounds = (h.group + mapping.share - 1) / mapping.share;
  const Traffic traffic(compilation.program);
  for (const char* name : {"k", "v"}) {
    const Symbol& symbol = symbol_of(compilation.program, name);
    const RowBytes reads = traffic.reads(name);
    REQUIRE(reads.size() == static_cast<std::size_t>(symbol.rows));
    for (std::int64_t row = 0; row < symbol.rows; ++row) {
      INFO(name << " row " << row);
      const std::int64_t hidden_from = h.causal ? row % h.seq / mapping.block_q : 0;
      CHECK(reads[row] == rounds * (mapping.q_blocks() - hidden_from) * row_bytes(symbol));
    }
  }
  CHECK(traffic.stray() == 0);
}

}  // namespace

TEST_CASE("keys and values are read once per block of queries that sees them and round of heads") {
  for (const Chip& chip : {load_chip("tpu-v5e", {}), load_chip("tpu-v5e", {"vmem.size=1 MiB"}),
                           load_chip("tpu-v4i", {})}) {
    for (const std::int64_t group : {1, 2, 3, 4, 7}) {
      for (const bool causal : {true, false}) check_reads(chip, {group, 2, 700, causal});
    }
  }
}

TEST_CASE("a single MXU reads keys and values for each query head") {
  const Chip chip = load_chip("tiny-4x4", {});
  for (const std::int64_t group : {1, 2, 7}) check_reads(chip, {group, 2, 45, true});
}

TEST_CASE("each query is read once and each result is written once") {
  for (const char* name : {"tpu-v5e", "tiny-4x4"}) {
    const Chip chip = load_chip(name, {});
    for (const std::int64_t group : {1, 3, 7}) {
      INFO(name << " " << group);
      const Program program = compile(heads_of({group, 2, 45, true}), chip).program;
      const Traffic traffic(program);
      CHECK(traffic.reads("q") == all_rows(symbol_of(program, "q")));
      CHECK(traffic.writes("o") == all_rows(symbol_of(program, "o")));
    }
  }
}
