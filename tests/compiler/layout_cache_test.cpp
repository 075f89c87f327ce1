// SPDX-License-Identifier: Apache-2.0
// Where caches, what is appended to them, and the layers of a model lie.
#include <fmt/format.h>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/layout.hpp"
#include "isa/chip_loader.hpp"

using namespace systole;

namespace {

Graph graph_of(const std::string& text) { return parse_graph("graph \"g\"\n" + text, "g.sgr"); }

ChipSpec tiny() { return load_chip("tiny-4x4", {}).spec; }

Place place_of(const Graph& graph, const Layout& layout, const std::string& name) {
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (graph.tensors[t].name == name) return layout.place(static_cast<std::int32_t>(t), index(0));
  }
  FAIL("no tensor " << name);
  return {};
}

// Byte address of row `row` in repetition `layer`.
std::int64_t address(const Place& place, std::int64_t row, std::int64_t layer = 0) {
  return place.tile(Affine(row * place.pitch)).address.at({layer}, {});
}

std::string appending(std::int64_t sequences, std::int64_t seq, std::int64_t first,
                      std::int64_t rows) {
  return fmt::format(
      "input %x bf16[{}, 8] input %cache bf16[{}, 8]\n%new = relu(%x)\n"
      "%all = append(%cache, %new) {{seq={}, first={}}}\n%y = relu(%all)\noutput %y",
      sequences * rows, sequences * seq, seq, first);
}

std::string layers(int repeat) {
  return "input %x bf16[4, 8] weight %v bf16[8, 8]\n%h0 = matmul(%x, %v)\nrepeat " +
         std::to_string(repeat) +
         " {\nweight %w bf16[8, 8] weight %u bf16[1, 8] input %cache bf16[4, 8]\n"
         "carry %h = %h0 -> %last\n%a = matmul(%h, %w)\n"
         "%all = append(%cache, %a) {seq=4, first=0}\n%b = add(%all, %u)\nyield %b\n}\n"
         "%y = relu(%last)\noutput %y";
}

}  // namespace

TEST_CASE("appended rows lie where the cache has them, whatever their number") {
  struct Case {
    std::int64_t sequences, seq, first, rows;
  };
  for (const Case c : {Case{3, 10, 9, 1}, Case{1, 10, 4, 5}, Case{2, 6, 0, 6}, Case{1, 1, 0, 1}}) {
    INFO(c.sequences << " sequences of " << c.seq << ", " << c.rows << " rows at " << c.first);
    const Graph graph = graph_of(appending(c.sequences, c.seq, c.first, c.rows));
    const Layout layout(graph, tiny());
    const Place cache = place_of(graph, layout, "cache");
    const Place rows = place_of(graph, layout, "new");
    const Place all = place_of(graph, layout, "all");
    for (std::int64_t s = 0; s < c.sequences; ++s) {
      for (std::int64_t r = 0; r < c.rows; ++r) {
        CHECK(address(rows, s * c.rows + r) == address(cache, s * c.seq + c.first + r));
      }
    }
    for (std::int64_t r = 0; r < c.sequences * c.seq; ++r) {
      CHECK(address(all, r) == address(cache, r));
    }
  }
}

TEST_CASE("a cache is one symbol, without one for what is appended") {
  const Graph graph = graph_of(appending(3, 10, 9, 1));
  std::string names;
  for (const Symbol& symbol : Layout(graph, tiny()).symbols()) {
    names += symbol.name + ":" +
             std::string(kSymbolRoles[static_cast<std::size_t>(symbol.role)].name) + " ";
  }
  CHECK(names == "x:input cache:state y:output ");
}

TEST_CASE("no address or stride depends on the number of repetitions") {
  const Graph two = graph_of(layers(2));
  const Graph many = graph_of(layers(40));
  const Layout layout(two, tiny());
  const Layout larger(many, tiny());
  for (const char* name : {"x", "v", "h0", "h", "w", "u", "cache", "a", "all", "b", "last", "y"}) {
    INFO(name);
    const Place p = place_of(two, layout, name);
    const Place q = place_of(many, larger, name);
    CHECK((p.base == q.base && p.layer == q.layer && p.ring == q.ring && p.pitch == q.pitch));
  }
  CHECK(larger.bytes() > layout.bytes());
}

TEST_CASE("the copies of a repetition lie side by side, within one stride") {
  const Graph graph = graph_of(layers(3));
  const Layout layout(graph, tiny());
  const Place w = place_of(graph, layout, "w");
  const Place cache = place_of(graph, layout, "cache");
  const std::int64_t stride = w.layer.stride[0];
  CHECK(stride == cache.layer.stride[0]);
  CHECK(address(cache, 3) - w.base + cache.pitch <= stride);
  CHECK(address(cache, 3, 2) + cache.pitch <= layout.bytes());
}

TEST_CASE("a tensor of one column is dense") {
  const Graph graph =
      graph_of("input %x bf16[6, 8]\n%q, %s = quantize_rows(%x)\n%y = mul(%x, %s)\noutput %y");
  const Layout layout(graph, tiny());
  CHECK(place_of(graph, layout, "s").pitch == 4);
  CHECK(place_of(graph, layout, "q").pitch == 32);
}
