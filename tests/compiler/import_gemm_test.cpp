// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/import.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

template <class Import>
std::pair<ExitCode, std::string> outcome(Import import) {
  try {
    import();
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {ExitCode::kDone, ""};
}
std::pair<ExitCode, std::string> spec(std::string_view text) {
  return outcome([&] { import_gemm(text, DataType::kBf16); });
}
std::pair<ExitCode, std::string> list(std::string_view csv) {
  return outcome([&] { import_gemm_list(csv, "l.csv", DataType::kBf16); });
}

}  // namespace

TEST_CASE("a bf16 product is one matmul") {
  CHECK(print_graph(import_gemm("gemm:5x3x7", DataType::kBf16)) ==
        R"(graph "gemm:5x3x7"

input %lhs bf16[5, 3] scale=1 offset=0
weight %rhs bf16[3, 7] scale=1 offset=0
%out = matmul(%lhs, %rhs) name="gemm" : bf16[5, 7]
output %out
)");
}

TEST_CASE("an int8 product is requantised so that its values spread") {
  CHECK(print_graph(import_gemm("gemm:5x4x7", DataType::kInt8)) ==
        R"(graph "gemm:5x4x7"

input %lhs int8[5, 4] scale=127 offset=0
weight %rhs int8[4, 7] scale=127 offset=0
%out.sum = matmul(%lhs, %rhs) name="gemm" : int32[5, 7]
%out = quantize(%out.sum) {factor=0.003937007874015748} name="gemm.quantize" : int8[5, 7]
output %out
)");
}

TEST_CASE("an fp8 product keeps its operands' size and gives bf16") {
  for (const DataType type : {DataType::kFp8E4m3, DataType::kFp8E5m2}) {
    const std::string name(name_of(type));
    CHECK(print_graph(import_gemm("gemm:5x4x7", type)) ==
          "graph \"gemm:5x4x7\"\n\ninput %lhs " + name + "[5, 4] scale=1 offset=0\nweight %rhs " +
              name +
              "[4, 7] scale=1 offset=0\n"
              "%out = matmul(%lhs, %rhs) name=\"gemm\" : bf16[5, 7]\noutput %out\n");
    CHECK_THAT(print_graph(import_gemm_list("Layer,M,N,K\na,2,3,4", "l.csv", type)),
               contains("weight %a.rhs " + name + "[4, 3] scale=1"));
  }
}

TEST_CASE("only three whole numbers make a product") {
  for (const char* text :
       {"gemm", "gemm:", "gemm:1x2", "gemm:1x2x3x4", "gemm:1x2x", "gemm:x2x3", "gemm:1xx3",
        "gemm:-1x2x3", "gemm:1x2x3 ", "gemm:1.5x2x3", "gemm:ax2x3", "GEMM:1x2x3", "gemm:1,2,3"}) {
    INFO(text);
    CHECK(spec(text).first == ExitCode::kUsage);
  }
}

TEST_CASE("sizes run from 1 to 2^24") {
  CHECK(spec("gemm:16777216x1x1").first == ExitCode::kDone);
  CHECK(spec("gemm:1x16777216x1").first == ExitCode::kDone);
  CHECK(spec("gemm:16777217x1x1").first == ExitCode::kBadInput);
  CHECK(spec("gemm:1x0x1").first == ExitCode::kBadInput);
  CHECK(spec("gemm:1x1x99999999999999999999").first == ExitCode::kBadInput);
  CHECK(spec("gemm:16777216x16777216x16777216").first == ExitCode::kBadInput);
}

TEST_CASE("types that no MXU multiplies are refused") {
  CHECK(outcome([] { import_gemm("gemm:1x1x1", DataType::kFp32); }).first == ExitCode::kBadInput);
  CHECK(outcome([] { import_gemm_list("", "l.csv", DataType::kInt32); }).first ==
        ExitCode::kBadInput);
}

TEST_CASE("a list gives one product per line, columns in the order M, N, K") {
  CHECK(print_graph(import_gemm_list("Layer,M,N,K,\r\n\r\nconv 1,2,3,4,\r\nfc, 5 ,6,7", "a/b.csv",
                                     DataType::kBf16)) ==
        R"(graph "b.csv"

input %conv_1.lhs bf16[2, 4] scale=1 offset=0
input %fc.lhs bf16[5, 7] scale=1 offset=0
weight %conv_1.rhs bf16[4, 3] scale=0.8660254037844386 offset=0
weight %fc.rhs bf16[7, 6] scale=0.6546536707079771 offset=0
%conv_1 = matmul(%conv_1.lhs, %conv_1.rhs) : bf16[2, 3]
%fc = matmul(%fc.lhs, %fc.rhs) : bf16[5, 6]
output %conv_1, %fc
)");
}

TEST_CASE("layers of one name, or of none, get names of their own") {
  const Graph graph = import_gemm_list(
      "Layer,M,N,K\na,1,1,1\na,1,1,1\na.lhs,1,1,1\n,1,1,1\na,1,1,1", "l.csv", DataType::kInt8);
  CHECK(graph.outputs.size() == 5);
}

TEST_CASE("a list's errors name the line") {
  CHECK(list("Layer,M,K,N\na,1,1,1").second ==
        "l.csv:1: found 'Layer,M,K,N'; expected the header Layer,M,N,K");
  CHECK_THAT(list("Layer,M,N,K\na,1,1,1\n\nb,1,2").second,
             starts_with("l.csv:4: found 3 columns; expected four"));
  CHECK(list("Layer,M,N,K\na,1,x,1").second ==
        "l.csv:2: found N = 'x'; expected a whole number from 1 to 16777216");
  CHECK_THAT(list("Layer,M,N,K\na,1,1,0").second, starts_with("l.csv:2: found K = '0'"));
  CHECK_THAT(list("Layer,M,N,K\na,1,1,-1").second, starts_with("l.csv:2:"));
  CHECK(list("Layer,M,N,K\n").first == ExitCode::kBadInput);
  CHECK(list("").first == ExitCode::kBadInput);
  CHECK(list(std::string("\0\xFF,,,\n", 6)).first == ExitCode::kBadInput);
}

TEST_CASE("the example list is read") {
  std::stringstream text;
  text << std::ifstream(SYSTOLE_SOURCE_ROOT "/workloads/examples/gemms.csv").rdbuf();
  CHECK(import_gemm_list(text.str(), "gemms.csv", DataType::kInt8).outputs.size() == 5);
}
