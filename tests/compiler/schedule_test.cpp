// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule.hpp"

#include <algorithm>
#include <cstdlib>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/import.hpp"
#include "compiler/op_table.hpp"
#include "compiler/pipeline.hpp"
#include "isa/assembly.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/verifier.hpp"
#include "serial_tokens.hpp"

using namespace systole;

namespace {

Graph example(const std::string& name) {
  const std::string path =
      std::string(SYSTOLE_SOURCE_ROOT) + "/workloads/examples/" + name + ".sgr";
  return parse_graph(read_file(path), path);
}

// Compares a graph's program on the 4x4 chip with tests/compiler/golden/<name>.sasm, which is
// rewritten where SYSTOLE_UPDATE is set. The chip's hash is left out: other parameters than those
// that lowering reads may change.
void check_golden(const Graph& graph, const std::string& name) {
  Program program = compile(graph, load_chip("tiny-4x4", {})).program;
  program.chip_hash = 0;
  const std::string text = print_program(program);
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/" + name + ".sasm";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) write_file(path, text);
  CHECK(text == read_file(path));
  CHECK(parse_program(text, path) == program);
}

Graph blocks(std::int64_t repeat) {
  Graph graph = example("blocks");
  graph.sections[1].repeat = repeat;
  for (Tensor& tensor : graph.tensors) {
    if (tensor.section == 1) tensor.copies = repeat;
  }
  return graph;
}

std::int64_t total_macs(const Program& program) {
  std::int64_t macs = 0;
  for (const SourceOp& op : program.ops) macs += op.macs;
  return macs;
}

}  // namespace

TEST_CASE("the program of a matmul of two weight tiles is the golden one") {
  check_golden(example("two_tiles"), "two_tiles");
}

TEST_CASE("the program of a softmax of three rows of five is the golden one") {
  check_golden(parse_graph("graph \"softmax\"\ninput %x bf16[3, 5]\n%y = softmax(%x)\noutput %y",
                           "softmax.sgr"),
               "softmax");
}

TEST_CASE("programs of the examples are verified and leave their tokens in balance") {
  for (const char* name : {"attention", "blocks", "int8", "mlp", "two_tiles"}) {
    for (const std::vector<std::string>& overrides :
         {std::vector<std::string>{},
          {"mxu.count=3", "xlu.count=2"},
          {"dma.engines=1"},
          {"vmem.size=48 KiB", "mxu.count=2", "dma.engines=2"},
          {"mxu.rows=2", "mxu.cols=8"}}) {
      const Chip chip = load_chip("tiny-4x4", overrides);
      INFO(name << " " << (overrides.empty() ? "" : overrides[0]));
      const Program program = compile(example(name), chip).program;
      CHECK_NOTHROW(verify_program(chip.spec, chip.hash, program, name));
      CHECK(token_problem(program) == "");
    }
  }
}

TEST_CASE("a program is as long for forty layers as for two") {
  const Chip chip = load_chip("tiny-4x4", {});
  const std::size_t two = compile(blocks(2), chip).program.streams[0].size();
  CHECK(compile(blocks(3), chip).program.streams[0].size() == two);
  CHECK(compile(blocks(40), chip).program.streams[0].size() == two);
}

TEST_CASE("each op but views appears once in the source map, in order, with its repetitions") {
  for (const char* name : {"attention", "blocks", "int8", "mlp", "two_tiles"}) {
    INFO(name);
    const Compilation compilation = compile(example(name), load_chip("tiny-4x4", {}));
    const Graph& graph = compilation.graphs.back().second;
    std::size_t next = 0;
    for (const Section& section : graph.sections) {
      for (const Op& op : section.ops) {
        if (op.kind == OpKind::kRows) continue;
        REQUIRE(next < compilation.program.ops.size());
        const SourceOp& source = compilation.program.ops[next++];
        CHECK(source.name == op.name);
        CHECK(source.kind == name_of(op.kind));
        CHECK(source.count == section.times());
      }
    }
    CHECK(next == compilation.program.ops.size());
  }
}

TEST_CASE("the source map's MACs add up to the closed form") {
  const Chip chip = load_chip("tiny-4x4", {});
  const auto macs = [&](const Graph& graph) { return total_macs(compile(graph, chip).program); };
  CHECK(macs(import_gemm("gemm:31x37x18", DataType::kBf16)) == 31 * 37 * 18);
  CHECK(macs(example("mlp")) == 2 * 128 * 256 * 1024);
  CHECK(macs(example("int8")) == 64 * 96 * 160 + 64 * 160 * 48);
  // Causal pairs of a sequence: 96 * 97 / 2, for q.k and p.v of four heads of 32.
  CHECK(macs(example("attention")) == 192 * 128 * (384 + 128) + 2 * 2 * (96 * 97 / 2) * 128);
  const std::int64_t block = 24 * 32 * (96 + 32) + 2 * 2 * (12 * 13 / 2) * 32;
  for (const std::int64_t layers : {2, 3, 7}) {
    CHECK(macs(blocks(layers)) == layers * block + 2 * 32 * 64);
  }
}

TEST_CASE("every instruction with work names the op that it serves, ops in program order") {
  const Program program = compile(example("blocks"), load_chip("tiny-4x4", {})).program;
  std::vector<bool> served(program.ops.size());
  for (const Instruction& instruction : program.streams[0]) {
    if (instruction.unit.kind == UnitKind::kSequencer ||
        std::holds_alternative<Sync>(instruction.body)) {
      continue;
    }
    REQUIRE(instruction.op >= 0);
    REQUIRE(instruction.op < static_cast<std::int32_t>(program.ops.size()));
    served[instruction.op] = true;
    // An op's work starts after that of all ops before it.
    CHECK(std::all_of(served.begin(), served.begin() + instruction.op,
                      [](bool before) { return before; }));
  }
  CHECK(served == std::vector<bool>(program.ops.size(), true));
}

TEST_CASE("a scheduled program has the graph's name, tokens, tables and symbols") {
  const Program program = compile(example("blocks"), load_chip("tiny-4x4", {})).program;
  CHECK(program.workload == "blocks");
  CHECK(program.tokens == 24);
  REQUIRE(program.tables.size() >= 1);
  CHECK(program.tables[0].name == "tokens");
  CHECK(program.tables[0].values.size() == 24);
  CHECK(std::count_if(program.symbols.begin(), program.symbols.end(), [](const Symbol& symbol) {
          return symbol.role == SymbolRole::kOutput && symbol.name == "logits";
        }) == 1);
  CHECK(program.streams.size() == 1);
  CHECK(std::holds_alternative<Halt>(program.streams[0].back().body));
}

TEST_CASE("a program whose output is a view of a computed value is verified, or is refused") {
  const Chip chip = load_chip("tiny-4x4", {});
  Program program;
  try {
    program = compile(parse_graph("graph \"view\"\ninput %x bf16[16, 8]\n%s = relu(%x)\n"
                                  "%v = rows(%s) {step=4, count=4}\noutput %v",
                                  "view.sgr"),
                      chip)
                  .program;
  } catch (const Error&) {
    return;
  }
  CHECK_NOTHROW(verify_program(chip.spec, chip.hash, program, "view"));
}
