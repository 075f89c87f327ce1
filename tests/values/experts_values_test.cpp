// SPDX-License-Identifier: Apache-2.0
// Programs of expert products against the evaluator: loads, tiles, capacities and chips of all
// kinds.
#include <random>

#include "catch.hpp"
#include "compiler/model_files.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

std::string wrong(const std::string& config, const Scenario& scenario, const Chip& chip) {
  return run_wrong(import_config(small_model(config), "m.json", "m", scenario), chip).value_or("");
}

}  // namespace

TEST_CASE("experts of any imbalance and capacity compute what the evaluator does") {
  for (const char* chip : {"tiny-4x4", "tpu-v5e"}) {
    for (const double imbalance : {1.0, 2.0, 5.0}) {
      for (const double capacity : {0.0, 1.0, 1.7}) {
        for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
          INFO(chip << " imbalance " << imbalance << " capacity " << capacity << " "
                    << name_of(type));
          Scenario scenario = prefill(23, 2, type);
          scenario.experts.imbalance = imbalance;
          scenario.experts.capacity = capacity;
          CHECK(wrong("mixtral", scenario, load_chip(chip, {})) == "");
        }
      }
    }
  }
}

TEST_CASE("all tokens may go to the same experts") {
  Scenario scenario = prefill(9, 1);
  for (int t = 0; t < 9; ++t) {
    scenario.experts.given.push_back(3);
    scenario.experts.given.push_back(1);
  }
  for (const char* mxus : {"1", "2", "4"}) {
    INFO(mxus);
    CHECK(wrong("mixtral", scenario, load_chip("tiny-4x4", {std::string("mxu.count=") + mxus})) ==
          "");
  }
}

TEST_CASE("experts run from little VMEM, few accumulators and a weight FIFO") {
  for (const std::vector<std::string>& overrides : {std::vector<std::string>{"vmem.size=24 KiB"},
                                                    {"mxu.acc_depth=64"},
                                                    {"mxu.weight_fifo=3"},
                                                    {"dma.engines=1"},
                                                    {"mxu.rows=3", "mxu.cols=5"},
                                                    {"mxu.shadow_weights=false"}}) {
    INFO(overrides[0]);
    for (const Scenario& scenario :
         {prefill(20, 1), decode(9, 3), prefill(6, 2, DataType::kInt8)}) {
      CHECK(wrong("qwen3_moe", scenario, load_chip("tiny-4x4", overrides)) == "");
    }
  }
}

TEST_CASE("products with one column take numbers per row, and rows of experts, for what they are") {
  const std::string config = changed(small_model("mixtral"), "hidden_size", 1);
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    // As many tokens as experts, and others.
    for (const std::int64_t tokens : {5, 7}) {
      INFO(name_of(type) << " " << tokens);
      const Graph graph = import_config(config, "m.json", "m", prefill(tokens, 1, type));
      CHECK(run_wrong(graph, load_chip("tiny-4x4", {})).value_or("") == "");
    }
  }
}

TEST_CASE("an expert's weights that are taken from its neighbour are found") {
  const Graph graph = import_config(small_model("mixtral"), "m.json", "m", prefill(11, 1));
  const Chip chip = load_chip("tiny-4x4", {});
  Program program = compile(graph, chip).program;
  bool planted = false;
  for (Table& table : program.tables) {
    if (table.name.rfind("expert_weights", 0) != 0 || planted) continue;
    std::swap(table.values.front(), table.values.back());
    planted = true;
  }
  REQUIRE(planted);
  CHECK(wrong_output(graph, chip, program));
}
