// SPDX-License-Identifier: Apache-2.0
#include "compiler/vit.hpp"

#include <cstdlib>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

Graph imported(const std::string& json, const Scenario& scenario) {
  return import_config(json, "m.json", "m", scenario);
}

}  // namespace

TEST_CASE("a ViT's useful MACs are the closed form's in both types") {
  const std::int64_t d = 768, wide = 3072, layers = 12, patches = 196, seq = 197, images = 3;
  const std::int64_t layer = seq * (4 * d * d + 2 * d * wide) + 2 * d * seq * seq;
  const std::int64_t expected = images * (patches * 3 * 16 * 16 * d + layers * layer + d * 1000);
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    const Graph graph =
        imported(published_model("google--vit-base-patch16-224"), prefill(0, images, type));
    CHECK(total_macs(graph) == expected);
    CHECK(graph.tokens == images * seq);
  }
}

TEST_CASE("an image fixes the length, which may be given all the same") {
  const std::string json = small_model("vit");
  CHECK(own_sequence(json, "m.json") == 37);
  CHECK(own_sequence(small_model("llama"), "m.json") == 0);
  CHECK(print_graph(imported(json, prefill(37))) == print_graph(imported(json, prefill(0))));
  for (const std::int64_t seq : {36, 38}) {
    CHECK(refusal(json, prefill(seq)).code == ExitCode::kBadInput);
  }
  CHECK_THAT(refusal(json, prefill(36)).message, contains("found --seq 36; expected --seq 37"));
  CHECK_THAT(refusal(json, decode(5)).message, contains("--phase decode of an encoder"));
}

TEST_CASE("the imported ViT is this one") {
  const std::string text =
      print_graph(imported(changed(small_model("vit"), "image_size", 6), prefill(0, 2)));
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/imported_vit.sgr";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
  CHECK(text == file_text(path));
}

TEST_CASE("a ViT without a classifier has hidden states and a pooler") {
  const Graph graph = imported(small_model("vit-pooled"), prefill(0));
  CHECK(graph.outputs.size() == 2);
  const std::string text = print_graph(graph);
  CHECK_THAT(text, contains("%pooled = tanh(%pooler.dense)"));
  CHECK_THAT(text, !contains("attention.query.bias"));
  CHECK_THAT(text, contains("attention.output.dense.bias"));
}

TEST_CASE("what a ViT's file must say is asked for") {
  const auto message = [](const std::string& key, const nlohmann::json& value) {
    const Refusal r = refusal(changed(small_model("vit"), key, value), prefill(0));
    CHECK(r.code == ExitCode::kBadInput);
    return r.message;
  };
  CHECK_THAT(message("image_size", kRemoved), contains("key 'image_size': found nothing"));
  CHECK_THAT(message("patch_size", 4), contains("a divisor of image_size = 18, such as 3 or 6"));
  CHECK_THAT(message("num_labels", kRemoved), contains("num_labels"));
  CHECK_THAT(message("pooler_act", "relu"), contains("pooler_act"));
  CHECK_THAT(message("architectures", {"ViTForMaskedImageModeling"}), contains("ViTModel"));
}
