// SPDX-License-Identifier: Apache-2.0
#include "compiler/lowering.hpp"

#include <stdexcept>

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "isa/chip_loader.hpp"
#include "serial_tokens.hpp"

using namespace systole;

namespace {

ChipSpec with_engines(std::int64_t engines) {
  ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  chip.dma.engines = engines;
  return chip;
}

std::vector<int> numbers(const DmaRoles& roles) {
  return {roles.lhs.number, roles.rhs.number, roles.params.number, roles.out.number};
}

// Tokens of a graph's ops, without the ops' work.
struct Ready {
  explicit Ready(const std::string& text, std::int64_t engines = 4)
      : chip(with_engines(engines)),
        graph(fuse(decompose(parse_graph("graph \"g\"\n" + text, "g.sgr")))) {
    Emitter emitter(program);
    const DmaRoles roles(chip);
    ReadyTokens ready(graph, emitter, roles);
    for (const Section& section : graph.sections) {
      if (section.repeated()) ready.settle();
      emitter.open(section.times());
      for (const Op& op : section.ops) {
        if (op.kind == OpKind::kRows) continue;
        emitter.serve(op.result);
        ready.await(op);
        ready.announce(op);
      }
      if (section.repeated()) ready.settle();
      emitter.close();
    }
    const std::size_t before = program.streams[0].size();
    ready.settle();
    settled = program.streams[0].size() - before;
    ready.settle();
    CHECK(program.streams[0].size() == before + settled);
    emitter.halt();
  }
  // Tokens that instructions of the op with this result wait for, or signal.
  std::int64_t waits(const std::string& result) const { return count(result, true); }
  std::int64_t signals(const std::string& result) const { return count(result, false); }

  ChipSpec chip;
  Graph graph;
  Program program{};
  std::size_t settled = 0;

 private:
  std::int64_t count(const std::string& result, bool waits) const {
    std::int64_t sum = 0;
    for (const Instruction& instruction : program.streams[0]) {
      if (instruction.op < 0 || graph.tensors[instruction.op].name != result) continue;
      for (const Token token : waits ? instruction.waits : instruction.signals) sum += token.count;
    }
    return sum;
  }
};

}  // namespace

TEST_CASE("engines share the four roles where a chip has fewer") {
  CHECK(numbers(DmaRoles(with_engines(7))) == std::vector<int>{0, 1, 2, 3});
  CHECK(numbers(DmaRoles(with_engines(4))) == std::vector<int>{0, 1, 2, 3});
  CHECK(numbers(DmaRoles(with_engines(3))) == std::vector<int>{0, 1, 2, 0});
  CHECK(numbers(DmaRoles(with_engines(2))) == std::vector<int>{0, 1, 0, 1});
  CHECK(numbers(DmaRoles(with_engines(1))) == std::vector<int>{0, 0, 0, 0});
}

TEST_CASE("each operand in HBM is read by one engine; tables and views by none") {
  const DmaRoles roles(with_engines(4));
  const auto engines = [&](const std::string& op) {
    const Graph graph = fuse(decompose(
        parse_graph("graph \"g\"\ninput %x bf16[4, 4] weight %r bf16[1, 4] table %t [1, 2]\n"
                    "%s = relu(%x)\n%y = " +
                        op + "\noutput %y\noutput %s",
                    "g.sgr")));
    std::vector<int> result;
    for (const EngineRead& read : engine_reads(graph, graph.sections.back().ops.back(), roles)) {
      CHECK(graph.tensors[read.tensor].role != TensorRole::kTable);
      result.push_back(read.engine.number);
    }
    return result;
  };
  CHECK(engines("gemm(%x, %x) then add(%r) then add(%x)") == std::vector<int>{0, 1, 2, 2});
  CHECK(engines("mha(%x, %x, %x) {heads=2, seq=4}") == std::vector<int>{0, 1, 2});
  CHECK(engines("add(%x, %r)") == std::vector<int>{0, 2});
  CHECK(engines("layernorm(%x, %r, %r) {eps=1}") == std::vector<int>{0, 2, 2});
  CHECK(engines("gather(%t, %x)") == std::vector<int>{0});
  CHECK(engines("rows(%s) {count=2}").empty());
}

TEST_CASE("a result is announced once to each engine that reads it, and awaited once") {
  const Ready r(
      "input %x bf16[4, 4]\n%a = relu(%x)\n%b = add(%a, %a)\n%c = exp(%a)\n"
      "%o = add(%b, %c)\noutput %o");
  CHECK(r.signals("a") == 2);
  CHECK(r.waits("a") == 0);
  CHECK(r.waits("b") == 2);
  // %a is known to be there when %c is read.
  CHECK(r.waits("c") == 0);
  CHECK(r.waits("o") == 2);
  CHECK(r.signals("o") == 0);
  CHECK(token_problem(r.program) == "");
}

TEST_CASE("an engine that reads a later result only takes the earlier signals with it") {
  const Ready r(
      "input %x bf16[4, 4]\n%a = relu(%x)\n%b = exp(%x)\n%c = relu(%b)\n%d = relu(%a)\n"
      "%o = add(%c, %d)\noutput %o");
  CHECK(r.waits("c") == 2);  // of %a and %b, on one engine
  CHECK(r.waits("d") == 0);
  CHECK(token_problem(r.program) == "");
}

TEST_CASE("reading a view waits for what it shows, a view of a view too") {
  const Ready r(
      "input %x bf16[8, 4]\n%a = relu(%x)\n%v = rows(%a) {count=4}\n"
      "%u = rows(%v) {count=2}\n%o = exp(%u)\noutput %o");
  CHECK(r.signals("a") == 1);
  CHECK(r.waits("o") == 1);
  CHECK(token_problem(r.program) == "");
}

TEST_CASE("one engine for everything gives one token per result") {
  const Ready r("input %x bf16[4, 4]\n%a = relu(%x)\n%o = add(%a, %a)\noutput %o", 1);
  CHECK(r.signals("a") == 1);
  CHECK(r.waits("o") == 1);
  CHECK(token_problem(r.program) == "");
}

TEST_CASE("each repetition of a section ends without tokens left over") {
  for (const int repeat : {1, 2, 5}) {
    INFO(repeat);
    const Ready r("input %x bf16[4, 4]\n%s = relu(%x)\nrepeat " + std::to_string(repeat) +
                  " {\ncarry %c = %s -> %d\n%e = exp(%c)\n%f = add(%e, %c)\nyield %f\n}\n"
                  "%v = rows(%d) {count=2}\n%o = add(%v, %v)\noutput %o");
    CHECK(r.signals("s") >= 1);
    CHECK(r.signals("f") >= 2);
    CHECK(token_problem(r.program) == "");
  }
}

TEST_CASE("a section's edges take the signals that nothing awaited") {
  const Ready unread("input %x bf16[4, 4]\n%a = relu(%x)\noutput %a");
  CHECK(unread.settled == 0);
  const Ready carried(
      "input %x bf16[4, 4]\n%s = relu(%x)\nrepeat 2 {\ncarry %c = %s -> %d\n"
      "%e = exp(%c)\nyield %e\n}\n%o = relu(%d)\noutput %o");
  for (const char* result : {"s", "e"}) {  // read as %c and %d only
    CHECK(carried.signals(result) == 1);
    CHECK(carried.waits(result) == 1);
  }
  CHECK(carried.settled == 0);
}

TEST_CASE("an arena hands out aligned places without overlap and ends where VMEM does") {
  const ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  const Graph graph =
      parse_graph("graph \"g\"\ninput %x bf16[4, 4]\n%y = relu(%x)\noutput %y", "g");
  const Layout layout(graph, chip);
  Program program;
  Emitter emitter(program);
  const Lowering lowering{graph, chip, layout, emitter, DmaRoles(chip), 0, 1, 1024, 256};
  Arena arena(lowering, graph.sections[0].ops[0]);
  CHECK(arena.take(1) == 1024);
  const Bytes second = arena.take(65);
  CHECK(second >= 1025);
  CHECK(arena.take(1) >= second + 65);
  Arena whole(lowering, graph.sections[0].ops[0]);
  CHECK(whole.take(256) == 1024);
  CHECK_THROWS_AS(whole.take(1), std::logic_error);
  Arena small(lowering, graph.sections[0].ops[0]);
  CHECK_THROWS_AS(small.take(257), std::logic_error);
}

TEST_CASE("a table's number counts the tables before it") {
  const Graph graph = parse_graph(
      "graph \"g\"\ntable %a [1]\ninput %x bf16[4, 4] table %b [2, 3]\n%y = gather(%b, %x)\n"
      "output %y",
      "g");
  CHECK(table_number(graph, 0) == 0);
  CHECK(table_number(graph, 2) == 1);
}

TEST_CASE("lanes share the XLUs in turn") {
  ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  CHECK(xlu_unit(chip, 0).number == 0);
  CHECK(xlu_unit(chip, 1).number == 1);
  CHECK(xlu_unit(chip, 2).number == 0);
  CHECK(mxu_unit(3) == UnitId{UnitKind::kMxu, 3});
}
