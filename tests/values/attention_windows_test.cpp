// SPDX-License-Identifier: Apache-2.0
// Attention with windows and soft caps: programs against the evaluator, around the edges of blocks.
#include <fmt/format.h>

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

struct Shape {
  std::int64_t seq = 1, keys = 1, heads = 1, kv_heads = 1, head_dim = 4, window = 0;
  double softcap = 0;
};

Graph attention(const Shape& s) {
  constexpr std::int64_t kSequences = 2;
  const bool causal = s.seq > 1;
  return parse_graph(
      fmt::format("graph \"g\"\ninput %q bf16[{}, {}] scale=2\ninput %k bf16[{}, {}] scale=2\n"
                  "input %v bf16[{}, {}]\n%y = mha(%q, %k, %v) {{heads={}, kv_heads={}, seq={}, "
                  "keys={}, causal={}, scale=0.5, window={}, softcap={}}}\noutput %y",
                  kSequences * s.seq, s.heads * s.head_dim, kSequences * s.keys,
                  s.kv_heads * s.head_dim, kSequences * s.keys, s.kv_heads * s.head_dim, s.heads,
                  s.kv_heads, s.seq, s.keys, causal ? 1 : 0, s.window, s.softcap),
      "g.sgr");
}

void check(const Shape& s, const Chip& chip) {
  INFO(chip.spec.name << " seq " << s.seq << " keys " << s.keys << " heads " << s.heads << "/"
                      << s.kv_heads << " window " << s.window << " cap " << s.softcap);
  CHECK(run_wrong(attention(s), chip).value_or("") == "");
}

}  // namespace

TEST_CASE("causal attention with a window equals the evaluator at each edge of a block") {
  const Chip chip = load_chip("tiny-4x4", {});
  for (const std::int64_t seq : {7, 8, 9, 31, 33}) {
    for (const std::int64_t window : {1, 2, 3, 4, 5, 8, 9, 16, 17, 30, 32}) {
      check({seq, seq, 4, 2, 5, window, 0}, chip);
    }
  }
}

TEST_CASE("causal attention with a window equals the evaluator on MXUs of 128 columns") {
  const Chip chip = load_chip("tpu-v5e", {});
  for (const std::int64_t window : {1, 100, 128, 129, 200, 257, 400}) {
    check({401, 401, 3, 1, 24, window, 0}, chip);
  }
}

TEST_CASE("a step attends to the last keys of the window only") {
  for (const char* name : {"tiny-4x4", "tpu-v5e"}) {
    const Chip chip = load_chip(name, {});
    for (const std::int64_t window : {1, 3, 4, 5, 21, 22, 23}) {
      check({1, 22, 6, 2, 6, window, 0}, chip);
    }
  }
}

TEST_CASE("attention with a soft cap equals the evaluator, with a window and without") {
  for (const char* name : {"tiny-4x4", "tpu-v4i"}) {
    const Chip chip = load_chip(name, {});
    for (const double cap : {0.5, 3.0, 50.0}) {
      for (const std::int64_t window : {0, 5}) {
        check({19, 19, 4, 2, 6, window, cap}, chip);
        check({1, 19, 4, 2, 6, window, cap}, chip);
      }
    }
  }
}
