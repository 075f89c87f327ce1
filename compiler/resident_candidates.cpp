// SPDX-License-Identifier: Apache-2.0
#include "compiler/resident_candidates.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"

namespace systole {
namespace {

std::size_t at(std::int32_t tensor) { return static_cast<std::size_t>(tensor); }

// Whether the kernel reads operand `which` where the producer left it.
bool read_in_place(const Op& op, std::size_t which) {
  switch (row_of(op.kind).family) {
    case OpFamily::kProduct:
      return which == 0 || which >= static_cast<std::size_t>(row_of(op.kind).operands);
    // Two parts of the queries are loaded side by side.
    case OpFamily::kHeads: return which == 0 && head_operands(op).q2 < 0;
    case OpFamily::kBinary:
    case OpFamily::kUnary:
    case OpFamily::kRowwise: return true;
    case OpFamily::kView:
    case OpFamily::kLookup:
    case OpFamily::kExperts: return false;
  }
  return false;
}

// Whether the kernel can leave its result at any place of VMEM: those of experts are scattered.
bool written_in_place(const Op& op) {
  switch (row_of(op.kind).family) {
    case OpFamily::kProduct:
    case OpFamily::kHeads:
    case OpFamily::kBinary:
    case OpFamily::kUnary:
    case OpFamily::kRowwise:
    case OpFamily::kLookup: return true;
    case OpFamily::kView:
    case OpFamily::kExperts: return false;
  }
  return false;
}

// What is known of the tensors that share a home: a tensor with its views, a carried value.
struct Life {
  bool computed = false, allowed = true, carried = false;
  std::size_t first = 0, last = 0;
  std::int64_t moves = 0;
};

class Lives {
 public:
  explicit Lives(const Graph& graph)
      : graph_(graph), group_(graph.tensors.size()), lives_(graph.tensors.size()) {
    std::iota(group_.begin(), group_.end(), 0);
    join();
    std::size_t begin = 0;
    for (const Section& section : graph.sections) {
      walk(section, begin);
      begin += section.ops.size();
    }
    for (const std::int32_t output : graph.outputs) life(output).allowed = false;
  }

  std::vector<ResidentCandidate> candidates() {
    std::vector<ResidentCandidate> all;
    for (std::size_t t = 0; t < lives_.size(); ++t) {
      const Life& one = lives_[t];
      if (group_[t] != t || !one.computed || !one.allowed) continue;
      ResidentCandidate candidate;
      for (std::size_t member = t; member < lives_.size(); ++member) {
        if (group_of(member) == t) candidate.tensors.push_back(static_cast<std::int32_t>(member));
      }
      const Tensor& tensor = graph_.tensors[t];
      candidate.bytes = round_up(tensor.rows * tensor.cols * size_of(tensor.type), kHomeAlignment) *
                        (one.carried ? 2 : 1);
      candidate.first = one.first;
      candidate.last = one.last;
      candidate.moves = one.moves;
      all.push_back(std::move(candidate));
    }
    return all;
  }

 private:
  // The number of a group is that of its first tensor: views come after what they show, and what
  // begins a carried value before its other names.
  std::size_t group_of(std::size_t t) const {
    while (group_[t] != t) t = group_[t];
    return t;
  }
  Life& life(std::int32_t tensor) { return lives_[group_of(at(tensor))]; }

  void unite(std::int32_t a, std::int32_t b) {
    const std::size_t one = group_of(at(a));
    const std::size_t other = group_of(at(b));
    group_[std::max(one, other)] = std::min(one, other);
  }

  void join() {
    for (const Section& section : graph_.sections) {
      for (const Carry& carry : section.carries) {
        for (const std::int32_t name : {carry.argument, carry.yield, carry.result}) {
          unite(carry.initial, name);
        }
        begun_.insert(carry.result);
      }
      for (const Op& op : section.ops) {
        if (op.kind == OpKind::kRows) unite(op.operands[0].tensor, op.result);
      }
    }
  }

  void walk(const Section& section, std::size_t begin) {
    const std::size_t end = begin + section.ops.size();
    std::set<std::size_t> here;  // groups that the section computes and does not carry
    std::set<std::int32_t> results;
    for (std::size_t k = begin; k < end; ++k) {
      const Op& op = section.ops[k - begin];
      read(section, op, k, end, here);
      if (row_of(op.kind).family == OpFamily::kView) continue;
      for (const std::int32_t result : {op.result, op.scales}) {
        if (result < 0) continue;
        write(section, op, result, k, begin);
        here.insert(group_of(at(result)));
        begun_.insert(result);
        results.insert(result);
      }
    }
    for (const Carry& carry : section.carries) {
      Life& one = life(carry.initial);
      one.carried = true;
      one.last = std::max(one.last, end - 1);
      if (!begun_.contains(carry.initial) || !results.contains(carry.yield)) one.allowed = false;
    }
  }

  void read(const Section& section, const Op& op, std::size_t number, std::size_t end,
            const std::set<std::size_t>& here) {
    for (std::size_t which = 0; which < op.operands.size(); ++which) {
      const std::int32_t tensor = op.operands[which].tensor;
      Life& one = life(tensor);
      if (op.kind == OpKind::kRows) continue;
      if (!read_in_place(op, which)) one.allowed = false;
      // What comes from before the section is there in each repetition.
      const bool again = section.repeated() && !here.contains(group_of(at(tensor)));
      one.last = std::max(one.last, again ? end - 1 : number);
      one.moves += section.times();
    }
  }

  void write(const Section& section, const Op& op, std::int32_t result, std::size_t number,
             std::size_t begin) {
    Life& one = life(result);
    // The DMA engine of a lookup waits for other ops at the beginning of a section only.
    const std::size_t first = row_of(op.kind).family == OpFamily::kLookup ? begin : number;
    one.first = one.computed ? std::min(one.first, first) : first;
    one.last = std::max(one.last, number);
    one.computed = true;
    one.moves += section.times();
    if (!written_in_place(op)) one.allowed = false;
  }

  const Graph& graph_;
  std::vector<std::size_t> group_;
  std::vector<Life> lives_;
  std::set<std::int32_t> begun_;  // computed so far
};

}  // namespace

std::vector<ResidentCandidate> resident_candidates(const Graph& graph) {
  return Lives(graph).candidates();
}

}  // namespace systole
