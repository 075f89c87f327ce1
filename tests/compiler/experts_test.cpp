// SPDX-License-Identifier: Apache-2.0
// Products with the weights of experts: rules, evaluation, fusion, and what is counted of them.
#include "catch.hpp"
#include "compiler/capability.hpp"
#include "compiler/decompose.hpp"
#include "compiler/evaluator.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/op_counts.hpp"
#include "compiler/text_matchers.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"

using namespace systole;

namespace {

const std::string kHead =
    "graph \"g\"\ntable %e [1, 0, 1, 2, 1, 0]\ninput %x bf16[3, 4]\nweight %w bf16[12, 5]\n";

Graph graph_of(const std::string& text) { return parse_graph(kHead + text, "g.sgr"); }

std::string refusal(const std::string& text) {
  try {
    check_fused(fuse(decompose(graph_of(text))));
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::kBadInput);
    return e.what();
  }
  return "none";
}

std::vector<double> values(const std::string& text, const std::string& tensor) {
  return evaluate(graph_of(text), 1, Precision::kFp32, 0).at(tensor);
}

}  // namespace

TEST_CASE("a row of an expert product is a row of x times the weights of its expert") {
  const std::vector<double> y =
      values("%y = expert_matmul(%x, %w, %e) : fp32[6, 5]\noutput %y", "y");
  // The same row by row, with views of the weights' rows as products of their own.
  for (const int expert : {0, 1, 2}) {
    std::string rows = "%part = rows(%w) {first=" + std::to_string(4 * expert) + ", count=4}\n";
    const std::vector<double> all =
        values(rows + "%y = matmul(%x, %part) : fp32[3, 5]\noutput %y", "y");
    const std::vector<int> experts{1, 0, 1, 2, 1, 0};
    for (std::size_t p = 0; p < experts.size(); ++p) {
      if (experts[p] != expert) continue;
      for (std::size_t c = 0; c < 5; ++c) {
        INFO(p << " " << c);
        CHECK(y[p * 5 + c] == Approx(all[p / 2 * 5 + c]));
      }
    }
  }
}

TEST_CASE("select takes of each row the columns that its part of the table names") {
  const std::string text =
      "%s = select(%e, %x) : bf16[3, 2]\n%y = scale(%s) {factor=1} : fp32[3, 2]\n"
      "%z = scale(%x) {factor=1} : fp32[3, 4]\noutput %y, %z";
  const std::vector<double> y = values(text, "y");
  const std::vector<double> x = values(text, "z");
  CHECK(y == std::vector<double>{x[1], x[0], x[5], x[6], x[9], x[8]});
}

TEST_CASE("normalize divides by the row's sum, sum_rows adds rows that lie together") {
  const std::string text =
      "%n = normalize(%x) {scale=3} : fp32[3, 4]\n"
      "%p = expert_matmul(%x, %w, %e) : fp32[6, 5]\n"
      "%y = sum_rows(%p) {count=3} : fp32[2, 5]\n"
      "%z = scale(%x) {factor=1} : fp32[3, 4]\noutput %n, %y, %p, %z";
  const std::vector<double> x = values(text, "z");
  const std::vector<double> n = values(text, "n");
  const double sum = x[4] + x[5] + x[6] + x[7];
  CHECK(n[5] == Approx(3 * x[5] / sum));
  const std::vector<double> p = values(text, "p");
  const std::vector<double> y = values(text, "y");
  CHECK(y[0] == Approx(p[0] + p[5] + p[10]));
  CHECK(y[9] == Approx(p[19] + p[24] + p[29]));
}

TEST_CASE("experts, columns and shapes of a table must be there") {
  const auto one = [](const std::string& op) { return refusal("%y = " + op + "\noutput %y"); };
  CHECK(one("expert_matmul(%x, %w, %e)") == "none");
  CHECK_THAT(one("expert_matmul(%x, %w[0:3], %e) {capacity=2}"),
             contains("capacity = 2; expected at least the 3 rows of the fullest expert"));
  CHECK(one("expert_matmul(%x, %w[0:3], %e) {capacity=3}") == "none");
  CHECK_THAT(one("expert_matmul(%x, %x, %e)"),
             contains("rows that are a multiple of the 4 columns"));
  CHECK_THAT(refusal("weight %v bf16[4, 5]\n%y = expert_matmul(%x, %v, %e)\noutput %y"),
             contains("expert 1 in the table; expected experts 0 to 0"));
  CHECK_THAT(one("expert_matmul(%x, %w, %x)"), contains("a table"));
  CHECK_THAT(refusal("table %f [0, 1]\n%y = expert_matmul(%x, %w, %f)\noutput %y"),
             contains("2 entries of the table; expected a multiple of the 3 rows"));
  CHECK_THAT(refusal("table %f [0, 4, 0]\n%y = select(%f, %x)\noutput %y"), contains("column 4"));
  CHECK_THAT(one("sum_rows(%x) {count=2}"), contains("count = 2; expected a divisor of the 3"));
}

TEST_CASE("steps, rows of experts and scales of x go into the product that they follow") {
  const std::string text =
      "table %t [0, 0, 1, 1, 2, 2]\nweight %c fp32[3, 5]\ninput %s fp32[3, 1]\n"
      "%p = expert_matmul(%x, %w, %e)\n%ts = gather(%t, %s)\n%a = mul(%p, %ts) : fp32[6, 5]\n"
      "%cs = gather(%e, %c)\n%y = mul(%a, %cs) : bf16[6, 5]\noutput %y";
  const std::string fused = print_graph(fuse(decompose(graph_of(text))));
  CHECK_THAT(fused, contains("%y = expert_gemm(%x, %w, %e) then mul(%s) then mul(%c) name=\"p\""));
  CHECK(evaluate(graph_of(text), 1, Precision::kFp32, 0).at("y") ==
        evaluate(fuse(graph_of(text)), 1, Precision::kFp32, 0).at("y"));
  // By another table it stays a gather.
  std::string other = text;
  other.replace(other.find("%cs = gather(%e"), 15, "%cs = gather(%t");
  CHECK_THAT(print_graph(fuse(decompose(graph_of(other)))), contains("gather(%t, %c)"));
}

TEST_CASE("a column of a tensor is read by steps of expert products only") {
  const std::string weights = "%s = select(%e, %x) : bf16[3, 2]\n%c = column(%s)\n";
  CHECK(refusal(weights + "%p = expert_matmul(%x, %w, %e)\n%y = mul(%p, %c)\noutput %y") == "none");
  CHECK_THAT(refusal(weights + "%y = exp(%c)\noutput %y"),
             contains("a column only as the operand of an expert product's step"));
}

TEST_CASE("of the weights only those of experts that have rows are counted") {
  const auto counts = [](const std::string& table) {
    const Graph graph = parse_graph("graph \"g\" table %e [" + table +
                                        "] input %x bf16[3, 4] weight %w bf16[12, 5] "
                                        "%y = expert_matmul(%x, %w, %e) output %y",
                                    "g");
    return count_op(graph, graph.sections[0].ops[0]);
  };
  CHECK(counts("1, 1, 1").macs == 3 * 4 * 5);
  CHECK(counts("1, 1, 1").read_bytes == 2 * (3 * 4 + 4 * 5));
  CHECK(counts("1, 0, 1, 2, 1, 0").macs == 6 * 4 * 5);
  CHECK(counts("1, 0, 1, 2, 1, 0").read_bytes == 2 * (3 * 4 + 3 * 4 * 5));
}

TEST_CASE("an array that does not hold weights refuses experts by name") {
  const Graph graph = decompose(graph_of("%y = expert_matmul(%x, %w, %e)\noutput %y"));
  for (const char* dataflow : {"output", "input"}) {
    const Chip chip =
        load_chip("tiny-4x4", {std::string("mxu.dataflow=") + dataflow + "_stationary"});
    CHECK_THROWS_AS(check_capability(graph, chip.spec), Error);
  }
  CHECK_NOTHROW(check_capability(graph, load_chip("tiny-4x4", {}).spec));
}
