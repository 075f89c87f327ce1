// SPDX-License-Identifier: Apache-2.0
#include "compiler/vit.hpp"

#include <fmt/format.h>

#include <cmath>

#include "compiler/model_builder.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

// What of a config.json shapes the computation; names as in the file.
struct VitConfig {
  std::int64_t hidden_size = 0;
  std::int64_t num_hidden_layers = 0;
  std::int64_t num_attention_heads = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t image_size = 0;
  std::int64_t patch_size = 0;
  std::int64_t num_channels = 0;
  std::int64_t num_labels = 0;
  double layer_norm_eps = 0;
  OpKind hidden_act = OpKind::kGelu;
  bool qkv_bias = true;
  bool classifier = true;  // else the pooler

  std::int64_t patches() const {
    const std::int64_t side = image_size / patch_size;
    return side * side;
  }
};

constexpr std::int64_t kLargestImage = 1 << 16;

void read_image(const ConfigReader& read, VitConfig& config) {
  config.image_size = read.size("image_size", kLargestImage);
  config.patch_size = read.size("patch_size", kLargestImage);
  config.num_channels = read.size_or("num_channels", 3);
  read.require_divisor("patch_size", config.patch_size, "image_size", config.image_size);
}

VitConfig read_config(const ConfigReader& read) {
  const auto architecture = read.architecture({"ViTForImageClassification", "ViTModel"});
  VitConfig config;
  config.classifier = architecture.value_or("ViTForImageClassification") != "ViTModel";
  read_image(read, config);
  config.hidden_size = read.size("hidden_size");
  config.num_hidden_layers = read.size("num_hidden_layers");
  config.num_attention_heads = read.size("num_attention_heads");
  config.intermediate_size = read.size("intermediate_size");
  config.layer_norm_eps = read.fraction_or("layer_norm_eps", 1e-12);
  config.hidden_act = read.activation_or("hidden_act", OpKind::kGelu);
  config.qkv_bias = read.flag("qkv_bias", true);
  if (config.classifier) config.num_labels = read.size("num_labels");
  if (read.has("pooler_act") && read.text("pooler_act") != "tanh") {
    read.fail("pooler_act", read.text("pooler_act"), "tanh");
  }
  if (read.size_or("pooler_output_size", config.hidden_size) != config.hidden_size) {
    read.fail("pooler_output_size", fmt::format("{}", read.size("pooler_output_size")),
              fmt::format("hidden_size = {}", config.hidden_size));
  }
  read.require_divisor("num_attention_heads", config.num_attention_heads, "hidden_size",
                       config.hidden_size);
  return config;
}

class VitBuilder {
 public:
  VitBuilder(const VitConfig& config, std::string_view name, const Scenario& scenario)
      : config_(config), build_(name, scenario, config.num_hidden_layers) {
    const std::int64_t head_size = config.hidden_size / config.num_attention_heads;
    heads_ = {.heads = config.num_attention_heads,
              .kv_heads = config.num_attention_heads,
              .scale = 1 / std::sqrt(static_cast<double>(head_size)),
              .causal = false};
  }

  Graph build() {
    const std::int32_t entry =
        build_.starts() ? embed() : build_.hidden_input("hidden", config_.hidden_size);
    const std::int32_t last =
        build_.layers(entry, [&](std::int32_t h) { return mlp(attention(h)); });
    if (!build_.ends()) return build_.finish({last});
    if (config_.classifier) {
      const std::int32_t x = norm("layernorm", build_.first_rows("class_position", last));
      return build_.finish({dense("classifier", x, config_.num_labels)});
    }
    const std::int32_t hidden = norm("layernorm", last);
    const std::int32_t first = build_.first_rows("class_position", hidden);
    const std::int32_t wide = dense("pooler.dense", first, config_.hidden_size);
    const std::int32_t pooled =
        build_.ops().op(OpKind::kTanh, "pooler.act", {{wide}}, {}, "pooled");
    return build_.finish({hidden, pooled});
  }

 private:
  std::int32_t dense(const std::string& name, std::int32_t x, std::int64_t out, bool bias = true,
                     double damping = 1) {
    return build_.linear(x, {.name = name, .out = out, .bias = bias, .damping = damping});
  }
  std::int32_t norm(const std::string& name, std::int32_t x) {
    return build_.layer_norm(name, x, config_.layer_norm_eps);
  }

  // Each image's class token, then its patches, with their positions added. Patches of all images
  // are projected at once, into the rows of one buffer that also has the class token; a gather
  // puts it before the patches of each image.
  std::int32_t embed() {
    const std::int64_t d = config_.hidden_size;
    const std::int64_t patches = config_.patches(), images = build_.scenario().batch;
    GraphBuilder& ops = build_.ops();
    const std::int32_t pixels =
        ops.tensor({.name = "pixel_values",
                    .role = TensorRole::kInput,
                    .rows = images * patches,
                    .cols = config_.num_channels * config_.patch_size * config_.patch_size,
                    .scale = std::sqrt(3.0)});
    const std::int32_t cls = build_.weight("embeddings.cls_token", 1, d, kWordScale);
    const std::int32_t positions =
        build_.weight("embeddings.position_embeddings", patches + 1, d, kPositionScale);
    const std::int32_t projected = dense("embeddings.patch_embeddings.projection", pixels, d);
    const std::int32_t own = ops.op(OpKind::kRows, "embeddings.patch_positions", {{positions}},
                                    {{"first", 1}, {"count", static_cast<double>(patches)}});
    const std::int32_t first =
        ops.op(OpKind::kRows, "embeddings.class_position", {{positions}}, {{"count", 1}});
    const std::int32_t placed = ops.op(OpKind::kAdd, "embeddings.patches", {{projected}, {own}});
    const std::int32_t token = ops.op(OpKind::kAdd, "embeddings.class", {{cls}, {first}});
    const std::int64_t rows = images * patches + 1;
    const std::int32_t buffer = ops.tensor(
        {.name = "embeddings.tokens", .role = TensorRole::kInput, .rows = rows, .cols = d});
    const auto append = [&](const std::string& name, std::int32_t into, std::int32_t what,
                            std::int64_t at) {
      return ops.op(OpKind::kAppend, name, {{into}, {what}},
                    {{"seq", static_cast<double>(rows)}, {"first", static_cast<double>(at)}});
    };
    const std::int32_t with_class = append("embeddings.append_class", buffer, token, 0);
    const std::int32_t all = append("embeddings.append_patches", with_class, placed, 1);
    return interleaved(all, images, patches);
  }

  std::int32_t interleaved(std::int32_t all, std::int64_t images, std::int64_t patches) {
    Tensor order{.name = "token_order",
                 .role = TensorRole::kTable,
                 .type = DataType::kInt32,
                 .rows = images * (patches + 1),
                 .cols = 1};
    for (std::int64_t image = 0; image < images; ++image) {
      order.values.push_back(0);
      for (std::int64_t p = 0; p < patches; ++p) order.values.push_back(1 + image * patches + p);
    }
    GraphBuilder& ops = build_.ops();
    return ops.op(OpKind::kGather, "embeddings.order", {{ops.tensor(std::move(order))}, {all}});
  }

  std::int32_t attention(std::int32_t h) {
    const std::int64_t d = config_.hidden_size;
    const bool bias = config_.qkv_bias;
    const std::int32_t x = norm("encoder.layer.layernorm_before", h);
    const std::int32_t q = dense("encoder.layer.attention.query", x, d, bias);
    const std::int32_t k = dense("encoder.layer.attention.key", x, d, bias);
    const std::int32_t v = dense("encoder.layer.attention.value", x, d, bias);
    const std::int32_t mixed =
        build_.attention("encoder.layer.attention.core", {q}, {k}, {v}, heads_);
    const std::int32_t out =
        dense("encoder.layer.attention.output.dense", mixed, d, true, build_.residual_damping());
    return build_.ops().op(OpKind::kAdd, "encoder.layer.attention.residual", {{out}, {h}});
  }

  std::int32_t mlp(std::int32_t h) {
    const std::int32_t x = norm("encoder.layer.layernorm_after", h);
    const std::int32_t wide =
        dense("encoder.layer.intermediate.dense", x, config_.intermediate_size);
    const std::int32_t active =
        build_.ops().op(config_.hidden_act, "encoder.layer.intermediate.act", {{wide}});
    const std::int32_t out = dense("encoder.layer.output.dense", active, config_.hidden_size, true,
                                   build_.residual_damping());
    return build_.ops().op(OpKind::kAdd, "encoder.layer.output.residual", {{out}, {h}});
  }

  const VitConfig& config_;
  ModelBuilder build_;
  ModelBuilder::AttentionShape heads_;
};

}  // namespace

std::int64_t vit_sequence(const ConfigReader& read) {
  VitConfig config;
  read_image(read, config);
  return config.patches() + 1;
}

Graph import_vit(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  const VitConfig config = read_config(read);
  const std::int64_t tokens = config.patches() + 1;
  check_limits(scenario,
               {.positions_key = "patches of an image and its class token",
                .positions = tokens,
                .encoder = true,
                .layers = config.num_hidden_layers},
               read.where());
  if (scenario.seq != tokens) {
    bad_input(
        read.where(), fmt::format("--seq {}", scenario.seq),
        fmt::format("--seq {}, the patches of an image and its class token, or none", tokens));
  }
  return VitBuilder(config, name, scenario).build();
}

}  // namespace systole
