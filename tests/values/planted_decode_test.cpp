// SPDX-License-Identifier: Apache-2.0
// Mistakes planted in right programs with caches, grouped heads and rotation are found.
#include "catch.hpp"
#include "compiler/text_matchers.hpp"
#include "isa/error.hpp"
#include "values/planted.hpp"

using namespace systole;

namespace {

constexpr const char* kKeys = "layers.self_attn.k_cache";
constexpr const char* kValues = "layers.self_attn.v_cache";

Graph decode_of(std::int64_t context, DataType type = DataType::kBf16) {
  return planted_model("decode", context, type);
}
Graph prompt() { return planted_model("prefill", 31, DataType::kBf16); }

Tensor& tensor(Graph& graph, const std::string& name) {
  for (Tensor& tensor : graph.tensors) {
    if (tensor.name == name) return tensor;
  }
  FAIL("no tensor " << name);
  return graph.tensors[0];
}

}  // namespace

TEST_CASE("the programs without a mistake pass both checks") {
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    for (const Graph& graph :
         {decode_of(6, type), decode_of(30, type), planted_model("prefill", 31, type)}) {
      const Planted right(graph);
      CHECK_FALSE(right.output_differs());
      CHECK_FALSE(right.cache_differs());
    }
  }
}

TEST_CASE("keys and values read from a wrong KV head are found") {
  for (const char* cache : {kKeys, kValues}) {
    for (const Graph& graph : {decode_of(62), prompt()}) {  // of several blocks of keys
      INFO(graph.tokens << " tokens, " << cache);
      Planted wrong(graph);
      CHECK(wrong.change_step(cache, kHeadBytes, 0) > 0);
      CHECK(wrong.output_differs());
    }
  }
}

TEST_CASE("keys and values of another layer are found") {
  for (const char* cache : {kKeys, kValues}) {
    for (const Graph& graph : {decode_of(30), prompt()}) {
      INFO(graph.tokens << " tokens, " << cache);
      Planted wrong(graph);
      CHECK(wrong.change_step(cache, wrong.symbol(cache).stride, 0) > 0);
      CHECK(wrong.output_differs());
    }
  }
}

TEST_CASE("keys and values of another sequence are found") {
  for (const char* cache : {kKeys, kValues}) {
    Planted wrong(decode_of(30));
    CHECK(wrong.change_step(cache, 31 * wrong.symbol(cache).pitch, 0) > 0);
    CHECK(wrong.output_differs());
  }
}

TEST_CASE("appended rows one row off, or in another layer, are found in outputs and caches") {
  for (const char* cache : {kKeys, kValues}) {
    for (const int rows : {-1, 1}) {
      INFO(cache << " " << rows);
      Planted wrong(decode_of(30));
      const Symbol& all = wrong.symbol(cache);
      CHECK(wrong.change<Store>("", [&](Store& store) {
        if (!wrong.inside(store.dst, all)) return false;
        store.dst.address.base += rows * all.pitch;
        return true;
      }) == 1);
      CHECK(wrong.output_differs());
      CHECK(wrong.cache_differs());
    }
    Planted wrong(decode_of(30));
    const Symbol& all = wrong.symbol(cache);
    CHECK(wrong.change<Store>("", [&](Store& store) {
      if (!wrong.inside(store.dst, all)) return false;
      store.dst.address.offset = {};
      return true;
    }) == 1);
    CHECK(wrong.output_differs());
    CHECK(wrong.cache_differs());
  }
}

TEST_CASE("a stale row is found by the verifier: values are read before the step's own is stored") {
  Planted wrong(decode_of(30));
  Stream& stream = wrong.program.streams[0];
  const auto serves = [&](const Instruction& instruction, const std::string& op) {
    return instruction.op >= 0 && wrong.program.ops[instruction.op].name == op;
  };
  // Both ends of the order between the two, so that nothing else is out of balance. (Keys are
  // stored so long before that other waits order them, too.)
  int orders = 0;
  for (Instruction& store : stream) {
    if (!serves(store, "layers.self_attn.v_proj")) continue;
    for (const Token token : std::vector<Token>(store.signals)) {
      if (wrong.program.semaphores[token.semaphore].name.rfind("ready.", 0) != 0) continue;
      for (Instruction& load : stream) {
        if (!serves(load, "layers.self_attn.core")) continue;
        const auto wait = std::find(load.waits.begin(), load.waits.end(), token);
        if (wait == load.waits.end()) continue;
        load.waits.erase(wait);
        store.signals.erase(std::find(store.signals.begin(), store.signals.end(), token));
        ++orders;
        break;
      }
    }
  }
  CHECK(orders == 1);
  CHECK_THROWS_WITH(verify_program(wrong.chip.spec, wrong.chip.hash, wrong.program, "planted"),
                    contains("load src=hbm") && contains("race in hbm"));
}

TEST_CASE("one key too few and one key too many are found") {
  // One of many more keys is less than what rounding may do to a model's output.
  for (const std::int64_t keys : {7, 31, 47}) {
    for (const int more : {-1, 1}) {
      INFO(keys << " keys and " << more);
      Planted wrong(decode_of(keys - 1));
      const auto shift = [&](auto& body) {
        int changed = 0;
        for_each_field<std::decay_t<decltype(body)>>([&](const auto& row) {
          using Member = std::decay_t<decltype(body.*row.member)>;
          if constexpr (std::is_same_v<Member, Value>) {
            Value& extent = body.*row.member;
            const bool of_keys = extent.is_constant() ? extent.base == keys : extent.base % 4 == 3;
            if (of_keys) {
              extent.base += more;
              ++changed;
            }
          }
        });
        return changed > 0;
      };
      const int loads = wrong.change<Load>("self_attn.core", shift);
      CHECK((loads >= 2 && loads % 2 == 0));  // of keys, and of values
      CHECK(wrong.change<WeightLoadTransposed>("self_attn.core", shift) >= 1);
      CHECK(wrong.change<WeightLoad>("self_attn.core", shift) >= 1);
      CHECK(wrong.change<Matmul>("self_attn.core", shift) >= 2);
      CHECK(wrong.change<Reduce>("self_attn.core", shift) >= 2);
      CHECK(wrong.change<Vector>("self_attn.core", shift) >= 1);
      CHECK(wrong.output_differs());
    }
  }
}

TEST_CASE("sines for cosines are found in outputs and caches") {
  for (const Graph& right : {decode_of(30), prompt()}) {
    Graph wrong = right;
    int ropes = 0;
    for (Op& op : wrong.sections[1].ops) {
      if (op.kind != OpKind::kRope) continue;
      std::swap(op.operands[1], op.operands[2]);
      ++ropes;
    }
    CHECK(ropes == 2);
    CHECK(Planted(right, wrong).output_differs());
    CHECK(Planted(right, wrong).cache_differs());
  }
}

TEST_CASE("a rotation for the next position is found") {
  const auto shifted = [](Graph graph) {
    for (const char* wave : {"rotary_emb.cos", "rotary_emb.sin"}) tensor(graph, wave).offset += 1;
    return graph;
  };
  const Graph step = decode_of(30);
  CHECK(Planted(step, shifted(step)).output_differs());
  CHECK(Planted(step, shifted(step)).cache_differs());
  // Rotations of all queries and keys alike leave their products as they are: only the cache shows.
  const Graph all = prompt();
  CHECK(Planted(all, shifted(all)).cache_differs());
}
