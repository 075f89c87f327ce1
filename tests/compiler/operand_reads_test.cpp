// SPDX-License-Identifier: Apache-2.0
#include "compiler/operand_reads.hpp"

#include <map>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/import.hpp"
#include "compiler/pipeline.hpp"
#include "isa/files.hpp"
#include "isa/footprint.hpp"
#include "isa/walker.hpp"

using namespace systole;

namespace {

const Chip& tiny() {
  static const Chip chip = load_chip("tiny-4x4", {});
  return chip;
}

Graph model(const std::string& phase, std::int64_t tokens) {
  const std::string config =
      R"({"model_type": "llama", "hidden_size": 40, "intermediate_size": 45, "head_dim": 10,)"
      R"( "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 3,)"
      R"( "vocab_size": 61, "max_position_embeddings": 64, "rms_norm_eps": 1e-06,)"
      R"( "hidden_act": "silu"})";
  Scenario scenario;
  scenario.phase = phase;
  (phase == "decode" ? scenario.context : scenario.seq) = tokens;
  scenario.batch = 2;
  scenario.dtype = DataType::kBf16;
  return import_config(config, "config.json", "small", scenario);
}

// Bytes that loads and gathers ask for inside of each operand.
std::vector<Bytes> asked(const std::vector<OperandRead>& operands, const Program& program) {
  std::vector<Bytes> bytes(operands.size(), 0);
  StreamWalker walker(program.streams[0], program.tables);
  while (walker.next()) {
    const Instruction& instruction = walker.instruction();
    for (const TileAccess& access : footprint(instruction, walker.indices(), program.tables)) {
      if (access.region.space != Space::kHbm || access.access != Access::kRead) continue;
      for (std::size_t k = 0; k < operands.size(); ++k) {
        if (operands[k].op != instruction.op) continue;
        for (std::int64_t r = 0; r < access.region.rows; ++r) {
          if (operands[k].contains(access.region.begin + r * access.region.pitch)) {
            bytes[k] += access.region.row_bytes;
          }
        }
      }
    }
  }
  return bytes;
}

void holds(const Graph& graph, const Chip& chip = tiny()) {
  const Compilation compilation = compile(graph, chip);
  const Program& program = compilation.program;
  const std::vector<OperandRead> operands = compilation.operands;
  // Each op's operands add up to what it claims to read.
  std::map<std::int32_t, Bytes> needed;
  for (const OperandRead& operand : operands) needed[operand.op] += operand.bytes;
  for (std::size_t k = 0; k < program.ops.size(); ++k) {
    INFO(program.ops[k].name);
    CHECK(needed[static_cast<std::int32_t>(k)] == program.ops[k].read_bytes);
  }
  // What its instructions read lies in its operands, and is at least what each of them needs.
  const std::vector<Bytes> read = asked(operands, program);
  for (std::size_t k = 0; k < operands.size(); ++k) {
    INFO(program.ops[static_cast<std::size_t>(operands[k].op)].name << " " << operands[k].name);
    CHECK(read[k] >= operands[k].bytes);
  }
}

}  // namespace

TEST_CASE("a GEMM's operands are its two matrices") {
  const Compilation compilation = compile(import_gemm("gemm:37x29x41", DataType::kBf16), tiny());
  const std::vector<OperandRead> operands = compilation.operands;
  REQUIRE(operands.size() == 2);
  CHECK(operands[0].bytes + operands[1].bytes == compilation.program.ops[0].read_bytes);
  for (const OperandRead& operand : operands) {
    CHECK(operand.op == 0);
    CHECK(operand.copies == 1);
    CHECK(operand.size >= operand.bytes);
    CHECK(operand.contains(operand.address));
    CHECK(operand.contains(operand.address + operand.size - 1));
    CHECK_FALSE(operand.contains(operand.address + operand.size));
    CHECK_FALSE(operand.contains(operand.address - 1));
  }
  holds(import_gemm("gemm:37x29x41", DataType::kBf16));
}

TEST_CASE("operands of arrays of each dataflow are where the program reads them") {
  for (const char* dataflow : {"weight_stationary", "output_stationary", "input_stationary"}) {
    const Chip chip = load_chip("tiny-4x4", {std::string("mxu.dataflow=") + dataflow});
    for (const char* shape : {"gemm:2x7x64", "gemm:37x29x41", "gemm:1x200x7", "gemm:64x2x1"}) {
      for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
        INFO(dataflow << " " << shape);
        holds(import_gemm(shape, type), chip);
      }
    }
    INFO(dataflow);
    holds(parse_graph(read_file(SYSTOLE_SOURCE_ROOT "/workloads/examples/two_tiles.sgr"), "two"),
          chip);
  }
}

TEST_CASE("operands of a model's ops add up to what the ops claim, and are read") {
  holds(model("prefill", 19));
}

TEST_CASE("operands of a decode step are its caches, too") { holds(model("decode", 30)); }

TEST_CASE("a step reads no keys before its window") {
  const std::string inputs =
      "graph \"g\"\ninput %q bf16[2, 12] input %k bf16[42, 4] input %v bf16[42, 4]\n";
  holds(parse_graph(inputs + "%y = mha(%q, %k, %v) {heads=3, kv_heads=1, seq=1, keys=21, "
                             "window=6} output %y",
                    "g.sgr"));
}

TEST_CASE("weights of repeated layers lie in as many copies as there are layers") {
  const Compilation compilation = compile(model("prefill", 5), tiny());
  int stacked = 0;
  for (const OperandRead& operand : compilation.operands) {
    if (operand.copies == 1) continue;
    ++stacked;
    CHECK(operand.copies == 3);
    CHECK(operand.contains(operand.address + 2 * operand.stride));
    CHECK_FALSE(operand.contains(operand.address + 3 * operand.stride));
    CHECK_FALSE(operand.contains(operand.address + operand.size));
  }
  CHECK(stacked >= 7);
}
