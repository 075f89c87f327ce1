// SPDX-License-Identifier: Apache-2.0
#include "compiler/attention_mapping.hpp"

#include <fmt/format.h>

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "least.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

struct Heads {
  std::int64_t sequences = 1, seq = 1, keys = 1, heads = 1, kv_heads = 1, head_dim = 1;
  bool causal = false;
  std::int64_t window = 0;
};

Graph attention(const Heads& h) {
  return fuse(decompose(parse_graph(
      fmt::format(
          "graph \"g\"\ninput %q bf16[{}, {}] input %k bf16[{}, {}]\n"
          "%y = mha(%q, %k, %k) {{heads={}, kv_heads={}, seq={}, keys={}, causal={}, window={}}} "
          "name=\"heads\"\noutput %y",
          h.sequences * h.seq, h.heads * h.head_dim, h.sequences * h.keys, h.kv_heads * h.head_dim,
          h.heads, h.kv_heads, h.seq, h.keys, h.causal ? 1 : 0, h.window),
      "g.sgr")));
}

AttentionMapping map_heads(const ChipSpec& chip, const Heads& heads, Bytes vmem) {
  const Graph graph = attention(heads);
  return map_attention(chip, graph, graph.sections.back().ops.back(), vmem);
}

// Causal multi-head attention of one sequence.
Heads causal_heads(std::int64_t seq, std::int64_t heads, std::int64_t head_dim) {
  return {1, seq, seq, heads, heads, head_dim, true};
}

// What every mapping must be.
void check_mapping(const ChipSpec& chip, const Heads& h, Bytes vmem) {
  const AttentionMapping a = map_heads(chip, h, vmem);
  INFO(describe(a, chip));
  CHECK((a.sequences == h.sequences && a.seq == h.seq && a.key_rows == h.keys));
  CHECK(a.first_key + a.keys == h.keys);
  CHECK((a.heads == h.heads && a.kv_heads == h.kv_heads && a.head_dim == h.head_dim));
  CHECK(attention_vmem(a, chip) <= vmem);
  CHECK(attention_acc_rows(a, chip) <= chip.mxu.acc_depth);
  CHECK(a.block_kv % chip.mxu.cols == 0);
  CHECK(chip.mxu.cols % a.key_chunk == 0);
  CHECK((a.lanes() >= 1 && a.lanes() <= chip.mxu.count && a.kv_lanes <= h.kv_heads));
  // Several KV heads side by side: their query heads lie side by side, too.
  CHECK((a.kv_lanes == 1 || a.share * a.stack == a.heads_per_kv()));
  // Heads as rows of a lane: only where a sequence has one query.
  CHECK((a.stack == 1 || (h.seq == 1 && a.stack == a.heads_per_kv())));
  if (a.causal) {
    CHECK(a.block_q % (2 * a.block_kv) == 0);
    CHECK(a.steps_per_block() % a.kv_slots == 0);
    CHECK((a.window > 0 || a.kv_slots == a.steps_per_block()));
  }
  // Sequences, and parts of keys, side by side: only of one query each, and none without a block.
  CHECK((a.key_readers() == 1 || (h.seq == 1 && a.groups() == 1 && a.rounds() == 1)));
  CHECK(a.sequence_lanes <= h.sequences);
  CHECK((a.key_lanes - 1) * a.most_steps() < ceil_div(a.keys, a.block_kv));
  const std::int64_t seen = h.window == 0 ? h.keys : std::min(h.keys, h.window);
  const std::int64_t pairs =
      h.causal ? seen * (seen + 1) / 2 + (h.seq - seen) * seen : h.seq * seen;
  CHECK(a.estimate >= h.sequences * h.heads * h.head_dim * 2 * pairs /
                          peak_macs_per_cycle(chip, DataType::kBf16));
}

}  // namespace

TEST_CASE("an attention's blocks fit VMEM and accumulators, whatever its heads and lengths") {
  for (const char* name : {"tiny-4x4", "tpu-v3", "tpu-v4i", "tpu-v5e"}) {
    const ChipSpec chip = load_chip(name, {}).spec;
    INFO(name);
    for (const std::int64_t kv_heads : {1, 2, 3, 12}) {
      for (const std::int64_t group : {1, 2, 5, 7}) {
        for (const std::int64_t head_dim : {1, 4, 20}) {
          Heads h{2, 1, 1, kv_heads * group, kv_heads, head_dim, false};
          for (const std::int64_t seq : {1, 17, 700}) {
            h.seq = h.keys = seq;
            for (const bool causal : {false, true}) {
              h.causal = causal;
              check_mapping(chip, h, chip.vmem.size / 2);
            }
          }
          h = {3, 1, 701, kv_heads * group, kv_heads, head_dim, false};
          check_mapping(chip, h, chip.vmem.size / 2);
        }
      }
    }
  }
}

TEST_CASE("with a window, the blocks of keys that are visited reach over it, and little further") {
  for (const char* name : {"tiny-4x4", "tpu-v5e"}) {
    const ChipSpec chip = load_chip(name, {}).spec;
    for (const std::int64_t window : {1, 2, 5, 128, 129, 500, 1023, 1024, 3000}) {
      Heads h = causal_heads(1024, 4, 16);
      h.window = window;
      check_mapping(chip, h, chip.vmem.size / 2);
      const AttentionMapping a = map_heads(chip, h, chip.vmem.size / 2);
      INFO(describe(a, chip) << " window " << window);
      CHECK(a.window == (window < 1024 ? window : 0));
      std::int64_t visits = 0;
      for (std::int64_t block = 0; block < a.q_blocks(); ++block) {
        const std::int64_t steps = std::min((block + 1) * a.steps_per_block(), a.most_steps());
        visits += steps;
        const std::int64_t first_key = (block + 1) * a.block_q - steps * a.block_kv;
        const std::int64_t first_seen =
            std::max<std::int64_t>(0, block * a.block_q - std::min<std::int64_t>(window, 1024) + 1);
        CHECK(first_key <= first_seen);
        if (a.window > 0) CHECK(first_seen - first_key < a.kv_slots * a.block_kv);
        CHECK(steps % 2 == 0);
      }
      CHECK(a.visits() == visits);
    }
  }
}

TEST_CASE("a step's mapping has the keys of the window only") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  const AttentionMapping a =
      map_heads(chip, {2, 1, 3000, 8, 2, 64, false, 512}, chip.vmem.size / 2);
  CHECK((a.keys == 512 && a.first_key == 2488 && a.key_rows == 3000 && a.window == 0));
}

TEST_CASE("with one query per sequence, the heads of a group are the rows of one lane") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  for (const std::int64_t group : {1, 4, 7}) {
    const AttentionMapping a =
        map_heads(chip, {1, 1, 2049, 8 * group, 8, 128, false}, chip.vmem.size / 2);
    CHECK(a.stack == group);
    CHECK(a.share == 1);
    CHECK(a.rounds() == 1);  // so that keys and values are read once
  }
  // Two queries per sequence are rows of their own.
  CHECK(map_heads(chip, {1, 2, 2049, 32, 8, 128, false}, chip.vmem.size / 2).stack == 1);
}

TEST_CASE("MXUs without a KV head take further sequences, or else parts of the keys") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  const auto map = [&](std::int64_t sequences, std::int64_t kv_heads, std::int64_t keys) {
    return map_heads(chip, {sequences, 1, keys, 16 * kv_heads, kv_heads, 512}, chip.vmem.size / 2);
  };
  CHECK((map(8, 1, 2049).sequence_lanes == 4 && map(8, 1, 2049).key_lanes == 1));
  CHECK((map(1, 1, 2049).sequence_lanes == 1 && map(1, 1, 2049).key_lanes == 4));
  CHECK((map(2, 1, 2049).sequence_lanes == 2 && map(2, 1, 2049).key_lanes == 2));
  CHECK((map(8, 2, 2049).kv_lanes == 2 && map(8, 2, 2049).sequence_lanes == 2));
  CHECK((map(8, 4, 2049).kv_lanes == 4 && map(8, 4, 2049).key_readers() == 1));
  CHECK(map(1, 1, 128).key_lanes == 1);  // one block
  CHECK(map(1, 1, 129).key_lanes == 2);
}

TEST_CASE("what a window's mapping computes is little more than what is seen") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  for (const std::int64_t window : {128, 512, 1000}) {
    Heads h = causal_heads(2048, 4, 128);
    h.window = window;
    const AttentionMapping a = map_heads(chip, h, chip.vmem.size / 2);
    const std::int64_t seen = window * (window + 1) / 2 + (2048 - window) * window;
    INFO(describe(a, chip));
    CHECK(attention_pairs(a, chip) >= seen);
    // At each end of the window at most a block of keys is computed in part.
    CHECK(attention_pairs(a, chip) <= seen + 2048 * (chip.mxu.cols + a.block_kv));
  }
}

TEST_CASE("lanes that share a KV head read its keys once for as many query heads as fit") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  const auto map = [&](std::int64_t heads, std::int64_t kv_heads) {
    return map_heads(chip, {1, 2048, 2048, heads, kv_heads, 128, true}, chip.vmem.size / 2);
  };
  CHECK((map(32, 8).share == 4 && map(32, 8).kv_lanes == 1 && map(32, 8).rounds() == 1));
  CHECK((map(28, 4).share == 4 && map(28, 4).rounds() == 2));
  CHECK((map(16, 8).share == 2 && map(16, 8).kv_lanes == 2));
  CHECK((map(32, 32).share == 1 && map(32, 32).kv_lanes == 4));
}

TEST_CASE("an attention that does not fit is refused by its name") {
  const ChipSpec chip = load_chip("tiny-4x4", {"vmem.size=16 KiB"}).spec;
  CHECK_THROWS_WITH(map_heads(chip, causal_heads(64, 1, 4096), chip.vmem.size),
                    starts_with("heads: ") && contains("heads of 4096"));
}

TEST_CASE("an attention is taken by N bytes of VMEM and refused by N - 1") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  for (const std::int64_t head_dim : {32, 64, 200}) {
    const Heads heads = causal_heads(300, 6, head_dim);
    const Bytes bytes = least(chip.vmem.size, [&](Bytes vmem) { map_heads(chip, heads, vmem); });
    CHECK_THROWS_AS(map_heads(chip, heads, bytes - 1), Error);
    const AttentionMapping a = map_heads(chip, heads, bytes);
    CHECK(a.lanes() == 1);
    CHECK(a.block_q == 2 * a.block_kv);
    CHECK(attention_vmem(a, chip) == bytes);
    // More VMEM never makes it slower.
    Cycles before = a.estimate;
    for (Bytes vmem = bytes; vmem < 32 * bytes; vmem += bytes / 16) {
      const AttentionMapping more = map_heads(chip, heads, vmem);
      CHECK(attention_vmem(more, chip) <= vmem);
      CHECK(more.estimate <= before);
      before = more.estimate;
    }
    CHECK(map_heads(chip, heads, 32 * bytes).groups() == 2);  // 6 heads on 4 MXUs
  }
}

TEST_CASE("an attention is taken by N accumulator rows and refused by N - 1") {
  ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  const Heads heads{1, 32, 32, 1, 1, 9, false};  // head of 9: three column blocks
  chip.mxu.acc_depth = 2 * 4 * (1 + 3);
  const AttentionMapping a = map_heads(chip, heads, chip.vmem.size);
  CHECK(attention_acc_rows(a, chip) == chip.mxu.acc_depth);
  chip.mxu.acc_depth -= 1;
  CHECK_THROWS_WITH(map_heads(chip, heads, chip.vmem.size),
                    starts_with("heads: ") && contains("31 accumulator rows"));
}
