// SPDX-License-Identifier: Apache-2.0
#include "compiler/rope_config.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compiler/config_json.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

constexpr double kMostFactor = 1e6;
constexpr double kLeastTheta = 1.001, kMostTheta = 1e12;

RopeType read_type(const ConfigReader& read, bool optional) {
  const bool older = !read.has("rope_type") && read.has("type");
  if (optional && !older && !read.has("rope_type")) return RopeType::kDefault;
  const std::string_view key = older ? "type" : "rope_type";
  const std::string name = read.text(key);
  const auto type = find_by_name(kRopeTypes, name);
  if (!type) {
    std::vector<std::string> known;
    for (const RopeTypeRow& row : kRopeTypes) known.emplace_back(row.name);
    read.fail(key, shown(name),
              fmt::format("one of {}{}", fmt::join(known, ", "), did_you_mean(name, known)));
  }
  return *type;
}

void read_llama3(const ConfigReader& read, RopeScaling& rope) {
  rope.factor = read.number("factor", 1, kMostFactor);
  rope.low_freq_factor = read.number("low_freq_factor", 1e-3, kMostFactor);
  rope.high_freq_factor = read.number("high_freq_factor", 1e-3, kMostFactor);
  rope.original_positions = read.size("original_max_position_embeddings");
  if (rope.high_freq_factor <= rope.low_freq_factor) {
    read.fail("high_freq_factor", fmt::format("{}", rope.high_freq_factor),
              fmt::format("more than low_freq_factor = {}", rope.low_freq_factor));
  }
}

// Where the factor is left out, it is how far max_position_embeddings go beyond the original ones.
double read_factor(const ConfigReader& read, const RopeScaling& rope) {
  const double ratio =
      static_cast<double>(rope.max_positions) / static_cast<double>(rope.original_positions);
  return read.number_or("factor", 1, kMostFactor, ratio);
}

void read_yarn(const ConfigReader& read, RopeScaling& rope) {
  rope.factor = read_factor(read, rope);
  rope.beta_fast = read.number_or("beta_fast", 1e-3, kMostFactor, rope.beta_fast);
  rope.beta_slow = read.number_or("beta_slow", 1e-3, kMostFactor, rope.beta_slow);
  rope.mscale = read.number_or("mscale", 0, kMostFactor, 0);
  rope.mscale_all_dim = read.number_or("mscale_all_dim", 0, kMostFactor, 0);
  rope.truncate = read.flag("truncate", true);
  if (rope.beta_fast < rope.beta_slow) {
    read.fail("beta_fast", fmt::format("{}", rope.beta_fast),
              fmt::format("at least beta_slow = {}", rope.beta_slow));
  }
}

void read_longrope(const ConfigReader& read, RopeScaling& rope) {
  if (rope.original_positions < 2) {
    read.fail("original_max_position_embeddings", fmt::format("{}", rope.original_positions),
              "at least 2");
  }
  const auto pairs = static_cast<std::size_t>(rope.head_dim / 2);
  rope.factor = read_factor(read, rope);
  rope.short_factor = read.numbers("short_factor", pairs, 1e-3, kMostFactor);
  rope.long_factor = read.numbers("long_factor", pairs, 1e-3, kMostFactor);
}

// The columns of a head that are turned.
std::int64_t read_rotary(const ConfigReader& read, std::int64_t head_dim, PartialRope partial) {
  constexpr std::string_view kKey = "partial_rotary_factor";
  const double share = read.number_or(kKey, 0, 1, 1);
  if (share == 1) return head_dim;
  if (partial == PartialRope::kRefused) read.fail(kKey, "rotation of a part of each head", "1");
  const auto rotary = static_cast<std::int64_t>(share * static_cast<double>(head_dim));
  if (rotary < 2 || rotary % 2 != 0) {
    read.fail(kKey, fmt::format("{}: {} of {} columns", share, rotary, head_dim),
              "a share that is an even number of columns");
  }
  return rotary;
}

void read_scaling(const ConfigReader& read, RopeScaling& rope) {
  rope.theta = read.number_or("rope_theta", kLeastTheta, kMostTheta, rope.theta);
  rope.original_positions =
      read.size_or("original_max_position_embeddings", rope.original_positions);
  read_rotary(read, rope.head_dim, PartialRope::kRefused);
  switch (rope.type) {
    case RopeType::kDefault: return;
    case RopeType::kLinear:
    case RopeType::kDynamic: rope.factor = read.number("factor", 1, kMostFactor); return;
    case RopeType::kLlama3: return read_llama3(read, rope);
    case RopeType::kYarn: read_yarn(read, rope); break;
    case RopeType::kLongrope: read_longrope(read, rope); break;
  }
  if (read.has("attention_factor")) {
    rope.attention_factor = read.number("attention_factor", 1e-3, kMostFactor);
  }
}

}  // namespace

RopeScaling read_rope(const ConfigReader& read, std::int64_t head_dim, std::int64_t max_positions,
                      PartialRope partial) {
  RopeScaling rope;
  rope.theta = read.number_or("rope_theta", kLeastTheta, kMostTheta, rope.theta);
  rope.head_dim = read_rotary(read, head_dim, partial);
  rope.max_positions = max_positions;
  // Phi-3 keeps the original length beside rope_scaling.
  rope.original_positions = read.size_or("original_max_position_embeddings", max_positions);
  const bool newer = read.has("rope_parameters");
  if (newer && read.has("rope_scaling")) {
    read.fail("rope_scaling", "it beside rope_parameters", "one of the two");
  }
  if (!newer && !read.has("rope_scaling")) return rope;
  const ConfigReader scaling = read.object(newer ? "rope_parameters" : "rope_scaling");
  rope.type = read_type(scaling, newer);
  read_scaling(scaling, rope);
  if (rope.head_dim != head_dim && rope_attention_factor(rope) != 1) {
    scaling.fail("rope_type", "a scaling that changes sizes, and partial_rotary_factor",
                 "one of the two");
  }
  return rope;
}

}  // namespace systole
