// SPDX-License-Identifier: Apache-2.0
// Work that an op cannot avoid, for one repetition: the numerators of utilization and roofline.
#pragma once

#include <cstdint>

#include "compiler/graph.hpp"
#include "compiler/residency.hpp"
#include "isa/units.hpp"

namespace systole {

struct OpCounts {
  // Useful multiply-accumulates, unpadded. matmul, linear, gemm: M * K * N. scores, context:
  // tokens * keys * (heads * head size) each. mha, attention: both; causal ones count only the
  // pairs below and on the diagonal, seq * (seq + 1) / 2 per sequence. Others: 0.
  std::int64_t macs = 0;
  // Each distinct operand (or column view) read once. embedding, gather: the distinct rows that
  // the table names; the table itself lies in the program. attention: k and v whole, once per KV
  // head. rows, append: views, nothing; who computes the rows to append writes them.
  Bytes read_bytes = 0;
  Bytes write_bytes = 0;  // the results, written once
};

// Without the bytes of what `residency` keeps in VMEM.
OpCounts count_op(const Graph& graph, const Op& op, const Residency& residency = {});

}  // namespace systole
