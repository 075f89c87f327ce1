// SPDX-License-Identifier: Apache-2.0
#include "compiler/mapping.hpp"

#include <fmt/format.h>

namespace systole {
namespace {

std::string text(const std::monostate& /*unused*/, const ChipSpec& /*unused*/) { return "view"; }

std::string text(const GemmMapping& g, const ChipSpec& chip) {
  return fmt::format(
      "gemm m={} n={} k={} tile={}x{}x{} mxus={}x{} per_mxu={}rows*{}blocks lhs={} "
      "slots=lhs:{},rhs:{},out:{} estimate={} candidates={}",
      g.m, g.n, g.k, g.tile_m(), g.tile_n(chip.mxu), g.block_k, g.split_m, g.split_n, g.mxu_m,
      g.col_blocks, g.lhs_resident ? "resident" : "streamed", g.lhs_slots, g.rhs_slots, g.out_slots,
      g.estimate, g.candidates);
}

std::string text(const AttentionMapping& a, const ChipSpec& /*unused*/) {
  return fmt::format(
      "attention sequences={} seq={} heads={} head_dim={} causal={} lanes={} block_q={} "
      "block_kv={} estimate={}",
      a.sequences, a.seq, a.heads, a.head_dim, a.causal ? 1 : 0, a.lanes, a.block_q, a.block_kv,
      a.estimate);
}

std::string text(const RowwiseMapping& r, const ChipSpec& /*unused*/) {
  return fmt::format("rowwise rows={} cols={} lanes={} block={} estimate={}", r.rows, r.cols,
                     r.lanes, r.block, r.estimate);
}

}  // namespace

std::string describe(const Mapping& mapping, const ChipSpec& chip) {
  return std::visit([&](const auto& m) { return text(m, chip); }, mapping);
}

}  // namespace systole
