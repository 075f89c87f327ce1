// SPDX-License-Identifier: Apache-2.0
#include "sim/values/graph_steps.hpp"

#include <algorithm>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "isa/error.hpp"
#include "sim/values/case_reducer.hpp"
#include "sim/values/random_graph.hpp"

using namespace systole;

namespace {

Graph graph_of(const std::string& text) { return parse_graph("graph \"g\"\n" + text, "g.sgr"); }

// The texts of the candidates that are graphs, after clearing up as the reducer does.
std::vector<std::string> legal(const std::vector<Graph>& candidates) {
  std::vector<std::string> texts;
  for (const Graph& candidate : candidates) {
    const auto fitting = with_inferred_shapes(without_unused(candidate));
    if (!fitting) continue;
    try {
      verify_graph(*fitting, "candidate");
    } catch (const Error&) {
      continue;
    }
    texts.push_back(print_graph(*fitting));
  }
  return texts;
}

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), print_graph(graph_of(text))) != texts.end();
}

const std::string kTwo =
    "input %x bf16[4, 6]\n%a = relu(%x)\n%b = exp(%a)\n%c = tanh(%a)\noutput %b, %c\n";

}  // namespace

TEST_CASE("an output is dropped, and with it the ops that only it needs") {
  const auto texts = legal(with_fewer_outputs(graph_of(kTwo)));
  CHECK(has(texts, "input %x bf16[4, 6]\n%a = relu(%x)\n%c = tanh(%a)\noutput %c\n"));
  CHECK(has(texts, "input %x bf16[4, 6]\n%a = relu(%x)\noutput %a\n"));
}

TEST_CASE("an input takes the place of what an op computed") {
  const auto texts = legal(with_an_input_for_an_op(graph_of(kTwo)));
  CHECK(has(texts, "input %a bf16[4, 6]\n%b = exp(%a)\n%c = tanh(%a)\noutput %b, %c\n"));
}

TEST_CASE("an op is passed by where its operand has the shape and type of its result") {
  const auto texts = legal(with_an_op_passed_by(graph_of(kTwo)));
  CHECK(has(texts, "input %x bf16[4, 6]\n%b = exp(%x)\n%c = tanh(%x)\noutput %b, %c\n"));
}

TEST_CASE("a section is repeated less often, or not at all") {
  const Graph graph = graph_of(
      "input %x bf16[4, 4]\n%a = relu(%x)\nrepeat 3 {\nweight %w bf16[4, 4]\n"
      "carry %h = %a -> %l\n%n = matmul(%h, %w)\nyield %n\n}\n%y = exp(%l)\noutput %y\n");
  const auto texts = legal(with_simpler_sections(graph));
  CHECK(has(texts,
            "input %x bf16[4, 4]\nweight %w bf16[4, 4]\n%a = relu(%x)\n%n = matmul(%a, %w)\n"
            "%y = exp(%n)\noutput %y\n"));
  CHECK(std::any_of(texts.begin(), texts.end(), [](const std::string& text) {
    return text.find("repeat 1 {") != std::string::npos &&
           text.find("copies=1") != std::string::npos;
  }));
}

TEST_CASE("sizes that belong together become smaller together, with the attributes of that size") {
  const Graph graph =
      graph_of("input %q bf16[12, 8]\n%y = mha(%q, %q, %q) {heads=2, seq=6}\noutput %y\n");
  const auto texts = legal(with_smaller_sizes(graph));
  CHECK(has(texts, "input %q bf16[2, 8]\n%y = mha(%q, %q, %q) {heads=2, seq=1}\noutput %y\n"));
  CHECK(has(texts, "input %q bf16[12, 4]\n%y = mha(%q, %q, %q) {heads=2, seq=6}\noutput %y\n"));
}

TEST_CASE("rows that a smaller matrix does not have are looked up in its last one") {
  const Graph graph =
      graph_of("table %t [5, 0]\nweight %w bf16[6, 3]\n%y = gather(%t, %w)\noutput %y\n");
  const auto texts = legal(with_smaller_sizes(graph));
  CHECK(has(texts, "table %t [2, 0]\nweight %w bf16[3, 3]\n%y = gather(%t, %w)\noutput %y\n"));
}

TEST_CASE("attributes, views and seeds become what they are where nothing is said") {
  const auto texts = legal(with_simpler_ops(
      graph_of("input %x bf16[4, 6] scale=3 offset=1\n%y = softmax(%x) {scale=0.5}\noutput %y\n")));
  CHECK(has(texts, "input %x bf16[4, 6]\n%y = softmax(%x) {scale=0.5}\noutput %y\n"));
  CHECK(
      has(texts, "input %x bf16[4, 6] scale=3 offset=1\n%y = softmax(%x) {scale=1}\noutput %y\n"));
  const auto views =
      legal(with_simpler_ops(graph_of("input %x bf16[4, 6]\n%y = exp(%x[1:4])\noutput %y\n")));
  CHECK(has(views, "input %x bf16[4, 6]\n%y = exp(%x)\noutput %y\n"));
}

TEST_CASE("shapes that do not fit any more are no graph") {
  Graph graph =
      graph_of("input %x bf16[4, 6]\nweight %w bf16[6, 5]\n%y = matmul(%x, %w)\noutput %y\n");
  graph.tensors[1].rows = 7;
  CHECK_FALSE(with_inferred_shapes(graph).has_value());
  graph.tensors[0].cols = 7;
  CHECK(with_inferred_shapes(graph).has_value());
}

TEST_CASE("a case is reduced to the one op, the one size and the one parameter that it takes") {
  ValueCase found{graph_of("input %x bf16[12, 30]\nweight %w bf16[30, 17] scale=0.3\n"
                           "%a = relu(%x)\n%p = matmul(%a, %w)\n%s = softmax(%p)\n%y = exp(%s)\n"
                           "%z = tanh(%a)\noutput %y, %z\n"),
                  "tiny-4x4",
                  {"mxu.count=2", "mxu.rows=3", "vmem.size=1 MiB"}};
  const ValueCase smallest = reduced(found, [](const ValueCase& candidate) {
    const bool rows = std::find(candidate.overrides.begin(), candidate.overrides.end(),
                                "mxu.rows=3") != candidate.overrides.end();
    for (const Section& section : candidate.graph.sections) {
      for (const Op& op : section.ops) {
        const Tensor& t = candidate.graph.tensors[static_cast<std::size_t>(op.result)];
        if (rows && op.kind == OpKind::kSoftmax && t.cols >= 5) return true;
      }
    }
    return false;
  });
  CHECK(case_text(smallest) ==
        "# --chip tiny-4x4 --set 'mxu.rows=3'\n" +
            print_graph(graph_of("input %p bf16[1, 5]\n%s = softmax(%p)\noutput %s\n")));
}

TEST_CASE("a reduction ends though every smaller case, and every one of its size, is wrong") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const ValueCase smallest = reduced(random_case(seed), [](const ValueCase&) { return true; });
    INFO(case_text(smallest));
    CHECK(cost_of(smallest.graph)[0] == 1);
    CHECK(smallest.overrides.empty());
    for (const Tensor& tensor : smallest.graph.tensors) CHECK(tensor.rows * tensor.cols <= 2);
  }
}

TEST_CASE("a seed draws the same case every time, another seed another") {
  const std::string first = case_text(random_case(7));
  CHECK(case_text(random_case(7)) == first);
  CHECK(case_text(random_case(8)) != first);
}

TEST_CASE("drawn graphs are legal, and their text is their canonical one") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Graph graph = random_graph(seed);
    INFO(print_graph(graph));
    CHECK(print_graph(parse_graph(print_graph(graph), "drawn.sgr")) == print_graph(graph));
  }
}
