// SPDX-License-Identifier: Apache-2.0
// Steps of random graphs with heads: rotation, attention, and attention to a cache.
#include <cmath>

#include "compiler/op_table.hpp"
#include "sim/values/graph_draw.hpp"

namespace systole {
namespace {

double number(std::int64_t n) { return static_cast<double>(n); }

}  // namespace

void GraphDraw::rope() {
  if (section_ >= 0) return;  // constants are declared outside of sections only
  const std::int64_t heads = dice_.between(1, 4);
  const std::int64_t half = dice_.between(1, 5);
  const std::int64_t seq = dice_.between(1, 6);
  const std::int64_t sequences = dice_.between(1, 3);
  Tensor waves;
  waves.role = TensorRole::kConstant;
  waves.type = DataType::kFp32;
  waves.rows = dice_.odds(1, 3) ? seq * sequences : seq;
  waves.cols = half;
  waves.offset = number(dice_.below(20));
  for (std::int64_t j = 0; j < half; ++j) {
    waves.frequencies.push_back(std::pow(0.1, number(j) / number(half)));
  }
  waves.name = name("cos");
  waves.fill = Fill::kCos;
  const std::int32_t cos = build_.tensor(waves);
  waves.name = name("sin");
  waves.fill = Fill::kSin;
  const std::int32_t sin = build_.tensor(waves);
  const DrawnValue x = leaf(TensorRole::kInput, dice_.one_of({DataType::kBf16, DataType::kFp32}),
                            seq * sequences, heads * 2 * half, 1);
  emit(OpKind::kRope, {{x.tensor}, {cos}, {sin}}, x.size, {{"heads", number(heads)}});
}

// Queries, keys and values of one matrix or of three, of as many sequences as divide its rows.
void GraphDraw::attention() {
  const std::int64_t kv_heads = dice_.between(1, 3);
  const std::int64_t heads = kv_heads * dice_.one_of({1, 1, 2, 3});
  const std::int64_t width = dice_.between(1, 9);  // of a head
  const std::int64_t sequences = dice_.between(1, 3);
  const std::int64_t seq = dice_.odds(1, 3) ? 1 : dice_.between(1, 20);
  const bool causal = dice_.odds(1, 2);
  const std::int64_t keys = causal || dice_.odds(1, 2) ? seq : dice_.between(1, 20);
  GraphBuilder::Attributes attributes{{"heads", number(heads)},
                                      {"seq", number(seq)},
                                      {"causal", causal ? 1 : 0},
                                      {"scale", 1 / std::sqrt(number(width))}};
  if (kv_heads != heads || dice_.odds(1, 2)) attributes["kv_heads"] = number(kv_heads);
  if (keys != seq || dice_.odds(1, 2)) attributes["keys"] = number(keys);
  const std::int64_t q_cols = heads * width;
  const std::int64_t k_cols = kv_heads * width;
  if (keys == seq && dice_.odds(1, 2)) {
    const DrawnValue x = leaf(TensorRole::kInput, DataType::kBf16, sequences * seq, dimension(), 1);
    const std::int64_t k = tensor(x).cols;
    const DrawnValue w =
        weight(DataType::kBf16, k, q_cols + 2 * k_cols, 2.5 / std::sqrt(number(k)));
    const std::int32_t qkv = emit(OpKind::kMatmul, {{x.tensor}, {w.tensor}}, 1).tensor;
    emit(OpKind::kMha, {{qkv, 0, q_cols}, {qkv, q_cols, k_cols}, {qkv, q_cols + k_cols, k_cols}},
         0.5, attributes);
    return;
  }
  const std::int64_t v_cols = dice_.odds(1, 3) ? kv_heads * dice_.between(1, 9) : k_cols;
  const auto input = [&](std::int64_t rows, std::int64_t cols) {
    return Operand{leaf(TensorRole::kInput, DataType::kBf16, rows, cols, 1.5).tensor};
  };
  std::vector<Operand> operands{input(sequences * seq, q_cols), input(sequences * keys, k_cols)};
  if (kv_heads == 1 && dice_.odds(1, 2)) {
    const std::int64_t first = dice_.below(width);
    operands.push_back({operands[1].tensor, first, dice_.between(1, width - first)});
  } else {
    operands.push_back(input(sequences * keys, v_cols));
  }
  if (dice_.odds(1, 3)) {
    const std::int64_t second = dice_.between(1, 9);
    operands.push_back(input(sequences * seq, heads * second));
    operands.push_back(input(sequences * keys, second));
  }
  if (dice_.odds(1, 3)) {
    operands.push_back(input(heads, 1));
    attributes["sinks"] = 1;
  }
  emit(OpKind::kMha, operands, 0.5, attributes);
}

// One step of a decoder, or a prefill that fills its cache.
void GraphDraw::cached_attention() {
  const std::int64_t kv_heads = dice_.between(1, 3);
  const std::int64_t heads = kv_heads * dice_.one_of({1, 2, 4});
  const std::int64_t width = dice_.between(1, 8);
  const std::int64_t sequences = dice_.between(1, 3);
  const std::int64_t keys = dice_.between(1, 20);
  const std::int64_t new_rows = dice_.odds(1, 3) ? keys : 1;
  const auto rows = [&](std::int64_t cols) {
    const DrawnValue x = leaf(TensorRole::kInput, DataType::kBf16, sequences * new_rows, cols, 1.5);
    return emit(OpKind::kScale, {{x.tensor}}, 0.8, {{"factor", 0.9}});
  };
  const auto cache = [&](const char* prefix) {
    Tensor all;
    all.name = name(prefix);
    all.role = TensorRole::kInput;
    all.type = DataType::kBf16;
    all.rows = sequences * keys;
    all.cols = kv_heads * width;
    if (section_ >= 0) {
      all.section = section_;
      all.copies = repeat_;
    }
    return build_.tensor(std::move(all));
  };
  const double first = number(dice_.below(keys - new_rows + 1));
  const auto appended = [&](const char* prefix) {
    const std::int32_t all = cache(prefix);
    const std::int32_t fresh = rows(kv_heads * width).tensor;
    values_.pop_back();  // only the cache keeps them
    const std::int32_t result = build_.op(OpKind::kAppend, name("t"), {{all}, {fresh}},
                                          {{"seq", number(keys)}, {"first", first}});
    return Operand{result};
  };
  const std::int32_t q = rows(heads * width).tensor;
  const Operand k = appended("kcache");
  const Operand v = appended("vcache");
  emit(OpKind::kMha, {{q}, k, v}, 0.5,
       {{"heads", number(heads)},
        {"kv_heads", number(kv_heads)},
        {"seq", number(new_rows)},
        {"keys", number(keys)},
        {"scale", 1 / std::sqrt(number(width))}});
}

}  // namespace systole
