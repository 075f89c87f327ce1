// SPDX-License-Identifier: Apache-2.0
#include "compiler/operand_reads.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "compiler/expert_rules.hpp"
#include "compiler/head_counts.hpp"
#include "compiler/op_rules.hpp"
#include "compiler/op_table.hpp"

namespace systole {
namespace {

const Tensor& tensor_of(const Graph& graph, const Operand& operand) {
  return graph.tensors[static_cast<std::size_t>(operand.tensor)];
}

// Of one operand, in one repetition. A lookup reads the rows that its table names.
Bytes needed_bytes(const Graph& graph, const Op& op, std::size_t which) {
  const Operand& operand = op.operands[which];
  const Extent extent = extent_of(graph, operand);
  std::int64_t rows = rows_read(op, which, needed_rows(graph, op, which));
  if (op.kind == OpKind::kSelect) {
    return tensor_of(graph, op.operands[0]).rows * size_of(tensor_of(graph, operand).type);
  }
  if (row_of(op.kind).family == OpFamily::kLookup) {
    const std::vector<std::int64_t>& named = tensor_of(graph, op.operands[0]).values;
    rows = static_cast<std::int64_t>(std::set<std::int64_t>(named.begin(), named.end()).size());
  }
  return rows * extent.cols * size_of(tensor_of(graph, operand).type);
}

// Where the whole tensor lies, in all repetitions.
OperandRead located(const Graph& graph, const Layout& layout, const Operand& operand,
                    const Section& section) {
  const Place place = layout.place(operand.tensor, index(0));
  OperandRead read;
  read.name = tensor_of(graph, operand).name;
  read.address = place.base;
  read.size = (place.rows - 1) * place.pitch + place.cols * place.element();
  if (place.ring > 0) {
    read.size = place.ring;
  } else if (place.layer.stride[0] > 0) {
    read.copies = section.times();
    read.stride = place.layer.stride[0];
  }
  return read;
}

bool overlap(const OperandRead& a, const OperandRead& b) {
  return a.address < b.address + b.size && b.address < a.address + a.size;
}

void merge(OperandRead& into, const OperandRead& other) {
  const std::int64_t end = std::max(into.address + into.size, other.address + other.size);
  if (into.name != other.name) into.name += " and " + other.name;
  into.bytes += other.bytes;
  into.address = std::min(into.address, other.address);
  into.size = end - into.address;
}

std::vector<OperandRead> reads_of(const Graph& graph, const Layout& layout, const Op& op,
                                  const Section& section) {
  std::vector<OperandRead> reads;
  std::set<std::tuple<std::int32_t, std::int64_t, std::int64_t>> seen;
  for (std::size_t which = 0; which < op.operands.size(); ++which) {
    const Operand& operand = op.operands[which];
    if (tensor_of(graph, operand).role == TensorRole::kTable) continue;
    if (layout.residency().kept(operand.tensor)) continue;
    if (which == 2 && values_in_keys(graph, op)) continue;
    const Extent extent = extent_of(graph, operand);
    if (!seen.insert({operand.tensor, operand.first_col, extent.cols}).second) continue;
    OperandRead read = located(graph, layout, operand, section);
    read.bytes = needed_bytes(graph, op, which);
    const auto shared = std::find_if(reads.begin(), reads.end(),
                                     [&](const OperandRead& r) { return overlap(r, read); });
    if (shared == reads.end()) {
      reads.push_back(std::move(read));
    } else {
      merge(*shared, read);
    }
  }
  return reads;
}

}  // namespace

std::vector<OperandRead> operand_reads(const Graph& graph, const Layout& layout,
                                       const Program& program) {
  std::map<std::string, std::int32_t> numbers;
  for (std::size_t k = 0; k < program.ops.size(); ++k) {
    numbers[program.ops[k].name] = static_cast<std::int32_t>(k);
  }
  std::vector<OperandRead> all;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      const auto number = numbers.find(op.name);
      if (number == numbers.end()) continue;  // a view does no work
      for (OperandRead& read : reads_of(graph, layout, op, section)) {
        read.op = number->second;
        read.bytes *= program.ops[static_cast<std::size_t>(read.op)].count;
        all.push_back(std::move(read));
      }
    }
  }
  return all;
}

}  // namespace systole
