// SPDX-License-Identifier: Apache-2.0
#include "compiler/mapping.hpp"

#include "catch.hpp"
#include "isa/chip_loader.hpp"

using namespace systole;

TEST_CASE("a gemm mapping counts tiles from its extents") {
  const MxuParams mxu = load_chip("tiny-4x4", {}).spec.mxu;
  GemmMapping g;
  g.split_m = 2, g.split_n = 3, g.mxu_m = 6, g.col_blocks = 2, g.block_k = 8;
  CHECK(g.tile_m() == 12);
  CHECK(g.tile_n(mxu) == 24);
  for (const std::int64_t over : {-1, 0, 1}) {
    g.m = 36 + over, g.n = 48 + over, g.k = 16 + over;
    CHECK(g.tiles_m() == (over > 0 ? 4 : 3));
    CHECK(g.tiles_n(mxu) == (over > 0 ? 3 : 2));
    CHECK(g.blocks_k() == (over > 0 ? 3 : 2));
  }
}

TEST_CASE("an attention mapping counts query blocks, groups of KV heads and rounds of heads") {
  AttentionMapping a;
  a.block_q = 16, a.block_kv = 4, a.heads = 27, a.kv_heads = 9, a.kv_lanes = 4, a.share = 1;
  a.causal = true;
  CHECK(a.steps_per_block() == 4);
  CHECK((a.heads_per_kv() == 3 && a.lanes() == 4 && a.heads_at_a_time() == 4));
  CHECK((a.groups() == 3 && a.rounds() == 3));
  a.stack = 3;
  CHECK((a.rounds() == 1 && a.rows() == 48 && a.heads_at_a_time() == 12));
  a.stack = 1, a.share = 2;
  CHECK((a.rounds() == 2 && a.lanes() == 8));
  a.seq = a.keys = 32;
  CHECK((a.q_blocks() == 2 && a.most_steps() == 8));
  a.seq = a.keys = 33;
  CHECK((a.q_blocks() == 3 && a.most_steps() == 12));
  a.causal = false;
  CHECK(a.most_steps() == 9);
}

TEST_CASE("a mapping is described with all that the search chose") {
  const ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  GemmMapping g;
  g.m = 30, g.n = 20, g.k = 10, g.split_m = 1, g.split_n = 2, g.mxu_m = 6, g.col_blocks = 2;
  g.block_k = 8, g.lhs_resident = true, g.lhs_slots = 3, g.rhs_slots = 4, g.out_slots = 5;
  g.estimate = 600, g.candidates = 7;
  CHECK(describe(g, chip) ==
        "gemm m=30 n=20 k=10 tile=6x16x8 mxus=1x2 per_mxu=6rows*2blocks lhs=resident "
        "slots=lhs:3,rhs:4,out:5 estimate=600 candidates=7");
  const std::int64_t tiles = g.tiles_m();
  g.heads = 3;
  CHECK(g.tiles_m() == 3 * tiles);
  CHECK(describe(g, chip).substr(0, 28) == "gemm heads=3 m=30 n=20 k=10 ");
  AttentionMapping a;
  a.sequences = 1, a.seq = 20, a.keys = 20, a.heads = 6, a.kv_heads = 3, a.head_dim = 4;
  a.value_dim = 4, a.causal = true, a.kv_lanes = 2, a.share = 2, a.block_q = 8, a.block_kv = 4,
  a.kv_slots = 2;
  a.estimate = 99;
  CHECK(describe(a, chip) ==
        "attention sequences=1 seq=20 keys=20 heads=6 kv_heads=3 head_dim=4 causal=1 lanes=2x2 "
        "stack=1 block_q=8 block_kv=4 kv_slots=2 estimate=99");
  a.value_dim = 3, a.values_in_keys = true, a.second_dim = 2, a.sink_element = 2;
  CHECK(describe(a, chip).find("head_dim=4 value_dim=3 of k second_dim=2 causal=1 sinks lanes") !=
        std::string::npos);
  CHECK(describe(RowwiseMapping{5, 6, 2, 4, 11}, chip) ==
        "rowwise rows=5 cols=6 lanes=2 block=4 estimate=11");
  CHECK(describe(std::monostate{}, chip) == "view");
}
