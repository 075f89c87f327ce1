// SPDX-License-Identifier: Apache-2.0
// The program has each layer once, so nothing of it but counts depends on their number.
#include "catch.hpp"
#include "compiler/pipeline.hpp"
#include "isa/binary.hpp"
#include "isa/chip_loader.hpp"
#include "model_files.hpp"

using namespace systole;

namespace {

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{prefill(13, 2), decode(12, 2),
                                         prefill(13, 2, DataType::kInt8),
                                         decode(12, 2, DataType::kInt8)};
  return all;
}

Program with_layers(const std::string& name, const Scenario& scenario, const Chip& chip,
                    std::int64_t layers) {
  const char* key = name == "gpt2" ? "n_layer" : "num_hidden_layers";
  return compile(import_config(changed(small_model(name), key, layers), "m.json", "m", scenario),
                 chip)
      .program;
}

// The stream with `other` as the count of the layers' loop, the first one that repeats so often.
Stream with_count(Stream stream, std::int64_t layers, std::int64_t other) {
  for (Instruction& instruction : stream) {
    auto* loop = std::get_if<Loop>(&instruction.body);
    if (loop == nullptr || !(loop->count == Value(layers))) continue;
    loop->count = other;
    break;
  }
  return stream;
}

// Of two programs of equal length, the bodies that differ.
std::vector<std::size_t> differences(const Stream& a, const Stream& b) {
  std::vector<std::size_t> positions;
  for (std::size_t at = 0; at < a.size(); ++at) {
    if (!(a[at] == b[at])) positions.push_back(at);
  }
  return positions;
}

// Lets an instruction read where one of the same kind does.
void read_at(Instruction& moved, const Instruction& as) {
  REQUIRE(moved.body.index() == as.body.index());
  if (auto* load = std::get_if<Load>(&moved.body)) {
    load->src.address.base = std::get<Load>(as.body).src.address.base;
  } else if (auto* reduce = std::get_if<Reduce>(&moved.body)) {
    reduce->a.address.base = std::get<Reduce>(as.body).a.address.base;
  } else if (auto* matmul = std::get_if<Matmul>(&moved.body)) {
    matmul->lhs.address.base = std::get<Matmul>(as.body).lhs.address.base;
  } else if (auto* vector = std::get_if<Vector>(&moved.body)) {
    vector->a.address.base = std::get<Vector>(as.body).a.address.base;
  }
}

}  // namespace

TEST_CASE("more layers change the loop's count and no other instruction") {
  for (const char* name : {"gpt2", "bert", "llama", "qwen2", "qwen3"}) {
    for (const Scenario& scenario : scenarios()) {
      if (std::string(name) == "bert" && scenario.phase == "decode") continue;
      for (const char* preset : {"tiny-4x4", "tpu-v5e"}) {
        const Chip chip = load_chip(preset, {});
        for (const std::int64_t few : {2, 3}) {
          const Stream stream = with_layers(name, scenario, chip, few).streams[0];
          const std::int64_t many = few + 30;
          INFO(name << " " << scenario.phase << " " << row_of(scenario.dtype).name << " on "
                    << preset << ", " << few << " layers and " << many);
          CHECK(with_count(with_layers(name, scenario, chip, many).streams[0], many, few) ==
                stream);
        }
      }
    }
  }
}

TEST_CASE(
    "an odd number of layers ends in the other buffer: only what reads it behind the loop tells") {
  for (const char* name : {"gpt2", "bert", "llama", "qwen2", "qwen3"}) {
    for (const Scenario& scenario : scenarios()) {
      if (std::string(name) == "bert" && scenario.phase == "decode") continue;
      INFO(name << " " << scenario.phase << " " << row_of(scenario.dtype).name);
      const Chip chip = load_chip("tpu-v5e", {});
      const Stream two = with_layers(name, scenario, chip, 2).streams[0];
      const Stream three = with_count(with_layers(name, scenario, chip, 3).streams[0], 3, 2);
      REQUIRE(three.size() == two.size());
      const std::vector<std::size_t> other = differences(two, three);
      CHECK(other.size() >= 1);
      for (const std::size_t at : other) {
        Instruction moved = three[at];
        read_at(moved, two[at]);
        CHECK(moved == two[at]);
      }
    }
  }
}

TEST_CASE("the encoded program of 32 layers is no larger than that of 2") {
  for (const char* name : {"gpt2", "llama", "qwen3"}) {
    for (const Scenario& scenario : scenarios()) {
      INFO(name << " " << scenario.phase << " " << row_of(scenario.dtype).name);
      const Chip chip = load_chip("tpu-v5e", {});
      const std::string two = encode_program(with_layers(name, scenario, chip, 2));
      const std::string many = encode_program(with_layers(name, scenario, chip, 32));
      CHECK(many.size() <= two.size());
    }
  }
}
