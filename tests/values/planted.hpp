// SPDX-License-Identifier: Apache-2.0
// A small model with caches, grouped heads and rotation, and its program with mistakes in it.
#pragma once

#include "catch.hpp"
#include "values/caches.hpp"
#include "values/compiled.hpp"

namespace systole {

inline constexpr std::int64_t kHeadBytes = 10 * 2;

// Two layers, 6 heads of 10 columns on 2 KV heads, two sequences. With 7, 31 or 63 keys the last
// block of four has three, and no other size leaves that remainder.
inline Graph planted_model(const std::string& phase, std::int64_t tokens, DataType type) {
  const std::string config =
      R"({"model_type": "llama", "hidden_size": 37, "intermediate_size": 45, "head_dim": 10,)"
      R"( "num_attention_heads": 6, "num_key_value_heads": 2, "num_hidden_layers": 2,)"
      R"( "vocab_size": 101, "max_position_embeddings": 64, "rms_norm_eps": 1e-06,)"
      R"( "hidden_act": "silu"})";
  Scenario scenario;
  scenario.phase = phase;
  (phase == "decode" ? scenario.context : scenario.seq) = tokens;
  scenario.batch = 2;
  scenario.dtype = type;
  return import_config(config, "config.json", "planted", scenario);
}

struct Planted {
  explicit Planted(const Graph& right, const Graph& wrong)
      : graph(right), chip(load_chip("tiny-4x4", {})), program(compiled(wrong, chip)) {}
  explicit Planted(const Graph& right) : Planted(right, right) {}

  bool output_differs() const { return wrong_output(graph, chip, program).has_value(); }
  bool cache_differs() const {
    Oracle oracle(graph, 1);
    return wrong_cache(graph, oracle, program, executed(chip, program)).has_value();
  }
  const Symbol& symbol(const std::string& name) const {
    const Symbol* found = find_symbol(program, name);
    REQUIRE(found != nullptr);
    return *found;
  }
  // In the first layer's copy.
  bool inside(const HbmTile& tile, const Symbol& of) const {
    return tile.address.base >= of.address && tile.address.base < of.address + of.rows * of.pitch;
  }
  // Calls change(body) on the bodies of type B that serve an op whose name ends so. How many did
  // it change?
  template <class B, class F>
  int change(const std::string& op_suffix, F&& change) {
    int changed = 0;
    for (Instruction& instruction : program.streams[0]) {
      B* body = std::get_if<B>(&instruction.body);
      if (body == nullptr || instruction.op < 0) continue;
      const std::string& name = program.ops[instruction.op].name;
      if (name.size() < op_suffix.size()) continue;
      if (name.compare(name.size() - op_suffix.size(), op_suffix.size(), op_suffix) != 0) continue;
      if (change(*body)) ++changed;
    }
    return changed;
  }
  // Loads of attention from a cache: `from` becomes `to` wherever it is the step of a loop.
  int change_step(const std::string& cache, std::int64_t from, std::int64_t to) {
    const Symbol& rows = symbol(cache);
    return change<Load>("self_attn.core", [&](Load& load) {
      if (!inside(load.src, rows)) return false;
      bool changed = false;
      for (std::int64_t& stride : load.src.address.offset.stride) {
        if (stride == from) {
          stride = to;
          changed = true;
        }
      }
      return changed;
    });
  }

  Graph graph;
  Chip chip;
  Program program;
};

}  // namespace systole
