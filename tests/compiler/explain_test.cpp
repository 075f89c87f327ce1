// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"

using namespace systole;

namespace {

// What is said of the only op of a graph, in one text.
std::string said(const std::string& text, const std::string& preset,
                 const std::vector<std::string>& overrides = {}) {
  const Chip chip = load_chip(preset, overrides);
  const Compilation compiled = compile(parse_graph("graph \"g\"\n" + text, "g.sgr"), chip);
  const auto& [division, mappings] = compiled.tiling;
  std::string all;
  for (const std::string& line :
       limits_of(chip.spec, division.graph, *division.ops[0].front(), mappings[0])) {
    all += line + "\n";
  }
  return all;
}

std::string gemm(std::int64_t m, std::int64_t n, std::int64_t k) {
  const auto size = [](std::int64_t rows, std::int64_t cols) {
    return " bf16[" + std::to_string(rows) + ", " + std::to_string(cols) + "]\n";
  };
  return "input %x" + size(m, k) + "weight %w" + size(k, n) + "%y = matmul(%x, %w)\noutput %y\n";
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("padding is named where an extent does not fill its blocks, and only there") {
  CHECK_FALSE(has(said(gemm(4096, 4096, 4096), "tpu-v5e"), "fills"));
  CHECK(has(said(gemm(4096, 4096, 4097), "tpu-v5e"),
            "k = 4097 fills 33 weight tiles of 128 to 97.0 %\n"));
  CHECK(has(said(gemm(4096, 4095, 4096), "tpu-v5e"),
            "n = 4095 fills 32 blocks of columns of 128 to 100.0 %\n"));
}

TEST_CASE("a weight tile is hidden by as many rows as it takes to load, and not by one fewer") {
  CHECK(has(said(gemm(127, 4096, 4096), "tpu-v5e"),
            "127 rows are fed in 127 cycles, a weight tile is loaded in 128: loads are hidden in "
            "part\n"));
  CHECK_FALSE(has(said(gemm(128, 4096, 4096), "tpu-v5e"), "loaded in"));
  CHECK(has(said(gemm(127, 4096, 4096), "tpu-v5e", {"mxu.shadow_weights=false"}), "not hidden\n"));
}

TEST_CASE("weights that are converted on their way in are said, with the VPU's cycles") {
  const std::string text =
      "input %x bf16[8, 512]\nweight %w int8[512, 128] scale=127\n%y = matmul(%x, %w)\noutput %y\n";
  const std::string mixed = said(text, "tpu-v5e", {"mxu.count=1"});
  CHECK(has(mixed, "the VPU converts the right operand from int8 to bf16: "));
  CHECK_FALSE(has(said(gemm(8, 128, 512), "tpu-v5e"), "converts"));
}

TEST_CASE("MXUs without work are counted") {
  CHECK(has(said(gemm(1, 128, 4096), "tpu-v5e"), "1 of 4 MXUs have work\n"));
  CHECK_FALSE(has(said(gemm(4096, 4096, 4096), "tpu-v5e"), "MXUs have work"));
}

TEST_CASE(
    "of attention the diagonal, heads that do not fill the array and keys read again are said") {
  const std::string text =
      "input %q bf16[2048, 4096]\ninput %k bf16[2048, 1024]\ninput %v bf16[2048, 1024]\n"
      "%y = mha(%q, %k, %v) {heads=32, kv_heads=8, seq=2048, causal=1, scale=0.088}\noutput %y\n";
  const std::string narrow = said(text, "tpu-v5e");
  CHECK(has(narrow, "on the diagonal, blocks of 128 keys are computed whole: 6.2 % more"));
  CHECK(has(narrow, "keys and values are read up to 4 times, once per 512 queries"));
  CHECK_FALSE(has(narrow, "a head of q and k"));
  CHECK(
      has(said(text, "tpu-v6e"), "a head of q and k = 128 fills 1 weight tiles of 256 to 50.0 %"));
}

TEST_CASE("vectors that are narrower than the VPU are said") {
  const std::string text =
      "input %x bf16[256, 4096]\ninput %c fp32[256, 64]\ninput %s fp32[256, 64]\n"
      "%y = rope(%x, %c, %s) {heads=32}\noutput %y\n";
  CHECK(has(said(text, "tpu-v5e"), "each of its vectors = 64 fills 1 VPU rows of 128 to 50.0 %\n"));
}
