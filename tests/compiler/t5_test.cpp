// SPDX-License-Identifier: Apache-2.0
#include "compiler/t5.hpp"

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
Scenario step(std::int64_t seq, std::int64_t context, std::int64_t batch = 1,
              DataType type = DataType::kBf16) {
  Scenario scenario = decode(context, batch, type);
  scenario.seq = seq;
  return scenario;
}

}  // namespace

TEST_CASE("T5's useful MACs are the closed form's in both phases and types") {
  const std::int64_t d = 768, inner = 12 * 64, wide = 3072, layers = 12, vocabulary = 32128;
  const std::string json = published_model("google-t5--t5-base");
  const std::int64_t seq = 100, context = 30, batch = 3;
  const std::int64_t feed = 2 * d * wide, square = d * inner;
  const auto decoder = [&](std::int64_t keys, std::int64_t projected) {
    return layers * (4 * square + 2 * inner * keys + 2 * square + 2 * square * projected +
                     2 * inner * seq + feed) +
           d * vocabulary;
  };
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    const std::int64_t encoder = layers * (seq * (4 * square + feed) + 2 * inner * seq * seq);
    CHECK(total_macs(imported(json, prefill(seq, batch, type))) ==
          batch * (encoder + decoder(1, seq)));
    CHECK(total_macs(imported(json, step(seq, context, batch, type))) ==
          batch * decoder(context + 1, 0));
  }
}

TEST_CASE("the imported T5 is this one") {
  std::string json = changed(small_model("t5"), "num_layers", 1);
  json = changed(json, "num_decoder_layers", 1);
  const std::string text =
      print_graph(imported(json, prefill(5, 2))) + print_graph(imported(json, step(5, 3, 2)));
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/imported_t5.sgr";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
  CHECK(text == file_text(path));
}

TEST_CASE("T5 decodes after a text of a length that is given") {
  const std::string json = small_model("t5");
  CHECK(has_source(json, "m.json"));
  CHECK_FALSE(has_source(small_model("llama"), "m.json"));
  CHECK(refusal(json, step(5, 3)).code == ExitCode::kDone);
  CHECK(refusal(json, step(0, 3)).code == ExitCode::kUsage);
  CHECK(refusal(json, step(5, 0)).code == ExitCode::kUsage);
  CHECK(refusal(small_model("llama"), step(5, 3)).code == ExitCode::kUsage);
}

TEST_CASE("in int8 what the encoder leaves is quantised once for all layers of the decoder") {
  const std::string text = print_graph(imported(small_model("t5"), prefill(5, 2, DataType::kInt8)));
  const std::string quantised = "%encoder.final_layer_norm.q, ";
  const auto at = text.find(quantised);
  REQUIRE(at != std::string::npos);
  CHECK(text.rfind("repeat 3 {") > at);
  CHECK_THAT(text, contains("%decoder.block.EncDecAttention.k.sum = matmul("
                            "%encoder.final_layer_norm.q, "));
}

TEST_CASE("a gated T5 multiplies two projections, and its head is its own") {
  const std::string text = print_graph(imported(small_model("t5-gated"), prefill(5)));
  CHECK_THAT(text, contains("gelu_tanh(%encoder.block.DenseReluDense.wi_0)"));
  CHECK_THAT(text, contains("%decoder.block.DenseReluDense.gated = mul("));
  CHECK_THAT(text, contains("%logits = matmul(%decoder.final_layer_norm, %lm_head.weight)"));
  CHECK_THAT(print_graph(imported(small_model("t5"), prefill(5))),
             contains("%lm_head.scale = scale(%decoder.final_layer_norm) {factor=0.17"));
}

TEST_CASE("what changes T5's computation and is not known is refused") {
  const auto message = [](const std::string& key, const nlohmann::json& value) {
    const Refusal r = refusal(changed(small_model("t5"), key, value));
    CHECK(r.code == ExitCode::kBadInput);
    return r.message;
  };
  CHECK_THAT(message("feed_forward_proj", "swish-glu"), contains("gated-gelu"));
  CHECK_THAT(message("is_encoder_decoder", false), contains("is_encoder_decoder"));
  CHECK_THAT(message("architectures", {"T5EncoderModel"}),
             contains("T5ForConditionalGeneration among them"));
  CHECK_THAT(message("d_kv", kRemoved), contains("key 'd_kv': found nothing"));
}
