// SPDX-License-Identifier: Apache-2.0
#include "compiler/rope_frequencies.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace systole {
namespace {

// theta^(-2 j / d) for pair j of d columns (RoFormer, section 3.2.2).
double base_frequency(const RopeScaling& s, std::size_t pair) {
  return std::pow(s.theta, -2 * static_cast<double>(pair) / static_cast<double>(s.head_dim));
}

// "Dynamic NTK" (YaRN paper, arXiv 2309.00071, appendix B.1 and B.2): beyond the trained length L,
// theta grows by (f l / L - (f - 1))^(d / (d - 2)). The power of pair j is written out, so that
// heads of one pair, whose frequency is 1, need no division by d - 2 = 0.
double dynamic_stretch(const RopeScaling& s, std::size_t pair, std::int64_t length) {
  if (pair == 0) return 1;
  const auto trained = static_cast<double>(s.max_positions);
  const double longest = std::max(static_cast<double>(length), trained);
  const double growth = s.factor * longest / trained - (s.factor - 1);
  return std::pow(growth, -2 * static_cast<double>(pair) / static_cast<double>(s.head_dim - 2));
}

// Llama 3.1 (Meta's llama-models, `apply_scaling` of its reference implementation): wavelengths
// above original / low_freq_factor are stretched by the factor, those below original /
// high_freq_factor are kept, and between them the share kept grows linearly in original /
// wavelength.
double llama3_frequency(const RopeScaling& s, double frequency) {
  const double turns =
      static_cast<double>(s.original_positions) * frequency / (2 * std::numbers::pi);
  const double share = (turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  const double kept = std::clamp(share, 0.0, 1.0);
  return kept * frequency + (1 - kept) * frequency / s.factor;
}

// YaRN (arXiv 2309.00071, section 3.2): pairs that turn more than beta_fast times within the
// original length are kept, those below beta_slow turns are stretched, linear in the pair's number
// between. As in the authors' code, the ends are whole pairs (unless truncate is false) within 0
// .. d - 1.
struct Ramp {
  double first, last;
};
Ramp yarn_ramp(const RopeScaling& s) {
  const auto d = static_cast<double>(s.head_dim);
  const auto pair_of_turns = [&](double turns) {
    const double wavelength = static_cast<double>(s.original_positions) / turns;
    return d * std::log(wavelength / (2 * std::numbers::pi)) / (2 * std::log(s.theta));
  };
  Ramp ramp{pair_of_turns(s.beta_fast), pair_of_turns(s.beta_slow)};
  if (s.truncate) ramp = {std::floor(ramp.first), std::ceil(ramp.last)};
  ramp = {std::max(ramp.first, 0.0), std::min(ramp.last, d - 1)};
  constexpr double kNarrowest = 0.001;  // where both ends are one
  if (ramp.first == ramp.last) ramp.last += kNarrowest;
  return ramp;
}

double yarn_frequency(const RopeScaling& s, const Ramp& ramp, std::size_t pair) {
  const double along = (static_cast<double>(pair) - ramp.first) / (ramp.last - ramp.first);
  const double stretched = std::clamp(along, 0.0, 1.0);
  return base_frequency(s, pair) * (stretched / s.factor + 1 - stretched);
}

// 0.1 m ln(f) + 1 (YaRN, section 3.4, for m = 1).
double yarn_mscale(double factor, double m) {
  return factor <= 1 ? 1 : 0.1 * m * std::log(factor) + 1;
}

double stretched_positions(const RopeScaling& s) {
  return s.factor * static_cast<double>(s.original_positions);
}

}  // namespace

std::vector<double> rope_frequencies(const RopeScaling& s, std::int64_t length) {
  std::vector<double> result(static_cast<std::size_t>(s.head_dim / 2));
  const Ramp ramp = s.type == RopeType::kYarn ? yarn_ramp(s) : Ramp{};
  for (std::size_t j = 0; j < result.size(); ++j) {
    const double base = base_frequency(s, j);
    switch (s.type) {
      case RopeType::kDefault: result[j] = base; break;
      // Position interpolation (Chen et al., arXiv 2306.15595).
      case RopeType::kLinear: result[j] = base / s.factor; break;
      case RopeType::kDynamic: result[j] = base * dynamic_stretch(s, j, length); break;
      case RopeType::kLlama3: result[j] = llama3_frequency(s, base); break;
      case RopeType::kYarn: result[j] = yarn_frequency(s, ramp, j); break;
      // LongRoPE (Ding et al., arXiv 2402.13753): a searched factor per pair, one list for
      // sequences within the original length and one for longer ones.
      case RopeType::kLongrope:
        result[j] = base / (length > s.original_positions ? s.long_factor : s.short_factor)[j];
        break;
    }
  }
  return result;
}

double rope_attention_factor(const RopeScaling& s) {
  switch (s.type) {
    case RopeType::kDefault:
    case RopeType::kLinear:
    case RopeType::kDynamic:
    case RopeType::kLlama3: return 1;
    case RopeType::kYarn:
      if (s.attention_factor) return *s.attention_factor;
      if (s.mscale != 0 && s.mscale_all_dim != 0) {
        return yarn_mscale(s.factor, s.mscale) / yarn_mscale(s.factor, s.mscale_all_dim);
      }
      return yarn_mscale(s.factor, 1);
    // sqrt(1 + ln(f) / ln(L)), L the original length (LongRoPE's reference implementation).
    case RopeType::kLongrope:
      if (s.attention_factor) return *s.attention_factor;
      if (s.factor <= 1) return 1;
      return std::sqrt(1 +
                       std::log(s.factor) / std::log(static_cast<double>(s.original_positions)));
  }
  return 1;
}

double rope_score_factor(const RopeScaling& s) {
  if (s.type != RopeType::kYarn || s.mscale_all_dim == 0) return 1;
  const double m = yarn_mscale(s.factor, s.mscale_all_dim);
  return m * m;
}

std::int64_t rope_positions(const RopeScaling& s) {
  switch (s.type) {
    case RopeType::kDefault:
    case RopeType::kLlama3:
    case RopeType::kLongrope: return s.max_positions;
    case RopeType::kLinear:
    case RopeType::kDynamic:
    case RopeType::kYarn:
      return std::max(s.max_positions, static_cast<std::int64_t>(stretched_positions(s)));
  }
  return s.max_positions;
}

}  // namespace systole
