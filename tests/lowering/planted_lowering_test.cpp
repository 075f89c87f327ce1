// SPDX-License-Identifier: Apache-2.0
// Mistakes that are planted in passes are found, named and reduced.
#include <algorithm>

#include "catch.hpp"
#include "compiler/evaluator.hpp"
#include "compiler/graph_text.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"
#include "sim/values/value_campaign.hpp"
#include "sim/values/value_check.hpp"

using namespace systole;

namespace {

// The passes, with a step after one of them that breaks what it leaves.
PassTable broken_after(std::string_view pass, void (*run)(PassState&)) {
  PassTable table = passes();
  for (PassRow& row : table) {
    if (row.name == pass) row.run = run;
  }
  return table;
}
const PassRow& right(std::string_view pass) { return *find_pass(passes(), pass); }

template <class F>
void for_each_op(PassState& state, F&& f) {
  for (Section& section : state.graph.sections) {
    for (Op& op : section.ops) f(op);
  }
}

// Each wrong in its way.
void decompose_forgets_the_scale(PassState& state) {
  right("decompose").run(state);
  for_each_op(state, [](Op& op) {
    if (op.kind == OpKind::kSoftmax) op.attributes["scale"] = 1;
  });
}
void fuse_takes_relu_for_gelu(PassState& state) {
  right("fuse").run(state);
  for_each_op(state, [](Op& op) {
    for (EpilogueStep& step : op.epilogue) {
      if (step.kind == OpKind::kGelu) step.kind = OpKind::kRelu;
    }
  });
}
void orient_exchanges_sub(PassState& state) {
  right("orient").run(state);
  for_each_op(state, [](Op& op) {
    if (op.kind == OpKind::kSub) std::swap(op.operands[0], op.operands[1]);
  });
}
void emit_takes_sub_for_add(PassState& state) {
  right("emit").run(state);
  for (Instruction& instruction : state.program.streams[0]) {
    auto* vector = std::get_if<Vector>(&instruction.body);
    if (vector != nullptr && vector->op == VectorOp::kAdd) vector->op = VectorOp::kSub;
  }
}
void fuse_stops(PassState& state) {
  right("fuse").run(state);
  for_each_op(state, [](Op& op) {
    if (op.kind == OpKind::kSoftmax) throw std::logic_error("a softmax alone");
  });
}
void fuse_loses_an_operand(PassState& state) {
  right("fuse").run(state);
  for_each_op(state, [](Op& op) {
    if (op.kind == OpKind::kGemm && op.operands.size() > 2) op.operands.pop_back();
  });
}

std::size_t ops_of(const ValueCase& found) { return count_ops(found.graph); }

ValueFinding first_finding(const PassTable& table, std::uint64_t seed = 1) {
  const ValueCampaign campaign =
      run_value_campaign({.seed = seed, .graphs = 600, .most_findings = 1, .table = &table});
  REQUIRE(campaign.findings.size() == 1);
  UNSCOPED_INFO(campaign_text(campaign));
  const ValueFinding& finding = campaign.findings[0];
  // What is printed shows the same again.
  const std::string text = case_text(finding.smallest);
  ValueCase again = finding.smallest;
  again.graph = parse_graph(text, "again.sgr");
  CHECK(judge(again, table).verdict == finding.judgement.verdict);
  CHECK_FALSE(is_wrong(judge(again)));
  return finding;
}

}  // namespace

TEST_CASE("a scale that decompose forgets is found in a graph of one attention") {
  const PassTable table = broken_after("decompose", decompose_forgets_the_scale);
  const ValueFinding finding = first_finding(table);
  CHECK(finding.smallest_judgement.verdict == Verdict::kDiffers);
  REQUIRE(finding.smallest_judgement.first.has_value());
  CHECK(finding.smallest_judgement.first->pass == "decompose");
  CHECK(ops_of(finding.smallest) == 1);
  CHECK(finding.smallest.overrides.empty());
}

TEST_CASE("a wrong step that fuse makes is found in a product and that step") {
  const PassTable table = broken_after("fuse", fuse_takes_relu_for_gelu);
  const ValueFinding finding = first_finding(table);
  REQUIRE(finding.smallest_judgement.first.has_value());
  CHECK(finding.smallest_judgement.first->pass == "fuse");
  CHECK(ops_of(finding.smallest) == 2);
  CHECK(finding.smallest.overrides.empty());
}

TEST_CASE("operands that orient exchanges are found in one op on an input-stationary chip") {
  const PassTable table = broken_after("orient", orient_exchanges_sub);
  const ValueFinding finding = first_finding(table);
  REQUIRE(finding.smallest_judgement.first.has_value());
  CHECK(finding.smallest_judgement.first->pass == "orient");
  CHECK(ops_of(finding.smallest) == 1);
}

TEST_CASE("a wrong instruction that emit makes is found in one op, on the chip as it is") {
  const PassTable table = broken_after("emit", emit_takes_sub_for_add);
  const ValueFinding finding = first_finding(table);
  REQUIRE(finding.smallest_judgement.first.has_value());
  const Divergence& first = *finding.smallest_judgement.first;
  CHECK(first.pass == "emit");
  CHECK(ops_of(finding.smallest) == 1);
  CHECK(finding.smallest.overrides.empty());
  const Op& op = finding.smallest.graph.sections[0].ops[0];
  CHECK((first.op == op.name || first.op.rfind(op.name + ".", 0) == 0));  // or a part of it
  for (const Tensor& tensor : finding.smallest.graph.tensors) {
    CHECK(tensor.rows <= 2);
    CHECK(tensor.cols <= 2);
  }
}

TEST_CASE("a pass that stops, or leaves a graph that is none, is found as a bug of the compiler") {
  const PassTable stops = broken_after("fuse", fuse_stops);
  CHECK(first_finding(stops).smallest_judgement.message == "a softmax alone");
  const PassTable loses = broken_after("fuse", fuse_loses_an_operand);
  const ValueFinding finding = first_finding(loses);
  CHECK(finding.smallest_judgement.verdict == Verdict::kBroken);
  CHECK(finding.smallest_judgement.message.find(" after fuse: op '") != std::string::npos);
}

namespace {

const std::string kChain =
    "graph \"chain\"\ninput %x bf16[3, 5]\nweight %w bf16[5, 4]\nweight %v bf16[4, 4]\n"
    "%a = matmul(%x, %w)\n%b = gelu(%a)\n%c = matmul(%b, %v)\n%d = sub(%b, %c)\n%e = add(%d, "
    "%d)\noutput %e, %b\n";

std::optional<Divergence> bisected(const std::string& text, const PassTable& table,
                                   const std::vector<std::string>& overrides = {}) {
  const Graph graph = parse_graph(text, "chain.sgr");
  const Chip chip = load_chip("tiny-4x4", overrides);
  const Compilation compilation = compile(graph, chip, {}, table);
  MemoryImage hbm = hbm_image(compilation.program);
  seed_inputs(compilation.program, kValueSeed, hbm);
  execute(chip.spec, compilation.program, hbm);
  const ProgramCheck check = check_program(graph, compilation, hbm, true);
  CHECK(check.check.wrong.empty() == check.passed());
  return check.first;
}

}  // namespace

TEST_CASE("nothing is named where every pass is right, on arrays of every dataflow") {
  for (const char* dataflow : {"weight_stationary", "output_stationary", "input_stationary"}) {
    CHECK_FALSE(bisected(kChain, passes(), {std::string("mxu.dataflow=") + dataflow}));
  }
}

TEST_CASE("a broken pass is named with the op, where it was written, and the element") {
  const auto first = bisected(kChain, broken_after("fuse", fuse_takes_relu_for_gelu));
  REQUIRE(first.has_value());
  CHECK(first->pass == "fuse");
  CHECK(first->op == "a");
  CHECK(first->location == "chain.sgr:5,6");
  CHECK(first->tensor == "b");
  const auto values = evaluate(parse_graph(kChain, "chain.sgr"), kValueSeed, Precision::kFp32);
  CHECK(first->expected == values.at("b")[static_cast<std::size_t>(first->row * 4 + first->col)]);
  CHECK(first->found ==
        std::max(0.0, values.at("a")[static_cast<std::size_t>(first->row * 4 + first->col)]));
}

TEST_CASE("orient is named on the chip that it works for, and only there") {
  const PassTable table = broken_after("orient", orient_exchanges_sub);
  const auto first = bisected(kChain, table, {"mxu.dataflow=input_stationary"});
  REQUIRE(first.has_value());
  CHECK(first->pass == "orient");
  CHECK(first->tensor == "d");
}

TEST_CASE("a broken program is named with the first op in its order whose result differs") {
  const auto first = bisected(kChain, broken_after("emit", emit_takes_sub_for_add));
  REQUIRE(first.has_value());
  CHECK(first->pass == "emit");
  CHECK(first->op == "e");
  CHECK(first->location == "chain.sgr:9");
  CHECK(first->tensor == "e");
  CHECK(first->row == 0);
  CHECK(first->found == 0);
  CHECK(first->expected != 0);
}

TEST_CASE("a divergence is described with pass, op, place and element") {
  Divergence first{"fuse", "fc", "mlp.sgr:7", "y", 3, 7, 2.5, 2.25};
  CHECK(describe(first) ==
        "pass 'fuse', op 'fc' (mlp.sgr:7), %y row 3, column 7: found 2.5; expected 2.25");
  first.location.clear();
  CHECK(describe(first).find("op 'fc', %y") != std::string::npos);
}
