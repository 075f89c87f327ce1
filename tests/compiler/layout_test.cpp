// SPDX-License-Identifier: Apache-2.0
#include "compiler/layout.hpp"

#include <algorithm>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

Graph graph_of(const std::string& text) { return parse_graph("graph \"g\"\n" + text, "g.sgr"); }

ChipSpec tiny() { return load_chip("tiny-4x4", {}).spec; }

std::int32_t number(const Graph& graph, const std::string& name) {
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (graph.tensors[t].name == name) return static_cast<std::int32_t>(t);
  }
  FAIL("no tensor " << name);
  return -1;
}

// Address of element (row, 0) of a tensor in repetition `layer`.
std::int64_t address(const Graph& graph, const Layout& layout, const std::string& name,
                     std::int64_t layer = 0, std::int64_t row = 0) {
  const Place place = layout.place(number(graph, name), index(0));
  return place.tile(Affine(row * place.pitch)).address.at({layer}, {});
}

// A section of three repetitions, or `repeat`, that carries %s and yields %a2.
std::string carrying(const std::string& body, const std::string& after, int repeat = 3) {
  return "input %x bf16[8, 8] input %z bf16[8, 8]\n%s = add(%x, %z)\n%r = sub(%x, %z)\nrepeat " +
         std::to_string(repeat) + " {\nweight %w bf16[1, 8]\n" + body + "}\n" + after + "\n";
}
const std::string kOneCarry = "carry %a = %s -> %last\n%a2 = add(%a, %w)\nyield %a2\n";

// What a graph's carries need: repetition 0 reads the initial value, repetition l + 1 what
// repetition l yields, and what comes after the section the last value. Empty where all hold, or
// where the graph is refused.
std::string carry_problem(const std::string& text) {
  try {
    const Graph graph = graph_of(text);
    const Layout layout(graph, tiny());
    const auto at = [&](std::int32_t tensor, std::int64_t layer) {
      return address(graph, layout, graph.tensors[tensor].name, layer);
    };
    for (const Section& section : graph.sections) {
      for (const Carry& carry : section.carries) {
        const std::string name = graph.tensors[carry.argument].name;
        if (at(carry.argument, 0) != at(carry.initial, 0)) return name + " starts elsewhere";
        for (std::int64_t l = 0; l < section.repeat; ++l) {
          if (at(carry.argument, l) == at(carry.yield, l)) return name + " is overwritten";
          if (at(carry.argument, l + 1) != at(carry.yield, l)) return name + " is not replaced";
        }
        if (at(carry.result, 0) != at(carry.yield, section.repeat - 1)) {
          return name + " ends elsewhere";
        }
      }
    }
  } catch (const Error&) {
  }
  return "";
}

// A name of `text`'s tensors that a yield overwrites; empty where there is none, or where the
// layout is refused.
std::string overwritten(const std::string& text, const std::string& name) {
  try {
    const Graph graph = graph_of(text);
    const Layout layout(graph, tiny());
    for (const Section& section : graph.sections) {
      for (const Carry& carry : section.carries) {
        for (std::int64_t l = 0; l < section.repeat; ++l) {
          if (address(graph, layout, graph.tensors[carry.yield].name, l) ==
              address(graph, layout, name)) {
            return name;
          }
        }
      }
    }
  } catch (const Error&) {
  }
  return "";
}

}  // namespace

TEST_CASE("rows are padded to whole bursts and no further") {
  const ChipSpec chip = tiny();
  const Bytes burst = burst_bytes(chip.hbm);
  REQUIRE(burst == 32);
  for (const std::int64_t cols : {2, 15, 16, 17, 32, 33}) {
    const Graph graph =
        graph_of("input %x bf16[3, " + std::to_string(cols) + "]\n%y = relu(%x)\noutput %y");
    const Layout layout(graph, chip);
    CHECK(layout.place(0, 0).pitch == (cols * 2 + burst - 1) / burst * burst);
  }
  const Graph bytes = graph_of("input %x int8[3, 33]\n%y = relu(%x)\noutput %y");
  CHECK(Layout(bytes, chip).place(0, 0).pitch == 64);
}

TEST_CASE("symbols of a graph do not overlap, lie within bytes() and name each tensor once") {
  for (const char* name : {"attention", "blocks", "int8", "mlp", "two_tiles"}) {
    INFO(name);
    const std::string path =
        std::string(SYSTOLE_SOURCE_ROOT) + "/workloads/examples/" + name + ".sgr";
    const Graph graph = parse_graph(read_file(path), path);
    const Layout layout(graph, tiny());
    const std::vector<Symbol> symbols = layout.symbols();
    std::vector<std::pair<std::int64_t, std::int64_t>> extents;
    for (const Symbol& s : symbols) {
      CHECK(s.pitch >= s.cols * size_of(s.type));
      CHECK((s.count == 1 || s.stride >= s.rows * s.pitch));
      for (std::int64_t copy = 0; copy < s.count; ++copy) {
        const std::int64_t begin = s.address + copy * s.stride;
        extents.emplace_back(begin, begin + s.rows * s.pitch);
      }
      CHECK(std::count_if(symbols.begin(), symbols.end(),
                          [&](const Symbol& other) { return other.name == s.name; }) == 1);
    }
    std::sort(extents.begin(), extents.end());
    CHECK(extents.front().first >= 0);
    for (std::size_t i = 1; i < extents.size(); ++i) {
      CHECK(extents[i - 1].second <= extents[i].first);
    }
    CHECK(extents.back().second <= layout.bytes());
  }
}

TEST_CASE("a symbol has its tensor's shape, type, role and seeding") {
  const Graph graph = graph_of(
      "input %x bf16[3, 5] scale=2 offset=1\nweight %w bf16[1, 5]\n%t = mul(%x, %w)\n"
      "%y = relu(%t)\noutput %y");
  const std::vector<Symbol> symbols = Layout(graph, tiny()).symbols();
  REQUIRE(symbols.size() == 4);
  CHECK(symbols[0].name == "x");
  CHECK(symbols[0].rows == 3);
  CHECK(symbols[0].cols == 5);
  CHECK(symbols[0].type == DataType::kBf16);
  CHECK(symbols[0].scale == 2);
  CHECK(symbols[0].offset == 1);
  CHECK(symbols[0].count == 1);
  CHECK(symbols[0].role == SymbolRole::kInput);
  CHECK(symbols[1].role == SymbolRole::kWeight);
  CHECK(symbols[2].role == SymbolRole::kScratch);
  CHECK(symbols[3].role == SymbolRole::kOutput);
}

TEST_CASE("a weight of the section has one copy per repetition, a constant stride apart") {
  for (const std::int64_t rows : {1, 8, 300, 5000}) {
    INFO(rows);
    const Graph graph = graph_of("input %x bf16[8, 8]\n%s = relu(%x)\nrepeat 5 {\nweight %w bf16[" +
                                 std::to_string(rows) +
                                 ", 8]\ncarry %a = %s -> %last\n%t = relu(%w)\n%a2 = relu(%a)\n"
                                 "yield %a2\n}\n%o = relu(%last)\noutput %o");
    const Layout layout(graph, tiny());
    const std::vector<Symbol> symbols = layout.symbols();
    const auto w = std::find_if(symbols.begin(), symbols.end(),
                                [](const Symbol& symbol) { return symbol.name == "w"; });
    REQUIRE(w != symbols.end());
    CHECK(w->count == 5);
    CHECK(w->stride >= w->pitch * rows);
    for (std::int64_t l = 0; l < 5; ++l) {
      CHECK(address(graph, layout, "w", l) == w->address + l * w->stride);
      CHECK(address(graph, layout, "x", l) == address(graph, layout, "x", 0));
    }
  }
}

TEST_CASE("a carried value alternates between two buffers and ends in the right one") {
  for (int repeat = 1; repeat <= 4; ++repeat) {
    INFO(repeat);
    const std::string text = carrying(kOneCarry, "%o = relu(%last)\noutput %o", repeat);
    CHECK(carry_problem(text).empty());
    const Graph graph = graph_of(text);
    const Layout layout(graph, tiny());
    CHECK(address(graph, layout, "a", 0) == address(graph, layout, "a", 2));
    CHECK(std::abs(address(graph, layout, "a", 0) - address(graph, layout, "a", 1)) >= 8 * 32);
    // Each row lies in the buffer of its repetition.
    CHECK(address(graph, layout, "a", 1, 7) - address(graph, layout, "a", 1, 0) == 7 * 32);
    CHECK(address(graph, layout, "a2", 1, 7) - address(graph, layout, "a2", 1, 0) == 7 * 32);
  }
}

TEST_CASE("a result that is carried on starts where the section before it left it") {
  for (int first = 1; first <= 3; ++first) {
    for (int second = 1; second <= 3; ++second) {
      for (const std::string between : {"", "%seen = relu(%last)\n"}) {
        const std::string text =
            carrying(kOneCarry,
                     between + "repeat " + std::to_string(second) +
                         " {\nweight %v bf16[1, 8]\ncarry %b = %last -> %end\n%b2 = add(%b, %v)\n"
                         "yield %b2\n}\n%o = relu(%end)\noutput %o",
                     first);
        INFO(text);
        CHECK(carry_problem(text).empty());
        CHECK_NOTHROW(Layout(graph_of(text), tiny()));
      }
    }
  }
}

TEST_CASE("a result that is carried on is read after the next section under its new name only") {
  CHECK_THROWS_AS(Layout(graph_of(carrying(
                             kOneCarry,
                             "repeat 2 {\ncarry %b = %last -> %end\n%b2 = relu(%b)\nyield %b2\n}\n"
                             "%o = add(%end, %last)\noutput %o")),
                         tiny()),
                  Error);
}

TEST_CASE("two carries with values of their own do not share buffers") {
  const std::string text = carrying(
      "carry %a = %s -> %last\ncarry %b = %r -> %end\n%a2 = add(%a, %b)\n%b2 = mul(%b, %w)\n"
      "yield %a2, %b2\n",
      "%o = add(%last, %end)\noutput %o");
  CHECK(carry_problem(text).empty());
  const Graph graph = graph_of(text);
  const Layout layout(graph, tiny());
  for (const std::int64_t l : {0, 1}) {
    for (const char* other : {"b", "b2"}) {
      CHECK(address(graph, layout, "a", l) != address(graph, layout, other, l));
      CHECK(address(graph, layout, "a2", l) != address(graph, layout, other, l));
    }
  }
}

TEST_CASE("an input that begins a section is a state, in whose place the result may lie") {
  for (int repeat = 1; repeat <= 4; ++repeat) {
    INFO(repeat);
    const Graph graph = graph_of(
        carrying("carry %a = %x -> %last\n%a2 = add(%a, %w)\nyield %a2\n", "output %last", repeat));
    const Layout layout(graph, tiny());
    const std::vector<Symbol> symbols = layout.symbols();
    const auto named = [&](std::string_view name) {
      return *std::find_if(symbols.begin(), symbols.end(),
                           [&](const Symbol& symbol) { return symbol.name == name; });
    };
    CHECK(named("x").role == SymbolRole::kState);
    CHECK(named("x").address == address(graph, layout, "a", 0));
    CHECK((named("last").address == named("x").address) == (repeat % 2 == 0));
  }
}

TEST_CASE("a carry from a weight is refused by name") {
  CHECK_THROWS_AS(Layout(graph_of(carrying("carry %a = %w -> %last\n%a2 = add(%a, %w)\nyield %a2\n",
                                           "%o = relu(%last)\noutput %o")),
                         tiny()),
                  Error);
}

TEST_CASE("two carries from one value both start from it, or are refused") {
  CHECK(carry_problem(carrying("carry %a = %s -> %last\ncarry %b = %s -> %end\n"
                               "%a2 = add(%a, %w)\n%b2 = mul(%b, %w)\nyield %a2, %b2\n",
                               "%o = add(%last, %end)\noutput %o")) == "");
}

TEST_CASE("two carries replaced by one value both get it, or are refused") {
  CHECK(carry_problem(carrying("carry %a = %s -> %last\ncarry %b = %r -> %end\n"
                               "%a2 = add(%a, %b)\nyield %a2, %a2\n",
                               "%o = add(%last, %end)\noutput %o")) == "");
}

TEST_CASE("a carry from or by a view is carried, or refused") {
  const std::string view = "= rows(%s) {count=8}\n";
  CHECK(carry_problem("input %x bf16[16, 8]\n%s = relu(%x)\n%v " + view +
                      "repeat 3 {\ncarry %a = %v -> %last\n%a2 = relu(%a)\nyield %a2\n}\n"
                      "%o = relu(%last)\noutput %o") == "");
  CHECK(carry_problem(carrying("carry %a = %s -> %last\n%a2 = add(%a, %w)\n"
                               "%a3 = rows(%a2) {count=8}\nyield %a3\n",
                               "%o = relu(%last)\noutput %o")) == "");
}

TEST_CASE("a carry's first value is not overwritten where it is read later, or is refused") {
  CHECK(overwritten(carrying(kOneCarry, "%o = add(%last, %s)\noutput %o"), "s") == "");
  CHECK(overwritten(carrying("carry %a = %s -> %last\n%t = mul(%s, %w)\n%a2 = add(%a, %t)\n"
                             "yield %a2\n",
                             "%o = relu(%last)\noutput %o"),
                    "s") == "");
}

TEST_CASE("every output has a symbol, or the graph is refused") {
  for (const char* outputs : {"output %last", "output %last\noutput %s", "output %s"}) {
    INFO(outputs);
    try {
      const Graph graph = graph_of(carrying(kOneCarry, outputs));
      const std::vector<Symbol> symbols = Layout(graph, tiny()).symbols();
      CHECK(std::count_if(symbols.begin(), symbols.end(), [](const Symbol& symbol) {
              return symbol.role == SymbolRole::kOutput;
            }) == static_cast<std::ptrdiff_t>(graph.outputs.size()));
    } catch (const Error&) {
    }
  }
}

TEST_CASE("a view of rows shows its source's bytes and takes none") {
  const std::string source = "input %x bf16[16, 8]\n%s = relu(%x)\n";
  const std::string end = "%o = relu(%v)\noutput %o";
  const Graph graph = graph_of(source + "%v = rows(%s) {first=1, step=3, count=4}\n" + end);
  const Layout layout(graph, tiny());
  for (std::int64_t row = 0; row < 4; ++row) {
    CHECK(address(graph, layout, "v", 0, row) == address(graph, layout, "s", 0, 1 + 3 * row));
  }
  for (const Symbol& symbol : layout.symbols()) CHECK(symbol.name != "v");

  const Graph part = graph_of(source + "%v = rows(%s[3:5]) {first=1, step=3, count=4}\n" + end);
  const Layout columns(part, tiny());
  CHECK(address(part, columns, "v", 0, 2) == address(part, columns, "s", 0, 7) + 3 * 2);

  const Graph chain = graph_of(source +
                               "%u = rows(%s) {first=1, step=3, count=4}\n"
                               "%v = rows(%u) {first=1, step=2, count=2}\n" +
                               end);
  const Layout views(chain, tiny());
  CHECK(address(chain, views, "v", 0, 0) == address(chain, views, "s", 0, 4));
  CHECK(address(chain, views, "v", 0, 1) == address(chain, views, "s", 0, 10));
}

TEST_CASE("a view of a carried value follows it from buffer to buffer") {
  const Graph graph =
      graph_of(carrying("carry %a = %s -> %last\n%v = rows(%a) {first=2, count=3}\n%u = relu(%v)\n"
                        "%a2 = add(%a, %w)\nyield %a2\n",
                        "%o = relu(%last)\noutput %o"));
  const Layout layout(graph, tiny());
  for (std::int64_t l = 0; l < 3; ++l) {
    CHECK(address(graph, layout, "v", l) == address(graph, layout, "a", l, 2));
  }
}

TEST_CASE("a view of columns starts at its first column") {
  const Graph graph = graph_of("input %x bf16[4, 12]\n%y = relu(%x[3:7])\noutput %y");
  const Layout layout(graph, tiny());
  const Place whole = layout.place(0, 0);
  const Place part = layout.place(graph.sections[0].ops[0].operands[0], 0);
  CHECK(part.base == whole.base + 3 * 2);
  CHECK(part.cols == 4);
  CHECK(part.pitch == whole.pitch);
}

TEST_CASE("a graph of N bytes fits N bytes of HBM and is refused by N - 1, with both sizes") {
  const Graph graph = graph_of(carrying(kOneCarry, "%o = relu(%last)\noutput %o"));
  ChipSpec chip = tiny();
  const Bytes bytes = Layout(graph, chip).bytes();
  chip.hbm.size = bytes;
  CHECK_NOTHROW(Layout(graph, chip).require_fit());
  chip.hbm.size = bytes - 1;
  CHECK_THROWS_WITH(Layout(graph, chip).require_fit(),
                    contains(std::to_string(bytes) + " bytes") &&
                        contains("the " + std::to_string(bytes - 1) + " bytes of HBM"));
}

TEST_CASE("a core that reaches its share of HBM only gets no more") {
  const Graph graph = graph_of("input %x bf16[4, 12]\n%y = relu(%x)\noutput %y");
  ChipSpec chip = tiny();
  const Bytes bytes = Layout(graph, chip).bytes();
  chip.core.count = 2;
  chip.hbm.size = 2 * bytes - 2;
  CHECK_NOTHROW(Layout(graph, chip).require_fit());
  chip.hbm.per_core = true;
  CHECK_THROWS_AS(Layout(graph, chip).require_fit(), Error);
  chip.hbm.size = 2 * bytes;
  CHECK_NOTHROW(Layout(graph, chip).require_fit());
}
