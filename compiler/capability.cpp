// SPDX-License-Identifier: Apache-2.0
#include "compiler/capability.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <map>
#include <optional>
#include <set>

#include "compiler/op_table.hpp"
#include "compiler/rowwise_recipe.hpp"
#include "isa/chip_loader.hpp"
#include "isa/chip_parameters.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

struct Need {
  std::string_view unit;
  bool (*needed)(const Graph&, const Op&);
  bool (*present)(const ChipSpec&);
  std::string_view key = {};  // of the chip's parameter that says so, where a name helps
};

bool is_product(const Op& op) {
  const OpFamily family = row_of(op.kind).family;
  return family == OpFamily::kProduct || family == OpFamily::kExperts || family == OpFamily::kHeads;
}

bool multiplies(const Graph& graph, const Op& op, DataType type) {
  return is_product(op) && graph.tensors[op.operands[0].tensor].type == type;
}

bool is_transcendental(OpKind kind) {
  const std::optional<VectorOp> vector = row_of(kind).vector_op;
  return vector && row_of(*vector).transcendental > 0;
}

// A maximum or a sum of each row.
bool reduces_rows(OpKind kind) {
  return kind == OpKind::kLayerNorm || kind == OpKind::kRmsNorm || kind == OpKind::kQuantizeRows ||
         kind == OpKind::kSoftmax || kind == OpKind::kNormalize ||
         row_of(kind).family == OpFamily::kHeads;
}

// In the order in which they are reported.
constexpr std::array<Need, 7> kNeeds{{
    {"an XLU (reduction over a row)",
     [](const Graph& /*unused*/, const Op& op) { return reduces_rows(op.kind); },
     [](const ChipSpec& chip) { return chip.xlu.count > 0; }},
    {"a transcendental unit",
     [](const Graph& /*unused*/, const Op& op) {
       bool needed = is_transcendental(op.kind);
       for (const EpilogueStep& step : op.epilogue) needed |= is_transcendental(step.kind);
       return needed || reduces_rows(op.kind);  // a division or a root follows
     },
     [](const ChipSpec& chip) { return chip.vpu.transcendental; }},
    {"bf16 in its MXU",
     [](const Graph& graph, const Op& op) { return multiplies(graph, op, DataType::kBf16); },
     [](const ChipSpec& chip) { return chip.mxu.macs_bf16 > 0; }},
    {"int8 in its MXU",
     [](const Graph& graph, const Op& op) { return multiplies(graph, op, DataType::kInt8); },
     [](const ChipSpec& chip) { return chip.mxu.macs_int8 > 0; }},
    {"fp8 in its MXU",
     [](const Graph& graph, const Op& op) {
       return multiplies(graph, op, DataType::kFp8E4m3) ||
              multiplies(graph, op, DataType::kFp8E5m2);
     },
     [](const ChipSpec& chip) { return chip.mxu.macs_fp8 > 0; }},
    {"a transposed weight load",
     [](const Graph& /*unused*/, const Op& op) {
       return attribute(op, "transpose_rhs", 0) != 0 || row_of(op.kind).family == OpFamily::kHeads;
     },
     [](const ChipSpec& chip) {
       // An input-stationary array streams the rows of a transposed rhs as they lie.
       return chip.mxu.transposed_load || chip.mxu.dataflow == Dataflow::kInputStationary;
     }},
    {"a weight-stationary MXU",
     [](const Graph& /*unused*/, const Op& op) {
       const OpFamily family = row_of(op.kind).family;
       return family == OpFamily::kHeads || family == OpFamily::kExperts ||
              (family == OpFamily::kProduct && attribute(op, "heads", 1) > 1);
     },
     [](const ChipSpec& chip) { return chip.mxu.dataflow == Dataflow::kWeightStationary; },
     "mxu.dataflow"},
}};

std::vector<std::string> presets_with(const Need& need) {
  std::vector<std::string> names;
  for (const std::string& name : chip_names()) {
    if (need.present(load_chip(name, {}).spec)) names.push_back(name);
  }
  return names;
}

// "softmax (h.attn.softmax), layernorm (h.ln_1)": each kind of op once, with the first op of it.
std::string ops_that_need(const Graph& graph, const Need& need) {
  std::map<OpKind, std::string> first;
  std::vector<OpKind> order;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (need.needed(graph, op) && first.emplace(op.kind, op.name).second)
        order.push_back(op.kind);
    }
  }
  std::vector<std::string> texts;
  for (const OpKind kind : order) {
    texts.push_back(fmt::format("{} ({})", name_of(kind), first[kind]));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

// ", not mxu.dataflow output_stationary".
std::string setting_of(const Need& need, const ChipSpec& chip) {
  if (need.key.empty()) return {};
  const ParameterRow& row = *find_parameter(need.key);
  return fmt::format(", not {} {}", need.key, print_parameter(row, row.get(chip)));
}

void check_types(const Graph& graph, const Op& op) {
  if (!is_product(op)) return;
  const DataType type = graph.tensors[op.operands[0].tensor].type;
  if (type == DataType::kBf16 || type == DataType::kInt8 || is_fp8(type)) return;
  bad_input(fmt::format("{}: op {}", graph.name, op.name),
            fmt::format("operands of type {}", name_of(type)), "bf16, int8 or fp8");
}

std::set<std::int32_t> columns_of(const Graph& graph) {
  std::set<std::int32_t> columns;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind == OpKind::kColumn) columns.insert(op.result);
    }
  }
  return columns;
}

// Masks count from the diagonal.
void check_window(const Graph& graph, const Op& op) {
  if (count_of(op, "window") == 0 || attribute_of(op, "causal") != 0) return;
  bad_input(fmt::format("{}: op {}", graph.name, op.name),
            "softmax with a window and not causal, that is not part of an attention", "causal=1");
}

}  // namespace

void check_capability(const Graph& graph, const ChipSpec& chip) {
  for (const Need& need : kNeeds) {
    if (need.present(chip)) continue;
    const std::string ops = ops_that_need(graph, need);
    if (ops.empty()) continue;
    bad_input(graph.name,
              fmt::format("ops that chip {} has no unit for: {} need {}{}", chip.name, ops,
                          need.unit, setting_of(need, chip)),
              fmt::format("a chip that has it, such as {}", fmt::join(presets_with(need), ", ")));
  }
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) check_types(graph, op);
  }
}

namespace {

// A column view has no pitch of its own: only what reads it element by element can.
void check_columns(const Graph& graph, const Op& op, const std::set<std::int32_t>& columns) {
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const std::int32_t tensor = op.operands[i].tensor;
    const bool reads_elements = op.kind == OpKind::kExpertGemm && i > 2;
    if (reads_elements || !columns.contains(tensor)) continue;
    bad_input(fmt::format("{}: op {}", graph.name, op.name),
              fmt::format("%{}, which is a column of a tensor", graph.tensors[tensor].name),
              "a column only as the operand of an expert product's step");
  }
}

}  // namespace

void check_fused(const Graph& graph) {
  const std::set<std::int32_t> columns = columns_of(graph);
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      check_columns(graph, op, columns);
      if (op.kind == OpKind::kSoftmax) check_window(graph, op);
      if (op.kind == OpKind::kSoftmax && op.operands.size() > 1) {
        bad_input(fmt::format("{}: op {}", graph.name, op.name),
                  "softmax with sinks that is not part of an attention",
                  "scores, softmax and context in a row, with nothing else reading between them");
      }
      if (op.kind != OpKind::kScores && op.kind != OpKind::kContext) continue;
      bad_input(fmt::format("{}: op {}", graph.name, op.name),
                fmt::format("{} that is not part of an attention", name_of(op.kind)),
                "scores, softmax and context in a row, with nothing else reading between them");
    }
  }
}

}  // namespace systole
