// SPDX-License-Identifier: Apache-2.0
// Products of bf16 with narrower weights: what is allowed, and what they read.
#include "catch.hpp"
#include "compiler/gemm_mapping.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "isa/chip_loader.hpp"
#include "model_files.hpp"

using namespace systole;

namespace {

std::string refused(const std::string& lhs, const std::string& rhs) {
  try {
    verify_graph(parse_graph("graph \"p\"\ninput %x " + lhs + "[4, 6]\nweight %w " + rhs +
                                 "[6, 8]\n%y = matmul(%x, %w)\noutput %y\n",
                             "p.sgr"),
                 "p.sgr");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

Bytes weight_bytes_read(const Graph& graph) {
  Bytes bytes = 0;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind != OpKind::kMatmul) continue;
      const Tensor& w = graph.tensors[static_cast<std::size_t>(op.operands[1].tensor)];
      if (w.role == TensorRole::kWeight && w.section >= 0) {
        bytes += section.times() * w.rows * w.cols * size_of(w.type);
      }
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("only an rhs is converted, and only to bf16") {
  const std::vector<std::string> types{"bf16", "int8", "fp8_e4m3", "fp8_e5m2"};
  for (const std::string& lhs : types) {
    for (const std::string& rhs : types) {
      INFO(lhs << " x " << rhs);
      CHECK(refused(lhs, rhs).empty() == (lhs == rhs || lhs == "bf16"));
    }
  }
  CHECK(refused("bf16", "fp32").find("operand 2 %w fp32") != std::string::npos);
  CHECK(refused("bf16", "int32").find("operand 2 %w int32") != std::string::npos);
}

TEST_CASE("narrow weights are half the bytes, the same MACs and the same parameters") {
  const std::string config = small_model("llama");
  const Graph wide = import_config(config, "m.json", "m", prefill(9));
  for (const DataType type : {DataType::kInt8, DataType::kFp8E4m3, DataType::kFp8E5m2}) {
    Scenario scenario = prefill(9);
    scenario.weights = type;
    const Graph narrow = import_config(config, "m.json", "m", scenario);
    CHECK(2 * weight_bytes_read(narrow) == weight_bytes_read(wide));
    CHECK(total_macs(narrow) == total_macs(wide));
    CHECK(parameter_count(narrow) == parameter_count(wide));
    for (const Tensor& t : narrow.tensors) {
      if (t.role == TensorRole::kValue) CHECK(t.type != DataType::kInt32);
    }
    scenario.activations = type;
    CHECK(total_macs(import_config(config, "m.json", "m", scenario)) == total_macs(wide));
  }
}

TEST_CASE("blocks that are converted have room for both of their types") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  GemmShape shape;
  shape.m = 64, shape.n = 4096, shape.k = 4096;
  shape.epilogue = {VectorOp::kCopy};
  const Bytes vmem = chip.vmem.size / 2;
  const GemmMapping plain = map_gemm(chip, shape, vmem, "p");
  shape.converted = DataType::kInt8;
  const GemmMapping mixed = map_gemm(chip, shape, vmem, "p");
  const Bytes elements = mixed.tile_n(chip.mxu) * mixed.block_k;
  CHECK(mixed.rhs_slots * elements + 2 * 2 * elements +
            mixed.lhs_slots * mixed.tile_m() * mixed.block_k * 2 <=
        vmem);
  // The same mapping is estimated to take fewer cycles where half of the bytes are read.
  CHECK(estimate_gemm(chip, shape, plain) < plain.estimate);
}
