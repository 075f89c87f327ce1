// SPDX-License-Identifier: Apache-2.0
#include "isa/footprint.hpp"

#include <type_traits>

namespace systole {
namespace {

template <class Member>
inline constexpr bool kIsTile = std::is_base_of_v<Tile, Member>;

std::int64_t rows_of(Shape shape, const Extents& e) {
  switch (shape) {
    case Shape::kRowsCols:
    case Shape::kRowsDepth:
    case Shape::kRowsOne: return e.rows;
    case Shape::kDepthCols: return e.depth;
    case Shape::kColsDepth:
    case Shape::kColsRows: return e.cols;
    case Shape::kIndexedRows: return 1;
    case Shape::kNone: break;
  }
  return 0;
}

std::int64_t cols_of(Shape shape, const Extents& e) {
  switch (shape) {
    case Shape::kRowsCols:
    case Shape::kDepthCols:
    case Shape::kIndexedRows: return e.cols;
    case Shape::kRowsDepth:
    case Shape::kColsDepth: return e.depth;
    case Shape::kColsRows: return e.rows;
    case Shape::kRowsOne: return 1;
    case Shape::kNone: break;
  }
  return 0;
}

void add_indexed(const RowIndex& index, TileAccess access, std::int64_t rows, const Indices& i,
                 const Tables& tables, std::vector<TileAccess>& out) {
  const std::vector<std::int64_t>& table = tables[index.table].values;
  const std::int64_t first = index.first.at(i);
  const std::int64_t begin = access.region.begin;
  const std::int64_t pitch = access.region.pitch;
  for (std::int64_t r = 0; r < rows; ++r) {
    access.region.begin = begin + table[first + r] * pitch;
    out.push_back(access);
  }
}

}  // namespace

Extents extents_of(const Body& body, const Indices& i, const Tables& tables) {
  return std::visit(
      [&](const auto& b) {
        Extents e;
        if constexpr (requires { b.rows; }) e.rows = b.rows.at(i, tables);
        if constexpr (requires { b.cols; }) e.cols = b.cols.at(i, tables);
        if constexpr (requires { b.depth; }) e.depth = b.depth.at(i, tables);
        return e;
      },
      body);
}

Region region_of(const Tile& tile, Shape shape, const Extents& extents, const Indices& i,
                 const Tables& tables) {
  Region region;
  region.space = tile.space;
  region.unit = tile.unit;
  if (tile.space == Space::kNone || !has_work(extents)) return region;
  region.begin = tile.address.at(i, tables);
  region.rows = tile.broadcast == Broadcast::kRow ? 1 : rows_of(shape, extents);
  region.row_bytes =
      size_of(tile.type) * (tile.broadcast == Broadcast::kCol ? 1 : cols_of(shape, extents));
  region.pitch = tile.pitch;
  return region;
}

std::vector<TileAccess> footprint(const Instruction& instruction, const Indices& i,
                                  const Tables& tables) {
  std::vector<TileAccess> out;
  const Extents extents = extents_of(instruction.body, i, tables);
  if (!has_work(extents)) return out;
  std::visit(
      [&](const auto& body) {
        using B = std::decay_t<decltype(body)>;
        for_each_field<B>([&](const auto& row) {
          using Member = std::decay_t<decltype(body.*row.member)>;
          if constexpr (kIsTile<Member>) {
            const Tile& tile = body.*row.member;
            if (tile.space == Space::kNone) return;
            TileAccess access{region_of(tile, row.shape, extents, i, tables), row.access, row.shape,
                              tile.type, row.name};
            if constexpr (requires { body.first; }) {
              if (row.access == Access::kReadWrite && body.first.holds(i)) {
                access.access = Access::kWrite;
              }
            }
            if constexpr (requires { body.index; }) {
              if (row.shape == Shape::kIndexedRows) {
                add_indexed(body.index, access, extents.rows, i, tables, out);
                return;
              }
            }
            out.push_back(access);
          }
        });
      },
      instruction.body);
  return out;
}

}  // namespace systole
