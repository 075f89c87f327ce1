// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/model_names.hpp"

#include "catch.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"

using namespace systole;

namespace {

const std::vector<ModelName> kKnown{{"gpt2"},
                                    {"gpt2-xl"},
                                    {"deepseek-ai--DeepSeek-V2-Lite-Chat"},
                                    {"deepseek-ai--DeepSeek-V3"},
                                    {"google-bert--bert-base-uncased"},
                                    {"meta-llama--Llama-2-7b-hf"},
                                    {"meta-llama--Llama-3.2-1B-Instruct"},
                                    {"meta-llama--Meta-Llama-3-8B"},
                                    {"meta-llama--Meta-Llama-3.1-8B"},
                                    {"meta-llama--Meta-Llama-3.1-8B-Instruct"},
                                    {"mistralai--Mistral-7B-Instruct-v0.2"},
                                    {"mistralai--Mistral-7B-v0.1"},
                                    {"one--Twin-1B"},
                                    {"two--Twin-1B"}};

std::string found(const std::string& text) { return find_model(text, kKnown).stem; }

std::string refusal(const std::string& text) {
  try {
    find_model(text, kKnown);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kUsage);
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a model is found by its stem, its name on the hub and its name alone, in any case") {
  for (const char* text : {"meta-llama--Meta-Llama-3-8B", "meta-llama/Meta-Llama-3-8B",
                           "META-LLAMA/meta-llama-3-8b", "Meta-Llama-3-8B", "meta-llama-3-8b"}) {
    CHECK(found(text) == "meta-llama--Meta-Llama-3-8B");
  }
  CHECK(found("gpt2") == "gpt2");
  CHECK(found("GPT2-XL") == "gpt2-xl");
  CHECK(found("bert-base-uncased") == "google-bert--bert-base-uncased");
}

TEST_CASE(
    "meta-, -hf, -instruct, -chat and a version may be left out, with the organisation or "
    "without") {
  CHECK(found("llama-3-8b") == "meta-llama--Meta-Llama-3-8B");
  CHECK(found("meta-llama/llama-3-8b") == "meta-llama--Meta-Llama-3-8B");
  CHECK(found("llama-2-7b") == "meta-llama--Llama-2-7b-hf");
  CHECK(found("Llama-2-7b-HF") == "meta-llama--Llama-2-7b-hf");
  CHECK(found("llama-3.2-1b") == "meta-llama--Llama-3.2-1B-Instruct");
  CHECK(found("deepseek-v2-lite") == "deepseek-ai--DeepSeek-V2-Lite-Chat");
  CHECK(found("deepseek-v3") == "deepseek-ai--DeepSeek-V3");
  CHECK_FALSE(refusal("deepseek").empty());  // a generation is no version
  CHECK(found("mistral-7b-instruct") == "mistralai--Mistral-7B-Instruct-v0.2");
}

TEST_CASE("of several models the one is meant of which least was left out") {
  CHECK(found("llama-3.1-8b") == "meta-llama--Meta-Llama-3.1-8B");
  CHECK(found("llama-3.1-8b-instruct") == "meta-llama--Meta-Llama-3.1-8B-Instruct");
  CHECK(found("mistral-7b") == "mistralai--Mistral-7B-v0.1");
  CHECK(found("one/twin-1b") == "one--Twin-1B");
}

TEST_CASE("a name that may be any of several is refused with all of them") {
  CHECK(refusal("twin-1b") ==
        "found model 'twin-1b', which may be any of several; expected one of: one/Twin-1B, "
        "two/Twin-1B");
}

TEST_CASE("nothing else may be left out, and an unknown name gets the nearest one") {
  CHECK(refusal("gtp2").find("workload 'gtp2'; did you mean 'gpt2'?") != std::string::npos);
  CHECK(refusal("lama-3-8b").find("did you mean 'llama-3-8b'?") != std::string::npos);
  CHECK(refusal("Meta-Lama-3-8B").find("did you mean 'Meta-Llama-3-8B'?") != std::string::npos);
  CHECK(refusal("meta-lama/Meta-Llama-3-8B").find("did you mean 'meta-llama/Meta-Llama-3-8B'?") !=
        std::string::npos);
  CHECK(refusal("3-8b").find("did you mean") == std::string::npos);
  for (const char* text : {"", "-hf", "meta-", "-instruct", "llama", "other/gpt2", "gpt2-", "-v0.1",
                           "meta-llama/", "/gpt2", "mistral-7b-v0.3"}) {
    INFO(text);
    CHECK_FALSE(refusal(text).empty());
  }
  CHECK(refusal(std::string(100'000, 'x')).find("did you mean") == std::string::npos);
}

TEST_CASE("the short name is the shortest that finds the model and no other") {
  const auto name = [](const std::string& stem) { return short_name({stem}, kKnown); };
  CHECK(name("gpt2") == "gpt2");
  CHECK(name("google-bert--bert-base-uncased") == "bert-base-uncased");
  CHECK(name("meta-llama--Llama-2-7b-hf") == "llama-2-7b");
  CHECK(name("meta-llama--Meta-Llama-3-8B") == "llama-3-8b");
  CHECK(name("meta-llama--Meta-Llama-3.1-8B-Instruct") == "llama-3.1-8b-instruct");
  CHECK(name("mistralai--Mistral-7B-Instruct-v0.2") == "mistral-7b-instruct");
  CHECK(name("one--Twin-1B") == "one/twin-1b");
}

TEST_CASE("every model of the folder has a short name that finds it, and a file") {
  const std::vector<ModelName> known = model_names();
  CHECK(known.size() >= 30);
  for (const ModelName& model : known) {
    INFO(model.stem);
    CHECK(find_model(short_name(model, known), known).stem == model.stem);
    CHECK(find_model(model.stem, known).stem == model.stem);
    CHECK(find_model(model.hub(), known).stem == model.stem);
    CHECK_FALSE(read_file(path_of(model)).empty());
  }
  const auto stem = [&](const char* text) { return find_model(text, known).stem; };
  CHECK(stem("llama-3-8b") == "meta-llama--Meta-Llama-3-8B");
  CHECK(stem("llama-3.1-8b") == "meta-llama--Meta-Llama-3.1-8B");
  CHECK(stem("llama-2-7b") == "meta-llama--Llama-2-7b-hf");
  CHECK(stem("mistral-7b") == "mistralai--Mistral-7B-v0.1");
  CHECK(stem("qwen2-7b") == "Qwen--Qwen2-7B-Instruct");
  CHECK(stem("qwen3-8b") == "Qwen--Qwen3-8B");
  CHECK(stem("bert-base-uncased") == "google-bert--bert-base-uncased");
  CHECK(stem("gpt2") == "gpt2");
}
