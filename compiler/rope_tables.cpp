// SPDX-License-Identifier: Apache-2.0
#include "compiler/rope_tables.hpp"

namespace systole {

RopeTables rope_tables(ModelBuilder& build, const std::string& name, const RopeScaling& rope,
                       std::int64_t head_dim) {
  const std::int64_t first = build.keys() - build.step();
  Tensor table{.role = TensorRole::kConstant,
               .type = DataType::kFp32,
               .rows = build.step(),
               .cols = head_dim / 2,
               .scale = rope_attention_factor(rope),
               .offset = static_cast<double>(first),
               .frequencies = rope_frequencies(rope, build.keys())};
  table.frequencies.resize(static_cast<std::size_t>(table.cols), 0);
  RopeTables tables;
  table.name = name + ".cos";
  table.fill = Fill::kCos;
  tables.cos = build.ops().tensor(table);
  table.name = name + ".sin";
  table.fill = Fill::kSin;
  tables.sin = build.ops().tensor(std::move(table));
  return tables;
}

ModelLimits rope_limits(const RopeScaling& rope) {
  const std::int64_t positions = rope_positions(rope);
  const bool stretched = positions != rope.max_positions;
  return {.positions_key =
              stretched ? "positions that rope_scaling reaches" : "max_position_embeddings",
          .positions = positions};
}

}  // namespace systole
