// SPDX-License-Identifier: Apache-2.0
#include "compiler/mapping.hpp"

#include <fmt/format.h>

namespace systole {
namespace {

std::string text(const std::monostate& /*unused*/, const ChipSpec& /*unused*/) { return "view"; }

std::string text(const GemmMapping& g, const ChipSpec& chip) {
  return fmt::format(
      "gemm {}m={} n={} k={} tile={}x{}x{} mxus={}x{} per_mxu={}rows*{}blocks lhs={} "
      "slots=lhs:{},rhs:{},out:{}{} estimate={} candidates={}",
      g.heads > 1 ? fmt::format("heads={} ", g.heads) : "", g.m, g.n, g.k, g.tile_m(),
      g.tile_n(chip.mxu), g.block_k, g.split_m, g.split_n, g.mxu_m, g.col_blocks,
      g.lhs_kept       ? "kept"
      : g.lhs_resident ? "resident"
                       : "streamed",
      g.lhs_slots, g.rhs_slots, g.out_slots, g.out_kept ? " out=kept" : "", g.estimate,
      g.candidates);
}

std::string text(const AttentionMapping& a, const ChipSpec& /*unused*/) {
  return fmt::format(
      "attention sequences={} seq={} keys={} heads={} kv_heads={} head_dim={}{}{} causal={}{}{}{} "
      "lanes={}x{}{}{} stack={} block_q={} block_kv={} kv_slots={}{} estimate={}",
      a.sequences, a.seq, a.keys, a.heads, a.kv_heads, a.head_dim,
      a.value_dim == a.head_dim && !a.values_in_keys
          ? ""
          : fmt::format(" value_dim={}{}", a.value_dim, a.values_in_keys ? " of k" : ""),
      a.second_dim == 0 ? "" : fmt::format(" second_dim={}", a.second_dim), a.causal ? 1 : 0,
      a.window == 0 ? "" : fmt::format(" window={}", a.window),
      a.softcap == 0 ? "" : fmt::format(" softcap={}", a.softcap),
      a.sink_element == 0 ? "" : " sinks", a.kv_lanes, a.share,
      a.sequence_lanes == 1 ? "" : fmt::format(" sequence_lanes={}", a.sequence_lanes),
      a.key_lanes == 1 ? "" : fmt::format(" key_lanes={}", a.key_lanes), a.stack, a.block_q,
      a.block_kv, a.kv_slots, a.q_slots == 2 ? "" : fmt::format(" q_slots={}", a.q_slots),
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
