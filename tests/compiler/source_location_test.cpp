// SPDX-License-Identifier: Apache-2.0
#include "compiler/source_location.hpp"

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/import.hpp"
#include "compiler/pipeline.hpp"
#include "isa/assembly.hpp"
#include "isa/binary.hpp"

using namespace systole;

namespace {

std::vector<std::string> locations(const Graph& graph) {
  std::vector<std::string> all;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) all.push_back(op.location);
  }
  return all;
}

const std::string kText =
    "graph \"g\"\ninput %x bf16[6, 8]\nweight %w bf16[8, 8]\nweight %b bf16[1, 8]\n"
    "%f = linear(%x, %w, %b)\n\n%y =\n  relu(%f)\n%z = mha(%y, %y, %y) {heads=2, seq=3}\noutput "
    "%z\n";

}  // namespace

TEST_CASE("an op of a text is where its result stands, in the file without its folder") {
  CHECK(locations(parse_graph(kText, "models/block.sgr")) ==
        std::vector<std::string>{"block.sgr:5", "block.sgr:7", "block.sgr:9"});
}

TEST_CASE("a file name that cannot stand between quotes, or is long, is no part of a location") {
  CHECK(file_location("a/b.sgr", 3) == "b.sgr:3");
  CHECK(file_location("a/b\"c.sgr", 3) == "graph:3");
  CHECK(file_location("", 3) == "graph:3");
  CHECK(file_location(std::string(128, 'a'), 3) == std::string(128, 'a') + ":3");
  CHECK(file_location(std::string(129, 'a'), 3) == "graph:3");
}

TEST_CASE("decompose and fuse hand locations on, and a fused op has those of its parts") {
  const Graph parts = decompose(parse_graph(kText, "b.sgr"));
  CHECK(locations(parts) ==
        std::vector<std::string>{"b.sgr:5", "b.sgr:5", "b.sgr:7", "b.sgr:9", "b.sgr:9", "b.sgr:9"});
  CHECK(locations(fuse(parts)) == std::vector<std::string>{"b.sgr:5,7", "b.sgr:9"});
}

TEST_CASE("locations that begin alike are joined after their beginning, others one by one") {
  CHECK(joined_location("b.sgr:5", "b.sgr:7") == "b.sgr:5,7");
  CHECK(joined_location("b.sgr:5", "b.sgr:5") == "b.sgr:5");
  CHECK(joined_location("a.sgr:5", "b.sgr:7") == "a.sgr:5; b.sgr:7");
  CHECK(joined_location("layer *: fc", "layer *: gelu") == "layer *: fc, gelu");
  CHECK(joined_location("wte", "ln") == "wte; ln");
  CHECK(joined_location("", "b.sgr:7") == "b.sgr:7");
  CHECK(joined_location("b.sgr:7", "") == "b.sgr:7");
}

TEST_CASE("a joined location is no longer than a name may be") {
  const auto of_length = [](std::size_t length) { return "b:" + std::string(length - 2, '1'); };
  const std::size_t most = static_cast<std::size_t>(kMaxNameLength);
  CHECK(joined_location(of_length(most - 3), "b:22").size() == most);
  CHECK(joined_location(of_length(most - 2), "b:22") == of_length(most - 2));
}

TEST_CASE("an imported op is where its layer is, whatever the number of layers") {
  Graph graph = parse_graph(
      "graph \"g\"\ninput %x bf16[4, 4]\n%a = relu(%x)\nrepeat 3 {\ncarry %h = %a -> %l\n"
      "%n = tanh(%h)\nyield %n\n}\nrepeat 2 {\ncarry %i = %l -> %m\n%o = relu(%i)\nyield %o\n}\n"
      "%y = relu(%m)\noutput %y\n",
      "g.sgr");
  for (Section& section : graph.sections) {
    for (Op& op : section.ops) op.location.clear();
  }
  locate_imported(graph);
  CHECK(locations(graph) == std::vector<std::string>{"a", "layer *: n", "layer 3 + *: o", "y"});
  graph.sections[0].ops[0].location = "kept";
  locate_imported(graph);
  CHECK(locations(graph).front() == "kept");
}

TEST_CASE("a program says of each op where it was written, in both forms") {
  const Graph graph = parse_graph(kText, "b.sgr");
  const Program program = compile(graph, load_chip("tiny-4x4", {})).program;
  REQUIRE(program.ops.size() == 2);
  CHECK(program.ops[0].location == "b.sgr:5,7");
  const std::string text = print_program(program);
  CHECK(text.find(" at=\"b.sgr:5,7\"\n") != std::string::npos);
  CHECK(text.find("\n  # gemm f, \"b.sgr:5,7\"\n") != std::string::npos);
  CHECK(parse_program(text, "p.sasm") == program);
  CHECK(decode_program(encode_program(program), "p.sbin") == program);
  const Program gemm =
      compile(import_gemm("gemm:4x4x4", DataType::kBf16), load_chip("tiny-4x4", {})).program;
  CHECK(gemm.ops[0].location == gemm.ops[0].name);
}

TEST_CASE("the text of a graph has locations only where they are asked for, as comments") {
  const Graph graph = parse_graph(kText, "b.sgr");
  CHECK(print_graph(graph).find('#') == std::string::npos);
  const std::string text = print_graph(graph, true);
  CHECK(text.find("%y = relu(%f) : bf16[6, 8]  # b.sgr:7\n") != std::string::npos);
  CHECK(print_graph(parse_graph(text, "again.sgr")) == print_graph(graph));
}
