// SPDX-License-Identifier: Apache-2.0
// The text of a small model with what the Llama family's layers have, as an importer writes it: 6
// heads of 4 columns that share 2 heads of k and v, no size a multiple of another's tile.
#pragma once

#include <fmt/format.h>

#include <string>

namespace systole {

struct LlamaCase {
  std::int64_t sequences = 2;
  std::int64_t seq = 5;  // with the token that a decode step processes
  bool decode = false;
  bool int8 = false;
  bool qk_norm = false;
  std::int64_t layers = 2;
};

class LlamaText {
 public:
  explicit LlamaText(const LlamaCase& layer) : case_(layer) {}

  std::string text() {
    const std::int64_t tokens = case_.sequences * (case_.decode ? 1 : case_.seq);
    add("graph \"llama\" tokens={}\ninput %x bf16[{}, 12] scale=1\n", tokens, tokens);
    for (const char* wave : {"cos", "sin"}) {
      add("constant %{} fp32[{}, 2] {} offset={} frequencies=[1, 0.01]\n", wave,
          case_.decode ? 1 : case_.seq, wave, case_.decode ? case_.seq - 1 : 0);
    }
    add("repeat {} {{\ncarry %h = %x -> %last\n", case_.layers);
    attention();
    feed_forward();
    return text_ + "yield %h2\n}\noutput %last\n";
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...);
  }

  void attention() {
    norm("x1", "h");
    linear("q", "x1", 12, 24);
    linear("k", "x1", 12, 8);
    linear("v", "x1", 12, 8);
    head_norm("q", 6);
    head_norm("k", 2);
    const std::string suffix = case_.qk_norm ? ".norm" : "";
    add("%q.rope = rope(%q{}, %cos, %sin) {{heads=6}}\n", suffix);
    add("%k.rope = rope(%k{}, %cos, %sin) {{heads=2}}\n", suffix);
    append("k", "k.rope");
    append("v", "v");
    add("%o = mha(%q.rope, %k.all, %v.all) {{heads=6, kv_heads=2, seq={}, keys={}, causal={}, "
        "scale=0.5}}\n",
        case_.decode ? 1 : case_.seq, case_.seq, case_.decode ? 0 : 1);
    quantize("o");
    linear("o.proj", "o", 24, 12);
    add("%h1 = add(%o.proj, %h)\n");
  }

  void feed_forward() {
    norm("x2", "h1");
    linear("gate", "x2", 12, 20);
    linear("up", "x2", 12, 20);
    add("%act = silu(%gate)\n%mid = mul(%up, %act)\n");
    quantize("mid");
    linear("down", "mid", 20, 12);
    add("%h2 = add(%down, %h1)\n");
  }

  void norm(const std::string& name, const std::string& of) {
    add("weight %{0}.gain bf16[1, 12] scale=0.25 offset=1\n"
        "%{0} = rmsnorm(%{1}, %{0}.gain) {{eps=1e-05}}\n",
        name, of);
    quantize(name);
  }

  void head_norm(const std::string& name, int groups) {
    if (!case_.qk_norm) return;
    add("weight %{0}.gain bf16[1, 4] scale=0.25 offset=1\n"
        "%{0}.norm = rmsnorm(%{0}, %{0}.gain) {{eps=1e-05, groups={1}}}\n",
        name, groups);
  }

  void quantize(const std::string& name) {
    if (case_.int8) add("%{0}.q, %{0}.s = quantize_rows(%{0})\n", name);
  }

  void linear(const std::string& name, const std::string& of, int inputs, int outputs) {
    if (!case_.int8) {
      add("weight %{0}.w bf16[{2}, {3}] scale=0.5\n%{0} = matmul(%{1}, %{0}.w)\n", name, of, inputs,
          outputs);
      return;
    }
    add("weight %{0}.w int8[{2}, {3}] scale=127\n"
        "weight %{0}.ws fp32[1, {3}] scale=0.001 offset=0.004\n"
        "%{0}.acc = matmul(%{1}.q, %{0}.w)\n"
        "%{0}.rows = mul(%{0}.acc, %{1}.s)\n"
        "%{0} = mul(%{0}.rows, %{0}.ws) : bf16[{4}, {3}]\n",
        name, of, inputs, outputs, case_.sequences * (case_.decode ? 1 : case_.seq));
  }

  void append(const std::string& name, const std::string& rows) {
    add("input %{0}.cache bf16[{2}, 8]\n"
        "%{0}.all = append(%{0}.cache, %{1}) {{seq={3}, first={4}}}\n",
        name, rows, case_.sequences * case_.seq, case_.seq, case_.decode ? case_.seq - 1 : 0);
  }

  LlamaCase case_;
  std::string text_;
};

inline std::string llama_text(const LlamaCase& layer) { return LlamaText(layer).text(); }

}  // namespace systole
