// SPDX-License-Identifier: Apache-2.0
#include "sim/values/value_check.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"

using namespace systole;

namespace {

// A program that has run, and what can be changed in its memory.
struct Run {
  explicit Run(const std::string& text)
      : graph(parse_graph("graph \"g\"\n" + text, "g.sgr")),
        chip(load_chip("tiny-4x4", {})),
        program(compile(graph, chip).program),
        hbm(hbm_image(program)),
        oracle(graph, kValueSeed) {
    seed_inputs(program, kValueSeed, hbm);
    execute(chip.spec, program, hbm);
  }
  // Adds to some elements of the first row of an int8 tensor.
  void change(const std::string& name, std::int64_t first, std::int64_t count, int by) {
    const Symbol* symbol = find_symbol(program, name);
    REQUIRE(symbol != nullptr);
    Region region;
    region.space = Space::kHbm;
    region.begin = symbol->address;
    region.pitch = symbol->pitch;
    region.rows = symbol->rows;
    region.row_bytes = symbol->line_bytes();
    std::byte* row = hbm.rows(region).row(0);
    for (std::int64_t c = first; c < first + count; ++c) {
      row[c] = static_cast<std::byte>(static_cast<int>(row[c]) + by);
    }
  }
  ValueCheck check() { return check_values(graph, program, hbm, oracle); }

  Graph graph;
  Chip chip;
  Program program;
  MemoryImage hbm;
  Oracle oracle;
};

const std::string kQuantised =
    "input %x bf16[2, 16]\n%a = tanh(%x)\n%y = quantize(%a) {factor=50}\noutput %y\n";
const std::string kExact =
    "input %x int8[2, 16] scale=100\ninput %z int8[2, 16] scale=3\n%y = max(%x, %z)\noutput %y\n";

}  // namespace

TEST_CASE("elements, outputs and caches that agree are counted") {
  Run run(
      "input %x bf16[2, 8]\ninput %all bf16[6, 8]\n%k = relu(%x)\n"
      "%c = append(%all, %k) {seq=3, first=1}\n%y = mha(%x, %c, %c) {heads=2, seq=1, keys=3}\n"
      "output %y\n");
  const ValueCheck check = run.check();
  CHECK(check.wrong.empty());
  CHECK(check.elements == 2 * 8 + 6 * 8);
  CHECK(check.outputs == 1);
  CHECK(check.caches == 1);
}

TEST_CASE("quantised elements may be rounded the other way as far as a row's allowance goes") {
  for (const auto& [count, by, right] : std::vector<std::tuple<std::int64_t, int, bool>>{
           {4, 1, true}, {14, 1, false}, {1, 9, false}}) {
    Run run(kQuantised);
    REQUIRE(run.check().wrong.empty());
    run.change("y", 2, count, by);
    INFO(count << " by " << by << " " << run.check().wrong);
    CHECK(run.check().wrong.empty() == right);
  }
}

TEST_CASE("an integer that no rounding enters must be equal") {
  Run run(kExact);
  REQUIRE(run.check().wrong.empty());
  run.change("y", 2, 1, 1);
  CHECK(run.check().wrong.find("output 'y': row 0, col 2") == 0);
}

TEST_CASE("an output that the program does not have is named") {
  Run run(kExact);
  for (Symbol& symbol : run.program.symbols) {
    if (symbol.name == "y") symbol.name = "z2";
  }
  CHECK(run.check().wrong == "the program has no output 'y' of 2 x 16 elements");
}
