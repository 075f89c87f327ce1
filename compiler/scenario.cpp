// SPDX-License-Identifier: Apache-2.0
#include "compiler/scenario.hpp"

#include <fmt/format.h>

#include "compiler/graph_verifier.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

// The flag that gives the length, and its value.
std::string length_text(const Scenario& s) {
  return is_decode(s) ? fmt::format("--context {}", s.context) : fmt::format("--seq {}", s.seq);
}

// The longest length of a run that attends to at most `keys` keys.
std::string longest(const Scenario& s, std::int64_t keys) {
  return is_decode(s) ? fmt::format("at most {}, and the step's own token", keys - 1)
                      : fmt::format("at most {}", keys);
}

void check_length(std::string_view flag, std::string_view what, std::int64_t value) {
  if (value == 0) usage_error(fmt::format("no {}", flag), fmt::format("{} N, {}", flag, what));
  if (value < 0) {
    usage_error(fmt::format("{} {}", flag, value), fmt::format("{} N of 1 or more", flag));
  }
}

void check_layers(const Scenario& s, std::int64_t layers, std::string_view where) {
  if (!s.layers) return;
  const std::string found = fmt::format("--layers {}:{}", s.layers->first, s.layers->end);
  if (s.layers->first < 0 || s.layers->count() < 1) usage_error(found, "--layers A:B with A < B");
  if (layers == 0) bad_input(where, found, "all layers: slices of this model are not supported");
  if (s.layers->end > layers) {
    bad_input(where, found, fmt::format("at most {0} layers, --layers 0:{0}", layers));
  }
}

}  // namespace

std::int64_t step_of(const Scenario& s) { return is_decode(s) ? 1 : s.seq; }
std::int64_t keys_of(const Scenario& s) { return is_decode(s) ? s.context + 1 : s.seq; }

void check_scenario(const Scenario& s, std::string_view where, bool source) {
  if (is_decode(s)) {
    check_length("--context", "the tokens of each sequence in the KV cache", s.context);
    if (source) check_length("--seq", "the tokens that the encoder has read", s.seq);
    if (s.seq != 0 && !source)
      usage_error("--seq in decode", "--context N; --seq belongs to prefill");
  } else if (s.phase == "prefill") {
    check_length("--seq", "the tokens of each sequence", s.seq);
    if (s.context != 0) usage_error("--context in prefill", "--seq N; --context belongs to decode");
  } else {
    usage_error(fmt::format("--phase {}", s.phase), "--phase prefill or decode");
  }
  if (s.batch < 1) {
    usage_error(fmt::format("--batch {}", s.batch), "--batch N of 1 or more");
  }
  if (s.dtype != DataType::kBf16 && s.dtype != DataType::kInt8) {
    bad_input(where, fmt::format("{} transformers, which are not supported", name_of(s.dtype)),
              "bf16 or int8");
  }
}

void check_limits(const Scenario& s, const ModelLimits& limits, std::string_view where) {
  check_layers(s, limits.layers, where);
  if (limits.encoder && is_decode(s)) {
    bad_input(where, "--phase decode of an encoder", "--phase prefill");
  }
  // As a difference, so that no length overflows.
  const std::int64_t length = is_decode(s) ? s.context : s.seq;
  const std::int64_t own = is_decode(s) ? 1 : 0;
  if (length > limits.positions - own) {
    bad_input(where, length_text(s),
              fmt::format("{} ({} = {})", longest(s, limits.positions), limits.positions_key,
                          limits.positions));
  }
  if (s.batch > kMaxTableValues / step_of(s)) {
    bad_input(where, fmt::format("--batch {} {}", s.batch, length_text(s)),
              fmt::format("at most {} tokens, whatever the memory holds", kMaxTableValues));
  }
  if (s.batch > kMaxDimension / keys_of(s)) {
    bad_input(where, fmt::format("--batch {} {}", s.batch, length_text(s)),
              fmt::format("at most {} sequences, whatever the memory holds: {} rows of KV cache",
                          kMaxDimension / keys_of(s), kMaxDimension));
  }
}

}  // namespace systole
