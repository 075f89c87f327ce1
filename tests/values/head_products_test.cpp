// SPDX-License-Identifier: Apache-2.0
// Products of parts of the columns with weights of their own: programs against the evaluator.
#include <fmt/format.h>

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

struct Shape {
  std::int64_t rows = 1, heads = 1, k = 1, n = 1;
};

std::string inputs(const Shape& s, std::string_view type, int scale) {
  return fmt::format(
      "graph \"g\"\ninput %x {}[{}, {}] scale={}\nweight %w {}[{}, {}] scale={}\n"
      "input %row bf16[1, {}]\ninput %col fp32[{}, 1]\ninput %all bf16[{}, {}]\n",
      type, s.rows, s.heads * s.k, scale, type, s.heads * s.k, s.n, scale, s.heads * s.n, s.rows,
      s.rows, s.heads * s.n);
}

void check(const Shape& s, const Chip& chip) {
  INFO(chip.spec.name << " " << s.rows << " rows, " << s.heads << " heads, " << s.k << " to "
                      << s.n);
  const std::string product = fmt::format("matmul(%x, %w) {{heads={}}}", s.heads);
  const auto wrong = [&](const std::string& text) {
    return run_wrong(parse_graph(text, "g.sgr"), chip).value_or("");
  };
  CHECK(wrong(inputs(s, "bf16", 1) + "%y = " + product + "\noutput %y") == "");
  CHECK(wrong(inputs(s, "bf16", 1) + "%p = " + product +
              "\n%a = add(%p, %row)\n%m = mul(%a, %col) : fp32[" + std::to_string(s.rows) + ", " +
              std::to_string(s.heads * s.n) + "]\n%y = add(%m, %all)\noutput %y") == "");
  CHECK(wrong(inputs(s, "int8", 100) + "%y = " + product + "\noutput %y") == "");
}

}  // namespace

TEST_CASE("parts of columns times weights of their own equal the evaluator") {
  const Chip chip = load_chip("tiny-4x4", {});
  for (const std::int64_t rows : {1, 2, 9, 40}) {
    for (const std::int64_t heads : {2, 3, 7}) {
      for (const auto& [k, n] :
           std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {4, 4}, {5, 9}, {9, 3}}) {
        check({rows, heads, k, n}, chip);
      }
    }
  }
}

TEST_CASE("parts of columns times weights of their own fill MXUs of 128 columns") {
  for (const char* name : {"tpu-v5e", "tpu-v4i", "tpu-v1"}) {
    const Chip chip = load_chip(name, {});
    if (chip.spec.mxu.macs_bf16 == 0) continue;
    check({1, 4, 128, 512}, chip);
    check({130, 3, 300, 128}, chip);
  }
}
