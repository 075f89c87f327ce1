// SPDX-License-Identifier: Apache-2.0
#include "compiler/gptj.hpp"

#include <cmath>
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

TEST_CASE("GPT-J's useful MACs are the closed form's") {
  const std::int64_t d = 4096, layers = 28, vocabulary = 50400, batch = 3;
  const std::string json = published_model("EleutherAI--gpt-j-6b");
  const std::int64_t linear = 4 * d * d + 2 * d * 4 * d;
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    const std::int64_t seq = 200;
    CHECK(total_macs(imported(json, prefill(seq, batch, type))) ==
          batch * (layers * (seq * linear + 2 * d * (seq * (seq + 1) / 2)) + d * vocabulary));
    CHECK(total_macs(imported(json, decode(seq, batch, type))) ==
          batch * (layers * (linear + 2 * d * (seq + 1)) + d * vocabulary));
  }
}

TEST_CASE("the imported GPT-J prefill is this one") {
  const std::string text =
      print_graph(imported(changed(small_model("gptj"), "n_layer", 1), prefill(5, 2)));
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/imported_gptj.sgr";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
  CHECK(text == file_text(path));
}

TEST_CASE("pairs past rotary_dim turn by nothing") {
  const Graph graph = imported(small_model("gptj"), prefill(5));
  for (const Tensor& t : graph.tensors) {
    if (t.role != TensorRole::kConstant) continue;
    REQUIRE(t.frequencies.size() == 6);  // heads of 12 columns, of which 6 are turned
    CHECK(t.frequencies[0] == 1);
    CHECK(t.frequencies[1] == Approx(std::pow(10000, -1.0 / 3)));
    CHECK(t.frequencies[2] == Approx(std::pow(10000, -2.0 / 3)));
    for (std::size_t pair = 3; pair < 6; ++pair) CHECK(t.frequencies[pair] == 0);
  }
}

TEST_CASE("what changes GPT-J's computation and is not known is refused") {
  const auto message = [](const std::string& key, const nlohmann::json& value) {
    const Refusal r = refusal(changed(small_model("gptj"), key, value));
    CHECK(r.code == ExitCode::kBadInput);
    return r.message;
  };
  CHECK_THAT(message("rotary", false), contains("key 'rotary': found false"));
  CHECK_THAT(message("scale_attn_weights", false), contains("scale_attn_weights"));
  CHECK_THAT(message("rotary_dim", 5), contains("key 'rotary_dim': found 5; expected an even"));
  CHECK_THAT(message("rotary_dim", 14), contains("a whole number from 1 to 12"));
  CHECK_THAT(message("rotary_dim", kRemoved), contains("rotary_dim"));
  CHECK_THAT(message("n_head", 12), contains("n_embd / n_head = 3"));
  CHECK_THAT(message("rope_scaling", {{"rope_type", "linear"}}), contains("gptj or default"));
  CHECK(refusal(changed(small_model("gptj"), "rope_scaling", {{"rope_type", "gptj"}})).code ==
        ExitCode::kDone);
  CHECK(refusal(small_model("gptj"), prefill(38)).code == ExitCode::kBadInput);
}
