// SPDX-License-Identifier: Apache-2.0
// Small models, scenarios and chips drawn from a seed; the same ones on every platform.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/import.hpp"
#include "draw.hpp"

namespace systole {

struct RandomModel {
  std::string config;
  Scenario scenario;
  std::string chip;
  std::vector<std::string> overrides;

  // What to type after `systole run` to see it again.
  std::string text() const {
    std::string line = "--chip " + chip;
    for (const std::string& key : overrides) line += " --set '" + key + "'";
    line += " --phase " + scenario.phase;
    if (scenario.seq > 0) line += " --seq " + std::to_string(scenario.seq);
    if (scenario.context > 0) line += " --context " + std::to_string(scenario.context);
    return line + " --batch " + std::to_string(scenario.batch) + " --dtype " +
           std::string(row_of(scenario.dtype).name) + " of " + config;
  }
};

class ModelDraw {
 public:
  ModelDraw(std::string_view family, std::uint64_t seed)
      : family_(family), draw_(seed ^ hash_text(family)) {}

  RandomModel model() {
    if (family_ == "gpt2")
      gpt2();
    else if (family_ == "bert")
      bert();
    else if (family_ == "gptj")
      gptj();
    else if (family_ == "vit")
      vit();
    else if (family_ == "t5")
      t5();
    else if (family_ == "deepseek_v2" || family_ == "deepseek_v3")
      deepseek();
    else
      llama();
    RandomModel model;
    scenario(model.scenario);
    chip(model);
    model.config = json_.dump();
    return model;
  }

 private:
  void common(std::string_view architecture) {
    positions_ = draw_.within(2, 70);
    json_["model_type"] = family_;
    json_["architectures"] = {architecture};
    json_["vocab_size"] = draw_.within(16, 200);  // fewer logits say little about an error
    if (draw_.one_in(2)) json_["tie_word_embeddings"] = draw_.one_in(2);
  }
  std::string_view activation() { return draw_.of({"gelu", "gelu_new", "relu", "silu"}); }
  std::int64_t layers() { return draw_.within(1, 3); }

  void gpt2() {
    common("GPT2LMHeadModel");
    const std::int64_t heads = draw_.within(1, 7);
    json_["n_positions"] = positions_;
    json_["n_embd"] = heads * draw_.within(1, 20);
    json_["n_head"] = heads;
    json_["n_layer"] = layers();
    json_["n_inner"] = draw_.within(1, 90);
    json_["layer_norm_epsilon"] = 1e-5;
    json_["activation_function"] = activation();
  }

  void bert() {
    common(draw_.of({"BertModel", "BertForMaskedLM", "BertForPreTraining"}));
    const std::int64_t heads = draw_.within(1, 5);
    json_["max_position_embeddings"] = positions_;
    json_["type_vocab_size"] = draw_.within(1, 3);
    json_["hidden_size"] = heads * draw_.within(1, 20);
    json_["num_attention_heads"] = heads;
    json_["num_hidden_layers"] = layers();
    json_["intermediate_size"] = draw_.within(1, 90);
    json_["layer_norm_eps"] = 1e-12;
    json_["hidden_act"] = activation();
  }

  void gptj() {
    common("GPTJForCausalLM");
    const std::int64_t heads = draw_.within(1, 5), head = 2 * draw_.within(1, 10);
    json_["n_positions"] = positions_;
    json_["n_embd"] = heads * head;
    json_["n_head"] = heads;
    json_["rotary_dim"] = 2 * draw_.within(1, head / 2);
    json_["n_layer"] = layers();
    json_["n_inner"] = draw_.within(1, 90);
    json_["layer_norm_epsilon"] = 1e-5;
    json_["activation_function"] = activation();
  }

  void t5() {
    common("T5ForConditionalGeneration");
    json_["d_model"] = draw_.within(1, 90);
    json_["d_kv"] = draw_.within(1, 20);
    json_["d_ff"] = draw_.within(1, 90);
    json_["num_heads"] = draw_.within(1, 6);
    json_["num_layers"] = layers();
    json_["num_decoder_layers"] = layers();
    json_["feed_forward_proj"] = draw_.of({"relu", "gelu", "gated-gelu", "gated-silu"});
  }

  void deepseek() {
    const bool second = family_ == "deepseek_v2";
    common(second ? "DeepseekV2ForCausalLM" : "DeepseekV3ForCausalLM");
    head_dim_ = 2 * draw_.within(1, 6);
    json_["max_position_embeddings"] = positions_;
    json_["hidden_size"] = draw_.within(1, 90);
    json_["num_attention_heads"] = draw_.within(1, 9);
    json_["num_hidden_layers"] = draw_.within(1, 4);
    json_["intermediate_size"] = draw_.within(1, 90);
    if (draw_.one_in(2)) json_["q_lora_rank"] = draw_.within(1, 30);
    json_["kv_lora_rank"] = draw_.within(1, 30);
    json_["qk_nope_head_dim"] = draw_.within(1, 12);
    json_["qk_rope_head_dim"] = head_dim_;
    json_["v_head_dim"] = draw_.within(1, 12);
    json_["rms_norm_eps"] = 1e-6;
    json_["hidden_act"] = activation();
    const std::int64_t groups = second ? 1 : draw_.within(1, 3);
    const std::int64_t experts = groups * draw_.within(1, 3);
    json_["first_k_dense_replace"] = draw_.within(0, 1);
    json_["n_routed_experts"] = experts;
    json_["n_group"] = groups;
    json_["topk_group"] = groups;
    json_["num_experts_per_tok"] = draw_.within(1, experts);
    json_["moe_intermediate_size"] = draw_.within(1, 60);
    if (draw_.one_in(2)) json_["n_shared_experts"] = draw_.within(1, 2);
    json_["norm_topk_prob"] = draw_.one_in(2);
    json_["routed_scaling_factor"] = second ? 1.0 : draw_.of({1.0, 2.5});
    rope();
  }

  void vit() {
    common(draw_.of({"ViTModel", "ViTForImageClassification"}));
    const std::int64_t heads = draw_.within(1, 5), patch = draw_.within(1, 6);
    json_["hidden_size"] = heads * draw_.within(1, 20);
    json_["num_attention_heads"] = heads;
    json_["num_hidden_layers"] = layers();
    json_["intermediate_size"] = draw_.within(1, 90);
    json_["patch_size"] = patch;
    json_["image_size"] = patch * draw_.within(1, 7);
    json_["num_channels"] = draw_.within(1, 3);
    json_["num_labels"] = draw_.within(16, 200);
    json_["qkv_bias"] = draw_.one_in(2);
    json_["layer_norm_eps"] = 1e-12;
    json_["hidden_act"] = activation();
  }

  // What the families have that are shaped as Llama but for some parts.
  void variants() {
    if (family_ == "phi3" || family_ == "mistral") {
      json_["sliding_window"] = draw_.within(1, 70);
      if (draw_.one_in(3)) json_["sliding_window"] = nullptr;
    }
    if (family_ == "qwen2" || family_ == "qwen3") {
      json_["use_sliding_window"] = draw_.one_in(2);
      json_["max_window_layers"] = draw_.within(1, 2);
      json_["sliding_window"] = draw_.within(1, 40);
    }
    if (family_ == "mixtral" || family_ == "qwen3_moe") {
      const std::int64_t experts = draw_.within(1, 9);
      json_["num_local_experts"] = experts;
      json_["num_experts"] = experts;
      json_["num_experts_per_tok"] = draw_.within(1, experts);
      json_["moe_intermediate_size"] = draw_.within(1, 60);
      json_["norm_topk_prob"] = draw_.one_in(2);
    }
    if (family_ == "gpt_oss") {
      const std::int64_t experts = draw_.within(1, 9);
      json_["num_local_experts"] = experts;
      json_["num_experts_per_tok"] = draw_.within(1, experts);
      json_["hidden_act"] = "silu";
      json_["swiglu_limit"] = draw_.of({0.5, 2.0, 7.0});
      json_["sliding_window"] = draw_.within(1, 40);
      json_["attention_bias"] = draw_.one_in(2);
    }
    if (family_ == "seed_oss") {
      for (const char* key : {"attention_bias", "attention_out_bias", "mlp_bias"}) {
        json_[key] = draw_.one_in(2);
      }
    }
    if (family_ != "gemma2" && family_ != "gemma3_text") return;
    json_["num_hidden_layers"] = draw_.within(1, 7);
    json_["hidden_activation"] = "gelu_pytorch_tanh";
    json_["query_pre_attn_scalar"] = draw_.within(1, 30);
    json_["sliding_window"] = draw_.within(1, 40);
    json_["sliding_window_pattern"] = draw_.within(1, 4);
    for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
      json_[key] = draw_.of({1.5, 5.0, 30.0});
      if (draw_.one_in(3)) json_[key] = nullptr;
    }
  }

  void llama() {
    common(family_ == "qwen2"         ? "Qwen2ForCausalLM"
           : family_ == "qwen3"       ? "Qwen3ForCausalLM"
           : family_ == "mistral"     ? "MistralForCausalLM"
           : family_ == "mixtral"     ? "MixtralForCausalLM"
           : family_ == "qwen3_moe"   ? "Qwen3MoeForCausalLM"
           : family_ == "phi3"        ? "Phi3ForCausalLM"
           : family_ == "seed_oss"    ? "SeedOssForCausalLM"
           : family_ == "gpt_oss"     ? "GptOssForCausalLM"
           : family_ == "gemma2"      ? "Gemma2ForCausalLM"
           : family_ == "gemma3_text" ? "Gemma3ForCausalLM"
                                      : "LlamaForCausalLM");
    const std::int64_t kv_heads = draw_.within(1, 4);
    head_dim_ = 2 * draw_.within(1, 12);
    json_["max_position_embeddings"] = positions_;
    json_["hidden_size"] = draw_.within(1, 90);
    json_["num_attention_heads"] = kv_heads * draw_.within(1, 7);
    json_["num_key_value_heads"] = kv_heads;
    json_["head_dim"] = head_dim_;
    json_["num_hidden_layers"] = layers();
    json_["intermediate_size"] = draw_.within(1, 90);
    json_["rms_norm_eps"] = 1e-6;
    json_["hidden_act"] = activation();
    if (family_ == "llama" || family_ == "qwen3") json_["attention_bias"] = draw_.one_in(3);
    if (family_ == "llama") json_["mlp_bias"] = draw_.one_in(3);
    variants();
    rope();
  }

  void rope() {
    const auto type =
        draw_.of<std::string_view>({"default", "linear", "dynamic", "llama3", "yarn", "longrope"});
    nlohmann::json scaling{{"rope_type", type}, {"factor", draw_.of({1.0, 2.5, 8.0})}};
    if (type == "llama3") {
      scaling["low_freq_factor"] = 1.0;
      scaling["high_freq_factor"] = draw_.of({2.0, 4.0});
    }
    if (type == "longrope") {
      for (std::int64_t pair = 0; pair < head_dim_ / 2; ++pair) {
        scaling["short_factor"].push_back(1 + 0.125 * static_cast<double>(draw_.within(0, 8)));
        scaling["long_factor"].push_back(1 + 0.5 * static_cast<double>(draw_.within(0, 8)));
      }
    }
    // Lengths on both sides of it.
    scaling["original_max_position_embeddings"] = draw_.within(2, 20);
    if (draw_.one_in(2)) {
      json_["rope_theta"] = draw_.of({100.0, 10000.0});
      json_["rope_scaling"] = scaling;
    } else {
      scaling["rope_theta"] = draw_.of({100.0, 500000.0});
      json_["rope_parameters"] = scaling;
    }
  }

  void scenario(Scenario& scenario) {
    scenario.batch = draw_.of<std::int64_t>({1, 1, 2, 3, 5});
    scenario.dtype = draw_.of({DataType::kBf16, DataType::kInt8});
    if (family_ == "vit") return;  // its images fix the length
    const std::int64_t most = positions_ - 1;
    const std::int64_t length = draw_.one_in(4) ? most : draw_.within(1, most);
    if (family_ != "bert" && draw_.one_in(2)) {
      scenario.phase = "decode";
      scenario.context = length;
      if (family_ == "t5") scenario.seq = draw_.within(1, 40);
    } else {
      scenario.seq = length + (draw_.one_in(4) ? 1 : 0);
    }
  }

  void chip(RandomModel& model) {
    model.chip = draw_.of({"tiny-4x4", "tiny-4x4", "tpu-v5e", "tpu-v4i"});
    if (model.chip != "tiny-4x4" || draw_.one_in(2)) return;
    model.overrides.push_back(
        draw_.of({"dma.engines=1", "dma.engines=2", "dma.engines=3", "mxu.count=2", "mxu.count=3",
                  "mxu.count=4", "mxu.rows=2", "mxu.rows=8", "mxu.cols=2", "mxu.cols=8",
                  "xlu.count=2", "vmem.size=48 KiB", "mxu.acc_depth=512"}));
  }

  std::string family_;
  Draw draw_;
  nlohmann::json json_;
  std::int64_t positions_ = 0, head_dim_ = 0;
};

}  // namespace systole
