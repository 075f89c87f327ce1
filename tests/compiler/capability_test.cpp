// SPDX-License-Identifier: Apache-2.0
#include "compiler/capability.hpp"

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

const std::string kTensors =
    "graph \"g\"\ninput %x bf16[8, 8] input %i int8[8, 8] "
    "input %e fp8_e4m3[8, 8] input %f fp8_e5m2[8, 8] "
    "weight %r bf16[1, 8] constant %w fp32[8, 2] cos frequencies=[1, 2]\n";

ChipSpec without(const std::string& what) {
  ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  if (what == "xlu") chip.xlu.count = 0;
  if (what == "transcendental") chip.vpu.transcendental = false;
  if (what == "bf16") chip.mxu.macs_bf16 = 0;
  if (what == "int8") chip.mxu.macs_int8 = 0;
  if (what == "fp8") chip.mxu.macs_fp8 = 0;
  if (what == "transposed") chip.mxu.transposed_load = false;
  if (what == "output") chip.mxu.dataflow = Dataflow::kOutputStationary;
  if (what == "input") chip.mxu.dataflow = Dataflow::kInputStationary;
  return chip;
}

// The message of the refusal; empty where the graph is taken.
std::string refusal(const std::string& ops, const ChipSpec& chip) {
  const Graph graph = decompose(parse_graph(kTensors + ops, "g.sgr"));
  try {
    check_capability(graph, chip);
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::kBadInput);
    return e.what();
  }
  return "";
}

struct Need {
  std::string missing, op, kind, unit;
};
const std::vector<Need> kNeeds{
    {"xlu", "%y = softmax(%x)", "softmax", "an XLU"},
    {"xlu", "%y = layernorm(%x, %r, %r) {eps=1}", "layernorm", "an XLU"},
    {"xlu", "%y = rmsnorm(%x, %r) {eps=1}", "rmsnorm", "an XLU"},
    {"xlu", "%y, %s = quantize_rows(%x)", "quantize_rows", "an XLU"},
    {"xlu", "%y = mha(%x, %x, %x) {heads=2, seq=4}", "scores", "an XLU"},
    {"transcendental", "%y = softmax(%x)", "softmax", "a transcendental unit"},
    {"transcendental", "%y = layernorm(%x, %r, %r) {eps=1}", "layernorm", "a transcendental unit"},
    {"transcendental", "%y = rmsnorm(%x, %r) {eps=1}", "rmsnorm", "a transcendental unit"},
    {"transcendental", "%y, %s = quantize_rows(%x)", "quantize_rows", "a transcendental unit"},
    {"transcendental", "%y = exp(%x)", "exp", "a transcendental unit"},
    {"transcendental", "%y = tanh(%x)", "tanh", "a transcendental unit"},
    {"transcendental", "%y = gelu(%x)", "gelu", "a transcendental unit"},
    {"transcendental", "%y = gelu_tanh(%x)", "gelu_tanh", "a transcendental unit"},
    {"transcendental", "%y = sigmoid(%x)", "sigmoid", "a transcendental unit"},
    {"transcendental", "%y = silu(%x)", "silu", "a transcendental unit"},
    {"bf16", "%y = matmul(%x, %x)", "matmul", "bf16 in its MXU"},
    {"int8", "%y = matmul(%i, %i)", "matmul", "int8 in its MXU"},
    {"fp8", "%y = matmul(%e, %e)", "matmul", "fp8 in its MXU"},
    {"fp8", "%y = matmul(%f, %f)", "matmul", "fp8 in its MXU"},
    {"transposed", "%y = matmul(%x, %x) {transpose_rhs=1}", "matmul", "a transposed weight load"},
    {"transposed", "%y = mha(%x, %x, %x) {heads=2, seq=4}", "scores", "a transposed weight load"},
    {"output", "%y = mha(%x, %x, %x) {heads=2, seq=4}", "scores", "a weight-stationary MXU"},
    {"input", "%y = mha(%x, %x, %x) {heads=2, seq=4}", "scores", "a weight-stationary MXU"},
};

}  // namespace

TEST_CASE("each op that a chip has no unit for is refused, with its kind, its name and the unit") {
  for (const Need& need : kNeeds) {
    INFO(need.missing << ": " << need.op);
    const std::string ops = need.op + "\noutput %y";
    CHECK(refusal(ops, without("")).empty());
    const std::string message = refusal(ops, without(need.missing));
    CHECK_THAT(message, starts_with("g: "));
    CHECK_THAT(message, contains(need.kind + " ("));
    CHECK_THAT(message, contains(" need " + need.unit));
    CHECK_THAT(message, contains("tiny-4x4"));
  }
}

TEST_CASE("a refusal names exactly the presets that have the unit") {
  for (const Need& need : kNeeds) {
    const std::string message = refusal(need.op + "\noutput %y", without(need.missing));
    const std::string presets = message.substr(message.find("such as"));
    for (const std::string& name : chip_names()) {
      const ChipSpec chip = load_chip(name, {}).spec;
      bool has = chip.xlu.count > 0;
      if (need.missing == "transcendental") has = chip.vpu.transcendental;
      if (need.missing == "bf16") has = chip.mxu.macs_bf16 > 0;
      if (need.missing == "int8") has = chip.mxu.macs_int8 > 0;
      if (need.missing == "fp8") has = chip.mxu.macs_fp8 > 0;
      if (need.missing == "transposed") has = chip.mxu.transposed_load;
      if (need.missing == "output" || need.missing == "input") {
        has = chip.mxu.dataflow == Dataflow::kWeightStationary;
      }
      INFO(need.missing << ": " << name);
      CHECK((presets.find(name) != std::string::npos) == has);
    }
  }
}

TEST_CASE("a message names each kind once, in program order, with the first op of it") {
  const std::string message = refusal(
      "%a = softmax(%x) name=\"one\"\n%b = softmax(%a) name=\"two\"\n"
      "%y = layernorm(%b, %r, %r) {eps=1} name=\"three\"\noutput %y",
      without("xlu"));
  CHECK_THAT(message, contains("softmax (one), layernorm (three) need"));
  CHECK(message.find("two") == std::string::npos);
}

TEST_CASE("a chip without a unit takes the ops that do not need it") {
  const std::string ops =
      "%a = matmul(%i, %i)\n%b = relu(%a)\n%y = scale(%b) {factor=2}\noutput %y";
  for (const char* missing : {"xlu", "transcendental", "bf16", "transposed"}) {
    INFO(missing);
    CHECK(refusal(ops, without(missing)).empty());
  }
  CHECK(refusal("%y = add(%x, %r)\noutput %y", without("bf16")).empty());
  // Conversions are the VPU's.
  CHECK(refusal("%y = scale(%e) {factor=2} : fp8_e5m2[8, 8]\noutput %y", without("fp8")).empty());
  CHECK(refusal("%y = matmul(%x, %x) : fp8_e4m3[8, 8]\noutput %y", without("fp8")).empty());
}

TEST_CASE("a rope and an append need the VPU alone") {
  const std::string ops =
      "input %c bf16[8, 8]\n%k = rope(%x, %w, %w) {heads=2}\n"
      "%y = append(%c, %k) {seq=8, first=0}\noutput %y";
  for (const char* missing : {"xlu", "transcendental", "bf16", "int8", "transposed"}) {
    INFO(missing);
    CHECK(refusal(ops, without(missing)).empty());
  }
}

TEST_CASE("int8 on a chip without it is refused with the chips that have it") {
  const ChipSpec chip = load_chip("tpu-v3", {}).spec;
  const std::string message =
      refusal("%q, %s = quantize_rows(%x)\n%y = matmul(%q, %i) name=\"q_proj\"\noutput %y", chip);
  CHECK_THAT(message, contains("chip tpu-v3 has no unit for: matmul (q_proj) need int8"));
  CHECK_THAT(message, contains("tpu-v5e"));
  CHECK(message.find("quantize_rows") == std::string::npos);
}

TEST_CASE("tpu-v1 runs an int8 perceptron but no softmax") {
  const ChipSpec chip = load_chip("tpu-v1", {}).spec;
  CHECK(refusal("%a = matmul(%i, %i)\n%y = quantize(%a) {factor=0.5}\noutput %y", chip).empty());
  CHECK_THAT(refusal("%y = softmax(%x)\noutput %y", chip), contains("softmax (y) need an XLU"));
  CHECK_THAT(refusal("%y = matmul(%x, %x)\noutput %y", chip), contains("bf16 in its MXU"));
}

TEST_CASE("attention names the dataflow that does not take it, all else is taken by each") {
  const std::string attention = "%y = mha(%x, %x, %x) {heads=2, seq=4} name=\"core\"\noutput %y";
  CHECK_THAT(refusal(attention, without("output")),
             contains("scores (core), context (core.context) need a weight-stationary MXU, not "
                      "mxu.dataflow output_stationary"));
  CHECK_THAT(refusal(attention, without("input")), contains("not mxu.dataflow input_stationary"));
  for (const char* dataflow : {"output", "input"}) {
    CHECK(refusal("%a = matmul(%x, %x)\n%y = softmax(%a)\noutput %y", without(dataflow)).empty());
  }
}

TEST_CASE("an input-stationary MXU streams a transposed rhs without a transposed load") {
  const std::string ops = "%y = matmul(%x, %x) {transpose_rhs=1}\noutput %y";
  for (const auto& [dataflow, taken] : {std::pair{"input", true}, {"output", false}}) {
    ChipSpec chip = without(dataflow);
    chip.mxu.transposed_load = false;
    CHECK(refusal(ops, chip).empty() == taken);
  }
}

TEST_CASE("ops of a repeated section are checked") {
  const std::string ops =
      "%s = relu(%x)\nrepeat 2 {\ncarry %c = %s -> %y\n%d = exp(%c)\n"
      "yield %d\n}\n%z = relu(%y)\noutput %z";
  CHECK(refusal(ops, without("")).empty());
  CHECK_THAT(refusal(ops, without("transcendental")), contains("exp (d) need"));
}

TEST_CASE("a softmax by itself has a window only if it is causal") {
  const auto check = [](const std::string& rule) {
    check_fused(parse_graph(
        "graph \"g\"\ninput %x bf16[8, 8]\n%y = softmax(%x) {" + rule + "} name=\"p\"\noutput %y",
        "g.sgr"));
  };
  CHECK_NOTHROW(check("window=3, causal=1"));
  CHECK_NOTHROW(check("window=0"));
  CHECK_THROWS_WITH(check("window=3"), contains("op p") && contains("causal=1"));
}

TEST_CASE("scores and context are run only as parts of an attention") {
  const auto fused = [](const std::string& ops) {
    return fuse(decompose(parse_graph(
        "graph \"g\"\ninput %x bf16[8, 8] input %p bf16[16, 4]\n" + ops + "\noutput %y", "g.sgr")));
  };
  CHECK_NOTHROW(check_fused(fused("%y = mha(%x, %x, %x) {heads=2, seq=4}")));
  CHECK_THROWS_WITH(check_fused(fused("%y = scores(%x, %x) {heads=2, seq=4} name=\"alone\"")),
                    contains("g: op alone: found scores"));
  CHECK_THROWS_WITH(check_fused(fused("%y = context(%p, %x) {heads=2, seq=4} name=\"alone\"")),
                    contains("g: op alone: found context"));
}
