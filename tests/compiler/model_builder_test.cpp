// SPDX-License-Identifier: Apache-2.0
#include "compiler/model_builder.hpp"

#include <cmath>

#include "catch.hpp"
#include "compiler/evaluator.hpp"
#include "isa/seeded.hpp"
#include "model_files.hpp"

using namespace systole;

namespace {

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) {
    REQUIRE(std::isfinite(value));
    most = std::max(most, std::abs(value));
  }
  return most;
}

double deviation(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
  }
  const auto n = static_cast<double>(values.size());
  return std::sqrt(squares / n - sum * sum / (n * n));
}

const Tensor& tensor(const Graph& graph, const std::string& name) {
  for (const Tensor& t : graph.tensors) {
    if (t.name == name) return t;
  }
  FAIL("no tensor " + name);
  return graph.tensors.front();
}

// What int8 weights' scales have not been applied to yet.
bool is_unscaled(const std::string& value) {
  for (const char* mark : {".q", ".sum", ".token_scaled"}) {
    const std::size_t length = std::string(mark).size();
    if (value.size() > length && value.substr(value.size() - length) == mark) return true;
  }
  return false;
}

// Seeded values of one copy.
std::vector<double> values_of(const Tensor& t) {
  const SeededTensor draw(1, t.name, 0);
  std::vector<double> values;
  for (std::int64_t i = 0; i < t.rows * t.cols; ++i) {
    values.push_back(t.type == DataType::kInt8
                         ? static_cast<double>(draw.integer(i, t.scale, t.offset))
                         : static_cast<double>(draw.real(i, t.scale, t.offset)));
  }
  return values;
}

}  // namespace

TEST_CASE("int8 weights times their scales vary as bf16 weights do, and scales are positive") {
  const Scenario scenario = prefill(4, 1, DataType::kInt8);
  const std::int64_t in = 300, out = 400;
  for (const double damping : {1.0, 0.25}) {
    ModelBuilder build("m", scenario, 1);
    build.linear_weights(in, {.name = "x", .out = out, .damping = damping});
    const Graph graph = build.finish({});
    const std::vector<double> weights = values_of(tensor(graph, "x.weight"));
    const std::vector<double> scales = values_of(tensor(graph, "x.weight_scale"));
    std::vector<double> products;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      products.push_back(weights[i] * scales[i % scales.size()]);
    }
    for (const double scale : scales) REQUIRE(scale > 0);
    CHECK(deviation(products) == Approx(damping / std::sqrt(300.0)).epsilon(0.02));
  }
}

TEST_CASE("an input is quantised once, and another input for itself") {
  const Scenario scenario = prefill(4, 1, DataType::kInt8);
  ModelBuilder build("m", scenario, 1);
  const auto input = [&](const std::string& name) {
    return build.ops().tensor({.name = name, .role = TensorRole::kInput, .rows = 4, .cols = 6});
  };
  const std::int32_t x = input("x"), y = input("y");
  build.linear(x, {.name = "a", .out = 5});
  build.linear(x, {.name = "b", .out = 7, .bias = false});
  build.linear(y, {.name = "c", .out = 5});
  const Graph graph = build.finish({});
  std::vector<std::string> quantised;
  for (const Op& op : graph.sections[0].ops) {
    if (op.kind == OpKind::kQuantizeRows) quantised.push_back(op.name);
  }
  CHECK(quantised == std::vector<std::string>{"x.quantize", "y.quantize"});
  for (const char* name : {"a", "b", "c"}) {
    INFO(name);
    CHECK(tensor(graph, name).type == DataType::kBf16);
    CHECK(tensor(graph, name + std::string(".sum")).type == DataType::kInt32);
    CHECK(tensor(graph, name + std::string(".token_scaled")).type == DataType::kFp32);
  }
}

TEST_CASE("values stay within a hundred through many layers, in every family, phase and type") {
  for (const std::string& name : names_in("tests/configs")) {
    nlohmann::json json = nlohmann::json::parse(small_model(name));
    json[json.contains("n_layer")   ? "n_layer"
         : json.contains("d_model") ? "num_layers"
                                    : "num_hidden_layers"] = 24;
    for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
      for (const Scenario& scenario : {prefill(9, 2, type), decode(9, 2, type)}) {
        if (is_encoder(name) && is_decode(scenario)) continue;
        INFO(name << " " << scenario.phase << " " << name_of(type));
        const Graph graph = import_config(json.dump(), name, name, fitted(json.dump(), scenario));
        for (const auto& [value, elements] : evaluate(graph, 1, Precision::kFp32)) {
          INFO(value);
          if (!is_unscaled(value)) CHECK(largest(elements) < 100);
        }
        for (const std::int32_t output : graph.outputs) {
          const std::string& result = graph.tensors[static_cast<std::size_t>(output)].name;
          INFO(result);
          CHECK(deviation(evaluate(graph, 1, Precision::kFp32).at(result)) > 0.1);
        }
      }
    }
  }
}

TEST_CASE("int8 and bf16 models of the same seeds do not agree, and are as large") {
  // The weights are drawn anew, so only the size of results can be compared.
  const std::string json = small_model("llama");
  const auto logits = [&](DataType type) {
    return evaluate(import_config(json, "m", "m", prefill(9, 2, type)), 1, Precision::kFp32)
        .at("logits");
  };
  const double ratio = deviation(logits(DataType::kInt8)) / deviation(logits(DataType::kBf16));
  CHECK(ratio > 0.7);
  CHECK(ratio < 1.4);
}
