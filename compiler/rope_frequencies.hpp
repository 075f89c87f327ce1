// SPDX-License-Identifier: Apache-2.0
// Frequencies of the rotary embedding (RoPE: Su et al., "RoFormer", arXiv 2104.09864) and of the
// types of scaling by which models reach beyond the positions of their training.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace systole {

enum class RopeType : std::uint8_t { kDefault, kLinear, kDynamic, kLlama3, kYarn, kLongrope };

struct RopeTypeRow {
  RopeType value;
  std::string_view name;  // as "rope_type" in a config.json
};
inline constexpr std::array<RopeTypeRow, 6> kRopeTypes{{
    {RopeType::kDefault, "default"},
    {RopeType::kLinear, "linear"},
    {RopeType::kDynamic, "dynamic"},
    {RopeType::kLlama3, "llama3"},
    {RopeType::kYarn, "yarn"},
    {RopeType::kLongrope, "longrope"},
}};

// Names as in a config.json; what a type does not use is left at its default.
struct RopeScaling {
  RopeType type = RopeType::kDefault;
  double theta = 10000;
  std::int64_t head_dim = 0;            // columns of a head that are turned, even
  std::int64_t max_positions = 0;       // max_position_embeddings
  std::int64_t original_positions = 0;  // original_max_position_embeddings
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4;   // llama3
  double beta_fast = 32, beta_slow = 1;               // yarn
  double mscale = 0, mscale_all_dim = 0;              // yarn; 0: not given
  bool truncate = true;                               // yarn
  std::optional<double> attention_factor{};           // yarn, longrope
  std::vector<double> short_factor{}, long_factor{};  // longrope: head_dim / 2 each
};

// Radians per position of each of the head_dim / 2 pairs, for sequences of `length` tokens
// (dynamic and longrope depend on it).
std::vector<double> rope_frequencies(const RopeScaling& scaling, std::int64_t length);

// What cosines and sines are multiplied with.
double rope_attention_factor(const RopeScaling& scaling);

// What scores are multiplied with, beside the root of a head's columns, in models whose heads have
// columns that are not turned (DeepSeek-V2 and V3, modeling_deepseek.py: mscale_all_dim).
double rope_score_factor(const RopeScaling& scaling);

// Positions that the scaled embedding reaches: at least max_position_embeddings; linear, dynamic
// and yarn stretch the original positions by their factor.
std::int64_t rope_positions(const RopeScaling& scaling);

}  // namespace systole
