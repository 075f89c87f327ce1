// SPDX-License-Identifier: Apache-2.0
// The evaluator's building blocks against numpy (numpy_blocks.py), which shares nothing with it.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "compiler/evaluator.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/op_table.hpp"
#include "compiler/stored_tensor.hpp"
#include "isa/files.hpp"

using namespace systole;

namespace {

constexpr std::uint64_t kSeed = 5;
using Json = nlohmann::json;

// An input, weight, constant or table with what lies in memory.
Json stored(const Tensor& tensor) {
  Json values = Json::array();
  if (tensor.role == TensorRole::kTable) {
    values = tensor.values;
  } else {
    const StoredTensor memory(tensor, kSeed, 0);
    for (std::int64_t n = 0; n < tensor.rows * tensor.cols; ++n) {
      if (row_of(tensor.type).integer)
        values.push_back(memory.whole(n));
      else
        values.push_back(static_cast<double>(memory.real(n)));
    }
  }
  Json json{{"rows", tensor.rows}, {"cols", tensor.cols}, {"values", std::move(values)}};
  if (tensor.role == TensorRole::kConstant) {
    json["fill"] = name_of(tensor.fill);
    json["offset"] = tensor.offset;
    json["scale"] = tensor.scale;
    json["frequencies"] = tensor.frequencies;
  }
  return json;
}

// The last op of a graph, whose operands are all stored. `change`: a mistake in what it computed.
Json case_of(const std::string& text, double change = 0) {
  const Graph graph = parse_graph("graph \"g\"\n" + text, "g.sgr");
  const Op& op = graph.sections.back().ops.back();
  auto values = evaluate(graph, kSeed, Precision::kFp32);
  Json json{{"kind", name_of(op.kind)},
            {"attributes", Json::object()},
            {"operands", Json::array()},
            {"results", Json::array()}};
  for (const auto& [name, value] : op.attributes) json["attributes"][name] = value;
  for (const Operand& operand : op.operands) {
    json["operands"].push_back(stored(graph.tensors[static_cast<std::size_t>(operand.tensor)]));
  }
  for (const std::int32_t result : {op.result, op.scales}) {
    if (result < 0) continue;
    const Tensor& tensor = graph.tensors[static_cast<std::size_t>(result)];
    std::vector<double>& all = values.at(tensor.name);
    all.back() += change;
    json["results"].push_back(Json{{"rows", tensor.rows},
                                   {"cols", tensor.cols},
                                   {"values", all},
                                   {"whole", tensor.type == DataType::kInt8}});
  }
  return json;
}

std::string number(std::int64_t n) { return std::to_string(n); }

std::string tensor(const std::string& role, const std::string& name, std::int64_t rows,
                   std::int64_t cols, const std::string& type = "bf16", double scale = 1) {
  return role + " %" + name + " " + type + "[" + number(rows) + ", " + number(cols) +
         "] scale=" + std::to_string(scale) + "\n";
}

std::string attention(std::int64_t heads, std::int64_t kv_heads, std::int64_t sequences,
                      std::int64_t seq, std::int64_t keys, bool causal, std::int64_t width,
                      std::int64_t value_width = 0) {
  return tensor("input", "q", sequences * seq, heads * width, "bf16", 2) +
         tensor("input", "k", sequences * keys, kv_heads * width, "bf16", 2) +
         tensor("input", "v", sequences * keys, kv_heads * (value_width > 0 ? value_width : width),
                "bf16", 2) +
         "%y = mha(%q, %k, %v) {heads=" + number(heads) + ", kv_heads=" + number(kv_heads) +
         ", seq=" + number(seq) + ", keys=" + number(keys) + ", causal=" + number(causal) +
         ", scale=0.375}\noutput %y\n";
}

Json heads_cases() {
  Json cases = Json::array();
  for (const std::int64_t kv_heads : {1, 2, 3}) {
    for (const std::int64_t group : {1, 2, 4}) {
      for (const std::int64_t sequences : {1, 3}) {
        for (const std::int64_t seq : {1, 2, 9}) {
          const std::int64_t heads = kv_heads * group;
          cases.push_back(case_of(attention(heads, kv_heads, sequences, seq, seq, true, 4)));
          cases.push_back(case_of(attention(heads, kv_heads, sequences, seq, seq, false, 5)));
          cases.push_back(case_of(attention(heads, kv_heads, sequences, seq, 11, false, 3)));
          cases.push_back(case_of(attention(heads, kv_heads, sequences, seq, seq, true, 5, 2)));
          cases.push_back(case_of(attention(heads, kv_heads, sequences, seq, 11, false, 2, 7)));
        }
      }
    }
  }
  return cases;
}

// What attention may have beside q, k and v: a second part, a bias, sinks, a window, a soft cap.
Json further_heads_cases() {
  Json cases = Json::array();
  for (const bool second : {false, true}) {
    for (const bool bias : {false, true}) {
      for (const bool sinks : {false, true}) {
        for (const std::int64_t kv_heads : {1, 2, 4}) {
          for (const std::int64_t seq : {1, 7}) {
            const std::int64_t keys = seq == 1 ? 9 : 7;
            std::string inputs = tensor("input", "q", 2 * seq, 4 * 5, "bf16", 2) +
                                 tensor("input", "k", 2 * keys, kv_heads * 5, "bf16", 2) +
                                 tensor("input", "v", 2 * keys, kv_heads * 3, "bf16", 2);
            std::string operands = "%q, %k, %v";
            const auto add = [&](const std::string& name, std::int64_t rows, std::int64_t cols) {
              inputs += tensor("input", name, rows, cols, "bf16", 2);
              operands += ", %" + name;
            };
            if (second) add("q2", 2 * seq, 4 * 3);
            if (second) add("k2", 2 * keys, 3);
            if (bias) add("b", 4 * seq, keys);
            if (sinks) add("s", 4, 1);
            const std::string head =
                inputs + "%y = mha(" + operands + ") {heads=4, kv_heads=" + number(kv_heads) +
                ", seq=" + number(seq) + ", keys=" + number(keys) + ", sinks=" + number(sinks);
            const std::vector<std::string> rules =
                bias ? std::vector<std::string>{""}
                     : std::vector<std::string>{", scale=0.375", ", window=3, scale=0.4",
                                                ", softcap=1.5, scale=0.5"};
            for (const std::string& rule : rules) {
              const std::string mask = !bias && seq > 1 ? ", causal=1" : "";
              cases.push_back(case_of(head + rule + mask + "}\noutput %y\n"));
            }
          }
        }
      }
    }
  }
  return cases;
}

Json row_cases() {
  Json cases = Json::array();
  for (const std::int64_t cols : {1, 2, 6, 12, 64}) {
    const std::string x = tensor("input", "x", 6, cols, "fp32", 3);
    const std::string out = "output %y\n";
    const std::string gain = tensor("weight", "g", 1, cols);
    cases.push_back(case_of(x + gain + tensor("weight", "b", 1, cols) +
                            "%y = layernorm(%x, %g, %b) {eps=0.001}\n" + out));
    cases.push_back(case_of(x + gain + "%y = rmsnorm(%x, %g) {eps=0.001}\n" + out));
    cases.push_back(case_of(x + "%y = softmax(%x) {scale=0.7}\n" + out));
    cases.push_back(case_of(x + "%y = softmax(%x) {causal=1, seq=3}\n" + out));
    for (const std::int64_t heads : {1, 2, 6}) {
      cases.push_back(case_of(x + tensor("input", "s", heads, 1) + "%y = softmax(%x, %s)\n" + out));
    }
    cases.push_back(case_of(x + "%y, %s = quantize_rows(%x)\noutput %y, %s\n"));
    for (const std::int64_t groups : {2, 3, 6}) {
      if (cols % groups != 0) continue;
      cases.push_back(case_of(x + tensor("weight", "g", 1, cols / groups) +
                              "%y = rmsnorm(%x, %g) {eps=0.001, groups=" + number(groups) + "}\n" +
                              out));
    }
  }
  for (const std::int64_t heads : {1, 2, 5}) {
    for (const std::int64_t rows : {2, 6}) {
      const auto wave = [&](const std::string& name) {
        return "constant %" + name + " fp32[" + number(rows) + ", 3] " + name +
               " scale=1.25 offset=7 frequencies=[1, 0.215, 0.0464]\n";
      };
      cases.push_back(case_of(tensor("input", "x", 6, heads * 6) + wave("cos") + wave("sin") +
                              "%y = rope(%x, %cos, %sin) {heads=" + number(heads) +
                              "}\noutput %y\n"));
    }
  }
  return cases;
}

Json other_cases() {
  Json cases = Json::array();
  const std::string out = "output %y\n";
  for (const char* kind : {"exp", "tanh", "sigmoid", "silu", "relu", "gelu", "gelu_tanh"}) {
    for (const double scale : {0.01, 1.0, 8.0}) {
      cases.push_back(case_of(tensor("input", "x", 7, 9, "fp32", scale) + "%y = " + kind +
                              "(%x) : fp32[7, 9]\n" + out));
    }
  }
  for (const char* kind : {"add", "sub", "mul", "max", "min"}) {
    for (const auto& [rows, cols] :
         std::vector<std::pair<std::int64_t, std::int64_t>>{{6, 5}, {1, 5}, {2, 5}, {6, 1}}) {
      cases.push_back(case_of(tensor("input", "x", 6, 5) + tensor("input", "z", rows, cols) +
                              "%y = " + kind + "(%x, %z) : fp32[6, 5]\n" + out));
    }
  }
  for (const std::int64_t k : {1, 7, 40}) {
    for (const char* type : {"bf16", "int8", "fp8_e4m3", "fp8_e5m2"}) {
      const double scale = std::string(type) == "int8" ? 100 : 1;
      cases.push_back(case_of(tensor("input", "x", 4, k, type, scale) +
                              tensor("weight", "w", k, 5, type, scale) + "%y = matmul(%x, %w)\n" +
                              out));
      cases.push_back(case_of(tensor("input", "x", 4, k, type, scale) +
                              tensor("weight", "w", 5, k, type, scale) +
                              "%y = matmul(%x, %w) {transpose_rhs=1}\n" + out));
    }
    for (const std::int64_t heads : {2, 3}) {
      cases.push_back(case_of(tensor("input", "x", 4, heads * k) +
                              tensor("weight", "w", heads * k, 5) +
                              "%y = matmul(%x, %w) {heads=" + number(heads) + "}\n" + out));
    }
    cases.push_back(case_of(tensor("input", "x", 4, k) + tensor("weight", "w", k, 5) +
                            tensor("weight", "b", 1, 5) + "%y = linear(%x, %w, %b)\n" + out));
  }
  cases.push_back(
      case_of(tensor("input", "x", 6, 9, "fp32", 5) + "%y = quantize(%x) {factor=40}\n" + out));
  cases.push_back(
      case_of(tensor("input", "x", 9, 4) + "%y = rows(%x) {first=1, step=3, count=3}\n" + out));
  const std::string lookup = "table %t [2, 0, 2, 3]\n" + tensor("weight", "w", 4, 6);
  cases.push_back(case_of(lookup + "%y = gather(%t, %w)\n" + out));
  cases.push_back(
      case_of(lookup + tensor("weight", "p", 5, 6) + "%y = embedding(%t, %w, %p) {seq=2}\n" + out));
  return cases;
}

Json expert_cases() {
  Json cases = Json::array();
  const std::string out = "output %y\n";
  for (const std::int64_t top : {1, 2, 3}) {
    std::string table = "table %e [0";
    for (std::int64_t p = 1; p < 6 * top; ++p) table += ", " + number(p * p % 5);
    table += "]\n";
    for (const char* type : {"bf16", "int8"}) {
      const double scale = std::string(type) == "int8" ? 100 : 1;
      for (const std::int64_t capacity : {std::int64_t{0}, 6 * top}) {
        cases.push_back(case_of(table + tensor("input", "x", 6, 4, type, scale) +
                                tensor("weight", "w", 5 * 4, 7, type, scale) +
                                "%y = expert_matmul(%x, %w, %e) {capacity=" + number(capacity) +
                                "}\n" + out));
      }
    }
    const std::string x = tensor("input", "x", 6, 5, "fp32");
    cases.push_back(case_of(table + x + "%y = select(%e, %x)\n" + out));
    cases.push_back(case_of(x + "%y = sum_rows(%x) {count=" + number(top) + "}\n" + out));
  }
  cases.push_back(
      case_of("input %x fp32[6, 5] scale=1 offset=3\n%y = normalize(%x) {scale=2.5}\n" + out));
  return cases;
}

// Exit status and output of the script.
std::pair<int, std::string> numpy_says(const Json& cases) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() /
      ("systole-blocks-" + std::to_string(std::hash<std::string>{}(cases.dump())) + ".json");
  const std::filesystem::path said = file.string() + ".out";
  write_file(file, cases.dump());
  const std::string command = SYSTOLE_NUMPY_PYTHON " " SYSTOLE_TEST_DATA "/numpy_blocks.py " +
                              file.string() + " > " + said.string() + " 2>&1";
  const int status = std::system(command.c_str());  // NOLINT(cert-env33-c): our own script
  std::string text = read_file(said);
  std::filesystem::remove(file);
  std::filesystem::remove(said);
  return {status, text};
}

bool has_numpy() {
  if (!std::string{SYSTOLE_NUMPY_PYTHON}.empty()) return true;
  std::cout << "skipped: python3-numpy is not installed\n";
  return false;
}

void check_agreement(const Json& cases) {
  if (!has_numpy()) return;
  const auto [status, text] = numpy_says(cases);
  INFO(text);
  CHECK(status == 0);
  CHECK(text.find(number(static_cast<std::int64_t>(cases.size())) + " cases of ") !=
        std::string::npos);
}

}  // namespace

TEST_CASE("attention of any heads, groups, sequences and masks is numpy's") {
  check_agreement(heads_cases());
}
TEST_CASE("attention with a second part, a bias, sinks, a window or a soft cap is numpy's") {
  check_agreement(further_heads_cases());
}
TEST_CASE("norms, softmax, rotation and quantised rows are numpy's") {
  check_agreement(row_cases());
}
TEST_CASE("products, elementwise ops, look-ups and views are numpy's") {
  check_agreement(other_cases());
}

TEST_CASE("products of experts, their choice and their sums are numpy's") {
  check_agreement(expert_cases());
}

TEST_CASE("numpy finds one element that is off by more than fp32's rounding") {
  if (!has_numpy()) return;
  const std::string x = tensor("input", "x", 6, 8, "fp32", 3);
  CHECK(numpy_says({case_of(x + "%y = tanh(%x) : fp32[6, 8]\noutput %y\n", 1e-4)}).first != 0);
  CHECK(numpy_says({case_of(x + "%y, %s = quantize_rows(%x)\noutput %y, %s\n", 1)}).first != 0);
  CHECK(numpy_says({case_of(attention(4, 2, 1, 3, 3, true, 4), 1e-3)}).first != 0);
  CHECK(numpy_says(Json::array()).first != 0);
}
