// SPDX-License-Identifier: Apache-2.0
#include "compiler/append_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "compiler/op_table.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

class AppendVerifier {
 public:
  AppendVerifier(const Graph& graph, std::string_view where) : graph_(graph), where_(where) {
    for (const Section& section : graph.sections) {
      for (const Op& op : section.ops) {
        for (const Operand& operand : op.operands) ++reads_[operand.tensor];
        if (op.kind == OpKind::kAppend) ++appends_[op.operands[1].tensor];
      }
    }
    for (const Section& section : graph.sections) {
      for (const Carry& carry : section.carries) {
        named_.insert({carry.initial, carry.argument, carry.yield, carry.result});
      }
    }
  }

  void verify() {
    for (const Section& section : graph_.sections) {
      std::unordered_set<std::int32_t> computed;
      grown_.clear();
      for (const Op& op : section.ops) {
        if (op.kind == OpKind::kAppend) {
          verify_append(op, computed);
          grown_.insert(op.result);
        }
        if (row_of(op.kind).family != OpFamily::kView) computed.insert(op.result);
      }
    }
  }

 private:
  void verify_append(const Op& op, const std::unordered_set<std::int32_t>& computed) const {
    const std::int32_t cache = op.operands[0].tensor;
    const std::int32_t rows = op.operands[1].tensor;
    const bool is_output =
        std::find(graph_.outputs.begin(), graph_.outputs.end(), rows) != graph_.outputs.end();
    require(tensor(cache).role == TensorRole::kInput || grown_.contains(cache), op, cache,
            "as cache", "an input, or what an append before it, in the same section, made of one");
    require(reads_.at(cache) == 1 && !named_.contains(cache), op, cache, "read by others too",
            "a cache that only this append reads");
    require(computed.contains(rows), op, rows, "appended",
            "rows that an op before it, in the same section, computes");
    require(appends_.at(rows) == 1, op, rows, "appended again", "rows that are appended once");
    require(!named_.contains(rows) && !is_output, op, rows, "carried or an output",
            "rows that only the cache keeps");
    require(!named_.contains(op.result), op, op.result, "carried", "a cache that stays in place");
  }

  const Tensor& tensor(std::int32_t index) const {
    return graph_.tensors[static_cast<std::size_t>(index)];
  }
  void require(bool holds, const Op& op, std::int32_t index, std::string_view found,
               std::string_view expected) const {
    if (holds) return;
    bad_input(fmt::format("{}: op '{}' (append)", where_, op.name),
              fmt::format("%{} {}", tensor(index).name, found), expected);
  }

  const Graph& graph_;
  std::string_view where_;
  std::unordered_map<std::int32_t, int> reads_, appends_;  // operands, and rows of appends
  std::unordered_set<std::int32_t> named_;                 // by a carry
  std::unordered_set<std::int32_t> grown_;                 // by an append of the section
};

}  // namespace

void verify_appends(const Graph& graph, std::string_view where) {
  AppendVerifier(graph, where).verify();
}

}  // namespace systole
