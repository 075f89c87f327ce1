// SPDX-License-Identifier: Apache-2.0
// Some layers of a model: what two halves do, and what they hold, is what the whole does.
#include "catch.hpp"
#include "compiler/graph_verifier.hpp"
#include "model_files.hpp"

using namespace systole;

namespace {

Graph slice(const std::string& config, Scenario scenario, std::int64_t first, std::int64_t end) {
  scenario.layers = {first, end};
  return import_config(config, "m.json", "m", scenario);
}

std::int64_t inputs_named(const Graph& graph, const std::string& part) {
  std::int64_t count = 0;
  for (const Tensor& tensor : graph.tensors) {
    const bool input = tensor.role == TensorRole::kInput;
    if (input && tensor.name.find(part) != std::string::npos) ++count;
  }
  return count;
}

std::vector<Scenario> phases(const std::string& name, const std::string& config) {
  std::vector<Scenario> all{fitted(config, prefill(9, 2))};
  if (!is_encoder(name)) all.push_back(fitted(config, decode(11, 2)));
  return all;
}

}  // namespace

TEST_CASE("all layers by number are the whole model") {
  for (const std::string& name : names_in("tests/configs")) {
    const std::string config = small_model(name);
    for (const Scenario& scenario : phases(name, config)) {
      INFO(name << " " << scenario.phase);
      const Graph whole = import_config(config, "m.json", "m", scenario);
      const Graph all = slice(config, scenario, 0, whole.layers);
      CHECK(total_macs(all) == total_macs(whole));
      CHECK(parameter_count(all) == parameter_count(whole));
      CHECK(count_ops(all) == count_ops(whole));
      CHECK(all.outputs.size() == whole.outputs.size());
    }
  }
}

TEST_CASE("two halves do the work of the whole, wherever it is cut") {
  for (const std::string& name : names_in("tests/configs")) {
    const std::string config = small_model(name);
    for (const Scenario& scenario : phases(name, config)) {
      const Graph whole = import_config(config, "m.json", "m", scenario);
      // A decode step of an encoder and decoder has none of the encoder's layers.
      const std::int64_t unused =
          has_source(config, "m.json") && scenario.phase == "decode"
              ? nlohmann::json::parse(config)["num_layers"].get<std::int64_t>()
              : 0;
      for (std::int64_t cut = unused + 1; cut < whole.layers; ++cut) {
        INFO(name << " " << scenario.phase << " cut at " << cut);
        const Graph first = slice(config, scenario, 0, cut);
        const Graph second = slice(config, scenario, cut, whole.layers);
        CHECK(total_macs(first) + total_macs(second) == total_macs(whole));
        CHECK(first.layers == whole.layers);
        CHECK(inputs_named(first, "hidden") == 0);
        CHECK(inputs_named(second, "hidden") + inputs_named(second, "encoder.last") >= 1);
        CHECK(second.outputs.size() == whole.outputs.size());
        // What the embedding and a head tied to it share, and T5's tables, are there twice.
        CHECK(parameter_count(first) + parameter_count(second) >= parameter_count(whole));
      }
    }
  }
}

TEST_CASE("a layer has its own weights and no others") {
  const std::string config = small_model("llama");
  const Scenario scenario = prefill(9);
  const Graph whole = import_config(config, "m.json", "m", scenario);
  REQUIRE(whole.layers >= 3);
  std::int64_t layer = 0;
  for (const Tensor& t : whole.tensors) {
    if (t.role == TensorRole::kWeight && t.section >= 0) layer += t.rows * t.cols;
  }
  CHECK(parameter_count(slice(config, scenario, 1, 2)) == layer);
  CHECK(parameter_count(slice(config, scenario, 0, whole.layers - 1)) ==
        parameter_count(whole) - layer -
            parameter_count(slice(config, scenario, whole.layers - 1, whole.layers)) + layer);
}

TEST_CASE("layers of several kinds keep their kinds and names when they are cut") {
  const std::string config = small_model("gemma3-text");  // every other layer has a window
  const Graph pair = slice(config, prefill(20), 1, 3);
  REQUIRE(pair.layers == 4);
  std::vector<bool> windows;
  for (const Section& section : pair.sections) {
    for (const Op& op : section.ops) {
      if (op.kind != OpKind::kMha) continue;
      windows.push_back(attribute(op, "window", 0) != 0);
      CHECK(op.name.find(windows.size() == 1 ? "layers.1." : "layers.2.") == 0);
    }
  }
  CHECK(windows == std::vector<bool>{false, true});
}

TEST_CASE("layers beyond the model's last one are refused") {
  Scenario scenario = prefill(4);
  scenario.layers = {2, 5};
  const Refusal found = refusal(small_model("gemma3-text"), scenario);
  CHECK(found.code == ExitCode::kBadInput);
  CHECK(found.message.find("at most 4 layers, --layers 0:4") != std::string::npos);
  scenario = decode(4);
  scenario.seq = 7;
  scenario.layers = {0, 2};  // t5 has two layers in its encoder
  CHECK(refusal(small_model("t5"), scenario).message.find("all of the encoder") !=
        std::string::npos);
  scenario.layers = {0, 3};
  CHECK(refusal(small_model("t5"), scenario).code == ExitCode::kDone);
}
