// SPDX-License-Identifier: Apache-2.0
// Attention with values of another width than keys, with a second part of its scores, with values
// that are columns of the keys, and with sinks: programs against the evaluator.
#include <fmt/format.h>

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

struct HeadShape {
  std::int64_t seq = 1, keys = 1, heads = 1, kv_heads = 1, head_dim = 4, value_dim = 4;
  std::int64_t sequences = 2;
  std::int64_t second_dim = 0, window = 0;
  std::int64_t first_value = -1;  // 0 or more: v is k's columns from there on
  bool sinks = false;
  double softcap = 0;
};

Graph attention(const HeadShape& s) {
  std::string inputs, operands;
  const auto input = [&](std::string_view name, std::int64_t rows, std::int64_t cols, int scale) {
    inputs += fmt::format("input %{} bf16[{}, {}] scale={}\n", name, rows, cols, scale);
    if (!operands.empty()) operands += ", ";
    operands += fmt::format("%{}", name);
  };
  const std::int64_t rows = s.sequences * s.seq;
  const std::int64_t key_rows = s.sequences * s.keys;
  input("q", rows, s.heads * s.head_dim, 2);
  input("k", key_rows, s.kv_heads * s.head_dim, 2);
  if (s.first_value >= 0) {
    operands += fmt::format(", %k[{}:{}]", s.first_value, s.first_value + s.value_dim);
  } else {
    input("v", key_rows, s.kv_heads * s.value_dim, 1);
  }
  if (s.second_dim > 0) {
    input("q2", rows, s.heads * s.second_dim, 2);
    input("k2", key_rows, s.second_dim, 2);
  }
  if (s.sinks) input("s", s.heads, 1, 4);
  return parse_graph(
      fmt::format("graph \"g\"\n{}%y = mha({}) {{heads={}, kv_heads={}, seq={}, keys={}, "
                  "causal={}, scale=0.5, window={}, softcap={}, sinks={}}}\noutput %y",
                  inputs, operands, s.heads, s.kv_heads, s.seq, s.keys, s.seq > 1 ? 1 : 0, s.window,
                  s.softcap, s.sinks ? 1 : 0),
      "g.sgr");
}

void check(const HeadShape& s, const Chip& chip) {
  INFO(chip.spec.name << " seq " << s.seq << " keys " << s.keys << " heads " << s.heads << "/"
                      << s.kv_heads << " of " << s.head_dim << " and " << s.value_dim << " second "
                      << s.second_dim << " window " << s.window << " first value " << s.first_value
                      << " cap " << s.softcap << " sinks " << s.sinks);
  CHECK(run_wrong(attention(s), chip).value_or("") == "");
}

// As prefill and as a step of a decoder.
void check_phases(HeadShape s, std::int64_t keys, const Chip& chip) {
  s.keys = keys;
  for (const std::int64_t seq : {keys, std::int64_t{1}}) {
    s.seq = seq;
    check(s, chip);
  }
}

Chip tiny() { return load_chip("tiny-4x4", {}); }

}  // namespace

TEST_CASE("values narrower or wider than keys equal the evaluator, around blocks of columns") {
  for (const std::int64_t head_dim : {3, 8}) {
    for (const std::int64_t value_dim : {1, 4, 5, 9}) {
      HeadShape s{.heads = 6, .kv_heads = 2, .head_dim = head_dim, .value_dim = value_dim};
      check_phases(s, 19, tiny());
      s.window = 5;
      check_phases(s, 19, tiny());
      s.heads = 2;
      check_phases(s, 9, tiny());
    }
  }
}

TEST_CASE("heads of 192 columns with values of 128 equal the evaluator on MXUs of 128 columns") {
  for (const char* name : {"tpu-v5e", "tpu-v4i"}) {
    const Chip chip = load_chip(name, {});
    check_phases({.heads = 3, .kv_heads = 3, .head_dim = 192, .value_dim = 128}, 130, chip);
    check_phases({.heads = 4, .kv_heads = 2, .head_dim = 192, .value_dim = 128}, 130, chip);
  }
}

TEST_CASE("a second part of the scores, whose keys all heads share, equals the evaluator") {
  for (const std::int64_t second_dim : {1, 4, 6}) {
    for (const std::int64_t kv_heads : {6, 2, 1}) {
      HeadShape s{.heads = 6, .kv_heads = kv_heads, .head_dim = 6, .second_dim = second_dim};
      check_phases(s, 17, tiny());
      s.window = 4;
      check_phases(s, 17, tiny());
    }
  }
  const Chip chip = load_chip("tpu-v5e", {});
  check_phases({.heads = 5, .kv_heads = 5, .head_dim = 128, .value_dim = 128, .second_dim = 64},
               140, chip);
}

TEST_CASE("values that are columns of the keys equal the evaluator") {
  for (const std::int64_t heads : {1, 3, 8}) {
    for (const std::int64_t first : {0, 2}) {
      for (const std::int64_t second_dim : {0, 3}) {
        const HeadShape s{.heads = heads,
                          .kv_heads = 1,
                          .head_dim = 9,
                          .value_dim = 6,
                          .second_dim = second_dim,
                          .first_value = first};
        check_phases(s, 18, tiny());
      }
    }
  }
  const HeadShape latent{.heads = 16,
                         .kv_heads = 1,
                         .head_dim = 256,
                         .value_dim = 256,
                         .second_dim = 64,
                         .first_value = 0};
  check_phases(latent, 150, load_chip("tpu-v5e", {}));
  check_phases(latent, 150, load_chip("tpu-v4i", {}));
}

TEST_CASE("steps whose sequences and parts of keys lie side by side on MXUs equal the evaluator") {
  const Chip chip = load_chip("tiny-4x4", {"mxu.count=4"});
  for (const std::int64_t sequences : {1, 2, 3, 5}) {
    for (const std::int64_t keys : {4, 5, 16, 17, 37}) {
      HeadShape s{.keys = keys, .heads = 3, .kv_heads = 1, .head_dim = 6, .sequences = sequences};
      check(s, chip);
      s.value_dim = 5;
      s.first_value = 1;
      s.second_dim = 3;
      check(s, chip);
      s = {.keys = keys, .heads = 4, .kv_heads = 2, .head_dim = 5, .sequences = sequences};
      s.softcap = 3;
      check(s, chip);
      s.sinks = true;
      check(s, chip);
    }
  }
  const Chip v5e = load_chip("tpu-v5e", {});
  for (const std::int64_t sequences : {1, 2, 3, 5}) {
    check({.keys = 300,
           .heads = 16,
           .kv_heads = 1,
           .head_dim = 256,
           .value_dim = 256,
           .sequences = sequences,
           .second_dim = 64,
           .first_value = 0},
          v5e);
  }
}

TEST_CASE("keys of several heads are not read as values, though of the same tensor") {
  const Graph g = parse_graph(R"(graph "g"
input %q bf16[8, 8] scale=2
input %k bf16[8, 8] scale=2
%y = mha(%q, %k, %k) {heads=2, seq=4}
output %y)",
                              "g.sgr");
  CHECK(run_wrong(g, tiny()).value_or("") == "");
}

TEST_CASE("sinks take their share of each row, with a window, a soft cap and without") {
  for (const std::int64_t keys : {1, 4, 19}) {
    for (const std::int64_t kv_heads : {6, 2}) {
      HeadShape s{.heads = 6, .kv_heads = kv_heads, .head_dim = 6, .sinks = true};
      check_phases(s, keys, tiny());
      s.window = 5;
      check_phases(s, keys, tiny());
      s.softcap = 3;
      check_phases(s, keys, tiny());
    }
  }
  const Chip chip = load_chip("tpu-v5e", {});
  check_phases({.heads = 16, .kv_heads = 2, .head_dim = 64, .value_dim = 64, .sinks = true}, 300,
               chip);
  check_phases(
      {.heads = 4, .kv_heads = 2, .head_dim = 64, .value_dim = 64, .window = 128, .sinks = true},
      300, chip);
}
