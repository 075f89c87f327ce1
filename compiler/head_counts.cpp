// SPDX-License-Identifier: Apache-2.0
#include "compiler/head_counts.hpp"

#include "compiler/op_table.hpp"

namespace systole {

HeadCounts head_counts(const Op& op) {
  HeadCounts counts{.heads = count_of(op, "heads"),
                    .kv_heads = count_of(op, "kv_heads"),
                    .seq = count_of(op, "seq"),
                    .keys = count_of(op, "keys")};
  if (counts.kv_heads == 0) counts.kv_heads = counts.heads;
  if (counts.keys == 0) counts.keys = counts.seq;
  return counts;
}

std::map<std::string, double, std::less<>> head_attributes(const HeadCounts& counts) {
  std::map<std::string, double, std::less<>> attributes{
      {"heads", static_cast<double>(counts.heads)}, {"seq", static_cast<double>(counts.seq)}};
  if (counts.kv_heads != counts.heads) {
    attributes["kv_heads"] = static_cast<double>(counts.kv_heads);
  }
  if (counts.keys != counts.seq) attributes["keys"] = static_cast<double>(counts.keys);
  return attributes;
}

}  // namespace systole
