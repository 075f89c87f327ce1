// SPDX-License-Identifier: Apache-2.0
// What a decode step reads from HBM, and what is written into caches.
#include "catch.hpp"
#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "lowering_traffic.hpp"
#include "model_files.hpp"

using namespace systole;

namespace {

constexpr const char* kCaches[] = {"layers.self_attn.k_cache", "layers.self_attn.v_cache"};

std::string grouped(std::int64_t group, std::int64_t kv_heads, std::int64_t head_dim) {
  const std::string heads = changed(small_model("qwen3"), "num_attention_heads", group * kv_heads);
  return changed(changed(heads, "num_key_value_heads", kv_heads), "head_dim", head_dim);
}

std::vector<Chip> chips() {
  return {load_chip("tiny-4x4", {}), load_chip("tiny-4x4", {"mxu.count=3", "dma.engines=3"}),
          load_chip("tpu-v5e", {}), load_chip("tpu-v4i", {})};
}

Program program_of(const std::string& config, const Scenario& scenario, const Chip& chip) {
  return compile(import_config(config, "m.json", "m", scenario), chip).program;
}

Bytes total(const RowBytes& rows) {
  Bytes bytes = 0;
  for (const Bytes row : rows) bytes += row;
  return bytes;
}

}  // namespace

TEST_CASE("a decode step reads each key and value once, however many query heads share them") {
  for (const Chip& chip : chips()) {
    for (const std::int64_t group : {1, 2, 3, 4, 7}) {
      for (const std::int64_t kv_heads : {1, 2, 3}) {
        const std::int64_t head_dim = 2 * (3 + group % 2), batch = 1 + kv_heads % 3;
        const std::int64_t context = 5 * group;
        INFO(chip.spec.name << ": " << kv_heads << " groups of " << group);
        const Program program =
            program_of(grouped(group, kv_heads, head_dim), decode(context, batch), chip);
        const Traffic traffic(program);
        CHECK(traffic.stray() == 0);
        Bytes bytes = 0;
        for (const char* cache : kCaches) {
          const RowBytes once = all_rows(symbol_of(program, cache));
          CHECK(traffic.reads(cache) == once);
          CHECK(traffic.reads(cache, "layers.self_attn.core") == once);
          bytes += total(traffic.reads(cache));
        }
        constexpr std::int64_t kLayers = 3;
        CHECK(bytes == kLayers * 2 * batch * (context + 1) * kv_heads * head_dim * 2);
      }
    }
  }
}

TEST_CASE("keys and values are read once at many blocks of keys, too") {
  const Chip chip = load_chip("tpu-v5e", {});
  const std::string config = changed(small_model("llama"), "max_position_embeddings", 9000);
  for (const std::int64_t context : {127, 128, 2047, 8999}) {
    INFO(context);
    const Program program = program_of(config, decode(context, 2), chip);
    const Traffic traffic(program);
    for (const char* cache : kCaches) {
      CHECK(traffic.reads(cache) == all_rows(symbol_of(program, cache)));
    }
  }
}

TEST_CASE("nothing but the appended rows is written into a cache, by those who compute them") {
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    for (const Scenario& scenario :
         {decode(12, 1, type), decode(12, 3, type), prefill(13, 1, type), prefill(13, 3, type)}) {
      for (const Chip& chip : chips()) {
        INFO(chip.spec.name << " " << scenario.phase << " batch " << scenario.batch);
        const Program program = program_of(small_model("qwen3"), scenario, chip);
        const Traffic traffic(program);
        for (const char* cache : kCaches) {
          const Symbol& symbol = symbol_of(program, cache);
          RowBytes appended = all_rows(symbol);
          for (std::size_t row = 0; row < appended.size(); ++row) {
            if (scenario.phase == "decode" && row % 13 != 12) appended[row] = 0;
          }
          CHECK(symbol.rows == 13 * scenario.batch);
          CHECK(symbol.role == SymbolRole::kState);
          CHECK(traffic.writes(cache) == appended);
          const bool keys = cache == kCaches[0];
          CHECK(traffic.writes(cache, keys ? "layers.self_attn.k_rope"
                                           : "layers.self_attn.v_proj") == appended);
        }
      }
    }
  }
}

TEST_CASE("a decode step reads each weight once") {
  for (const char* name : {"gpt2", "llama", "llama-linear", "qwen2", "qwen3"}) {
    for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
      for (const char* preset : {"tiny-4x4", "tpu-v5e", "tpu-v4i"}) {
        INFO(name << " " << row_of(type).name << " on " << preset);
        const Chip chip = load_chip(preset, {});
        const Program program = program_of(small_model(name), decode(12, 3, type), chip);
        const Traffic traffic(program);
        for (const Symbol& symbol : program.symbols) {
          if (symbol.role != SymbolRole::kWeight) continue;
          INFO(symbol.name);
          // Tables of embeddings are read by the row; a tied head reads all of its own.
          const bool table = symbol.name.find("embed") != std::string::npos ||
                             symbol.name.find("wpe") == 0 || symbol.name.find("wte") == 0;
          if (table) {
            const Bytes head = total(traffic.reads(symbol.name, "lm_head"));
            CHECK((head == 0 || head == total(all_rows(symbol))));
            CHECK(total(traffic.reads(symbol.name)) - head <= 3 * row_bytes(symbol));
          } else {
            CHECK(traffic.reads(symbol.name) == all_rows(symbol));
          }
        }
      }
    }
  }
}

TEST_CASE("int8 weights move half of the bytes that bf16 weights move") {
  const auto products = [](DataType type) {
    const Program program =
        program_of(small_model("llama"), decode(12, 3, type), load_chip("tpu-v5e", {}));
    const Traffic traffic(program);
    Bytes bytes = 0;
    for (const Symbol& symbol : program.symbols) {
      const bool product =
          symbol.name.find("_proj.weight") != std::string::npos || symbol.name == "lm_head.weight";
      if (!product || symbol.rows == 1) continue;
      CHECK(symbol.type == type);
      bytes += total(traffic.reads(symbol.name));
    }
    return bytes;
  };
  const Bytes layer = 60 * (60 + 2 * 20) + 60 * 60 + 3 * 60 * 70;
  CHECK(products(DataType::kInt8) == 3 * layer + 60 * 101);
  CHECK(products(DataType::kBf16) == 2 * products(DataType::kInt8));
}
