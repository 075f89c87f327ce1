// SPDX-License-Identifier: Apache-2.0
// The instruction table. An instruction is one struct below: its typed operands, and one row per
// field in fields(). Encoder, decoder, assembler, disassembler, footprint and docs/isa.md walk
// those rows; nothing about an instruction is written twice.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "isa/tile.hpp"
#include "isa/unit.hpp"
#include "isa/vector_op.hpp"

namespace systole {

enum class Access : std::uint8_t { kNone, kRead, kWrite, kReadWrite };

// Extents of a tile in terms of the instruction's fields rows, cols and depth.
enum class Shape : std::uint8_t {
  kNone,
  kRowsCols,
  kRowsDepth,
  kDepthCols,
  kColsDepth,
  kColsRows,
  kRowsOne,
  kIndexedRows,  // rows named by table entries: row r is row table[first + r] of the tile
};

enum class ReduceOp : std::uint8_t { kMax, kSum, kMaxAbs };
struct ReduceOpRow {
  ReduceOp value;
  std::string_view name;
};
inline constexpr std::array<ReduceOpRow, 3> kReduceOps{{
    {ReduceOp::kMax, "max"},
    {ReduceOp::kSum, "sum"},
    {ReduceOp::kMaxAbs, "max_abs"},
}};

// Rows of a gather or scatter: entries first, first + 1, ... of a constant table.
struct RowIndex {
  std::int32_t table = 0;
  Affine first;
  friend constexpr bool operator==(const RowIndex&, const RowIndex&) = default;
};

// One row of the instruction table. Member types: Tile kinds, Value (an extent or a count), Guard,
// VectorOp, ReduceOp, Mask, RowIndex, double.
template <class Body, class Member>
struct Field {
  std::string_view name;
  Member Body::*member;
  Access access = Access::kNone;
  Shape shape = Shape::kNone;
  std::string_view doc;
};

template <class Body, class Member>
constexpr Field<Body, Member> field(std::string_view name, Member Body::*member,
                                    std::string_view doc, Access access = Access::kNone,
                                    Shape shape = Shape::kNone) {
  return {name, member, access, shape, doc};
}

struct Load {
  static constexpr std::uint8_t kOpcode = 1;
  static constexpr std::string_view kName = "load";
  static constexpr UnitKind kUnit = UnitKind::kDma;
  static constexpr std::string_view kDoc =
      "copies rows x cols elements towards the core: from HBM or CMEM to VMEM or into a weight "
      "FIFO "
      "place, or from HBM to CMEM";
  LoadedTile dst;
  FarTile src;
  Value rows, cols;
  static constexpr auto fields() {
    return std::tuple{
        field("dst", &Load::dst, "destination", Access::kWrite, Shape::kRowsCols),
        field("src", &Load::src, "source, of the same type", Access::kRead, Shape::kRowsCols),
        field("rows", &Load::rows, "rows of the tile"),
        field("cols", &Load::cols, "elements per row")};
  }
  friend bool operator==(const Load&, const Load&) = default;
};

struct Store {
  static constexpr std::uint8_t kOpcode = 2;
  static constexpr std::string_view kName = "store";
  static constexpr UnitKind kUnit = UnitKind::kDma;
  static constexpr std::string_view kDoc =
      "copies rows x cols elements away from the core: from VMEM to HBM or CMEM, or from CMEM to "
      "HBM";
  FarTile dst;
  StoredTile src;
  Value rows, cols;
  static constexpr auto fields() {
    return std::tuple{
        field("dst", &Store::dst, "destination", Access::kWrite, Shape::kRowsCols),
        field("src", &Store::src, "source, of the same type", Access::kRead, Shape::kRowsCols),
        field("rows", &Store::rows, "rows of the tile"),
        field("cols", &Store::cols, "elements per row")};
  }
  friend bool operator==(const Store&, const Store&) = default;
};

struct Gather {
  static constexpr std::uint8_t kOpcode = 3;
  static constexpr std::string_view kName = "gather";
  static constexpr UnitKind kUnit = UnitKind::kDma;
  static constexpr std::string_view kDoc =
      "copies rows named by a constant table from HBM to VMEM: row r of dst is row "
      "table[first + r] of src";
  VmemTile dst;
  HbmTile src;
  RowIndex index;
  Value rows, cols;
  static constexpr auto fields() {
    return std::tuple{
        field("dst", &Gather::dst, "destination", Access::kWrite, Shape::kRowsCols),
        field("src", &Gather::src, "row 0 of the source", Access::kRead, Shape::kIndexedRows),
        field("index", &Gather::index, "table and its first entry"),
        field("rows", &Gather::rows, "rows gathered"),
        field("cols", &Gather::cols, "elements per row")};
  }
  friend bool operator==(const Gather&, const Gather&) = default;
};

struct Scatter {
  static constexpr std::uint8_t kOpcode = 4;
  static constexpr std::string_view kName = "scatter";
  static constexpr UnitKind kUnit = UnitKind::kDma;
  static constexpr std::string_view kDoc =
      "copies rows from VMEM to rows of HBM named by a constant table: row r of src goes to row "
      "table[first + r] of dst";
  HbmTile dst;
  VmemTile src;
  RowIndex index;
  Value rows, cols;
  static constexpr auto fields() {
    return std::tuple{field("dst", &Scatter::dst, "row 0 of the destination", Access::kWrite,
                            Shape::kIndexedRows),
                      field("src", &Scatter::src, "source", Access::kRead, Shape::kRowsCols),
                      field("index", &Scatter::index, "table and its first entry"),
                      field("rows", &Scatter::rows, "rows scattered"),
                      field("cols", &Scatter::cols, "elements per row")};
  }
  friend bool operator==(const Scatter&, const Scatter&) = default;
};

struct WeightLoad {
  static constexpr std::uint8_t kOpcode = 5;
  static constexpr std::string_view kName = "wload";
  static constexpr UnitKind kUnit = UnitKind::kMxu;
  static constexpr std::string_view kDoc =
      "loads a depth x cols weight tile into the array's shadow weights (into its weights where "
      "it has no shadow); PEs outside the tile get zero, and the next matmul of the queue swaps "
      "them "
      "in";
  LocalTile src;
  Value depth, cols;
  static constexpr auto fields() {
    return std::tuple{field("src", &WeightLoad::src, "weights", Access::kRead, Shape::kDepthCols),
                      field("depth", &WeightLoad::depth, "K extent, at most rows x MACs per PE"),
                      field("cols", &WeightLoad::cols, "N extent, at most the array's cols")};
  }
  friend bool operator==(const WeightLoad&, const WeightLoad&) = default;
};

struct WeightLoadTransposed {
  static constexpr std::uint8_t kOpcode = 6;
  static constexpr std::string_view kName = "wloadt";
  static constexpr UnitKind kUnit = UnitKind::kMxu;
  static constexpr std::string_view kDoc =
      "loads weights as wload does, from a tile that lies transposed in VMEM (cols rows of depth "
      "elements)";
  VmemTile src;
  Value depth, cols;
  static constexpr auto fields() {
    return std::tuple{
        field("src", &WeightLoadTransposed::src, "weights", Access::kRead, Shape::kColsDepth),
        field("depth", &WeightLoadTransposed::depth, "K extent, at most rows x MACs per PE"),
        field("cols", &WeightLoadTransposed::cols, "N extent, at most the array's cols")};
  }
  friend bool operator==(const WeightLoadTransposed&, const WeightLoadTransposed&) = default;
};

struct Matmul {
  static constexpr std::uint8_t kOpcode = 7;
  static constexpr std::string_view kName = "matmul";
  static constexpr UnitKind kUnit = UnitKind::kMxu;
  static constexpr std::string_view kDoc =
      "feeds rows x depth elements of lhs through the array and overwrites the accumulators where "
      "`first` holds, adds to them elsewhere; its weights are those of the last wload before it";
  AccTile dst;
  VmemTile lhs;
  Value rows, depth, cols;
  Guard first;
  static constexpr auto fields() {
    return std::tuple{
        field("dst", &Matmul::dst, "accumulators of this MXU", Access::kReadWrite,
              Shape::kRowsCols),
        field("lhs", &Matmul::lhs, "left-hand side", Access::kRead, Shape::kRowsDepth),
        field("rows", &Matmul::rows, "M extent"),
        field("depth", &Matmul::depth, "K extent"),
        field("cols", &Matmul::cols, "N extent"),
        field("first", &Matmul::first, "overwrite where it holds")};
  }
  friend bool operator==(const Matmul&, const Matmul&) = default;
};

struct Multiply {
  static constexpr std::uint8_t kOpcode = 15;
  static constexpr std::string_view kName = "multiply";
  static constexpr UnitKind kUnit = UnitKind::kMxu;
  static constexpr std::string_view kDoc =
      "streams lhs and rhs through an output-stationary array, K steps of a column of lhs and a "
      "row "
      "of rhs; PE (r, c) adds their products up along K. The sums start from 0 where `first` holds "
      "and go on elsewhere; they stay in the array until they are unloaded";
  VmemTile lhs;
  VmemTile rhs;
  Value rows, depth, cols;
  Guard first;
  static constexpr auto fields() {
    return std::tuple{
        field("lhs", &Multiply::lhs, "left-hand side", Access::kRead, Shape::kRowsDepth),
        field("rhs", &Multiply::rhs, "right-hand side", Access::kRead, Shape::kDepthCols),
        field("rows", &Multiply::rows, "M extent, at most the array's rows"),
        field("depth", &Multiply::depth, "K extent"),
        field("cols", &Multiply::cols, "N extent, at most the array's cols"),
        field("first", &Multiply::first, "sums start from 0 where it holds")};
  }
  friend bool operator==(const Multiply&, const Multiply&) = default;
};

struct MultiplyTransposed {
  static constexpr std::uint8_t kOpcode = 16;
  static constexpr std::string_view kName = "multiplyt";
  static constexpr UnitKind kUnit = UnitKind::kMxu;
  static constexpr std::string_view kDoc =
      "multiplies as multiply does, with an rhs that lies transposed in VMEM (cols rows of depth "
      "elements)";
  VmemTile lhs;
  VmemTile rhs;
  Value rows, depth, cols;
  Guard first;
  static constexpr auto fields() {
    using M = MultiplyTransposed;
    return std::tuple{field("lhs", &M::lhs, "left-hand side", Access::kRead, Shape::kRowsDepth),
                      field("rhs", &M::rhs, "right-hand side", Access::kRead, Shape::kColsDepth),
                      field("rows", &M::rows, "M extent, at most the array's rows"),
                      field("depth", &M::depth, "K extent"),
                      field("cols", &M::cols, "N extent, at most the array's cols"),
                      field("first", &M::first, "sums start from 0 where it holds")};
  }
  friend bool operator==(const MultiplyTransposed&, const MultiplyTransposed&) = default;
};

struct Unload {
  static constexpr std::uint8_t kOpcode = 17;
  static constexpr std::string_view kName = "unload";
  static constexpr UnitKind kUnit = UnitKind::kMxu;
  static constexpr std::string_view kDoc =
      "shifts the sums of an output-stationary array down its columns and out, the last row first, "
      "and overwrites the accumulators where `first` holds, adds to them elsewhere; the next "
      "multiply starts new sums";
  AccTile dst;
  Value rows, cols;
  Guard first;
  static constexpr auto fields() {
    return std::tuple{field("dst", &Unload::dst, "accumulators of this MXU", Access::kReadWrite,
                            Shape::kRowsCols),
                      field("rows", &Unload::rows, "M extent, at most that of the sums"),
                      field("cols", &Unload::cols, "N extent, at most that of the sums"),
                      field("first", &Unload::first, "overwrite where it holds")};
  }
  friend bool operator==(const Unload&, const Unload&) = default;
};

struct Vector {
  static constexpr std::uint8_t kOpcode = 8;
  static constexpr std::string_view kName = "vector";
  static constexpr UnitKind kUnit = UnitKind::kVpu;
  static constexpr std::string_view kDoc =
      "computes dst = op(a, b, c) element by element, in fp32, and converts it to the type of dst; "
      "copy, add, sub, max, min and relu of integers into integers are exact";
  VectorOp op = VectorOp::kCopy;
  VectorTile dst;
  OptionalTile a, b, c;
  Value rows, cols;
  double imm = 0;
  Mask mask;
  static constexpr auto fields() {
    return std::tuple{field("op", &Vector::op, "operation"),
                      field("dst", &Vector::dst, "result", Access::kWrite, Shape::kRowsCols),
                      field("a", &Vector::a, "first operand", Access::kRead, Shape::kRowsCols),
                      field("b", &Vector::b, "second operand", Access::kRead, Shape::kRowsCols),
                      field("c", &Vector::c, "third operand", Access::kRead, Shape::kRowsCols),
                      field("rows", &Vector::rows, "rows"),
                      field("cols", &Vector::cols, "columns"),
                      field("imm", &Vector::imm, "constant of the operation"),
                      field("mask", &Vector::mask, "where a is seen")};
  }
  friend bool operator==(const Vector&, const Vector&) = default;
};

struct Reduce {
  static constexpr std::uint8_t kOpcode = 9;
  static constexpr std::string_view kName = "reduce";
  static constexpr UnitKind kUnit = UnitKind::kXlu;
  static constexpr std::string_view kDoc =
      "computes dst[r] = max, sum or max_abs (the largest magnitude) over the columns of a[r], in "
      "fp32, from column 0 upwards";
  ReduceOp op = ReduceOp::kMax;
  VectorTile dst;
  VectorTile a;
  Value rows, cols;
  Mask mask;
  static constexpr auto fields() {
    return std::tuple{
        field("op", &Reduce::op, "operation"),
        field("dst", &Reduce::dst, "one element per row", Access::kWrite, Shape::kRowsOne),
        field("a", &Reduce::a, "operand", Access::kRead, Shape::kRowsCols),
        field("rows", &Reduce::rows, "rows"),
        field("cols", &Reduce::cols, "columns reduced"),
        field("mask", &Reduce::mask, "where a is seen")};
  }
  friend bool operator==(const Reduce&, const Reduce&) = default;
};

struct Transpose {
  static constexpr std::uint8_t kOpcode = 10;
  static constexpr std::string_view kName = "transpose";
  static constexpr UnitKind kUnit = UnitKind::kXlu;
  static constexpr std::string_view kDoc =
      "copies a tile to its transpose: dst[c][r] = src[r][c], of the same type";
  VmemTile dst;
  VmemTile src;
  Value rows, cols;
  static constexpr auto fields() {
    return std::tuple{
        field("dst", &Transpose::dst, "cols x rows result", Access::kWrite, Shape::kColsRows),
        field("src", &Transpose::src, "rows x cols operand", Access::kRead, Shape::kRowsCols),
        field("rows", &Transpose::rows, "rows of src"),
        field("cols", &Transpose::cols, "columns of src")};
  }
  friend bool operator==(const Transpose&, const Transpose&) = default;
};

// Belongs to the queue that the instruction names, whatever its kind.
struct Sync {
  static constexpr std::uint8_t kOpcode = 11;
  static constexpr std::string_view kName = "sync";
  static constexpr UnitKind kUnit = UnitKind::kSequencer;  // any queue
  static constexpr std::string_view kDoc =
      "does nothing but wait and signal, in order with the other instructions of its queue";
  static constexpr auto fields() { return std::tuple{}; }
  friend bool operator==(const Sync&, const Sync&) = default;
};

struct Loop {
  static constexpr std::uint8_t kOpcode = 12;
  static constexpr std::string_view kName = "loop";
  static constexpr UnitKind kUnit = UnitKind::kSequencer;
  static constexpr std::string_view kDoc =
      "repeats the instructions up to its end; the n-th open loop, from 0, counts in index i<n>, "
      "and a count below 1 skips the body";
  Value count;
  static constexpr auto fields() { return std::tuple{field("count", &Loop::count, "iterations")}; }
  friend bool operator==(const Loop&, const Loop&) = default;
};

struct End {
  static constexpr std::uint8_t kOpcode = 13;
  static constexpr std::string_view kName = "end";
  static constexpr UnitKind kUnit = UnitKind::kSequencer;
  static constexpr std::string_view kDoc = "closes the innermost loop";
  static constexpr auto fields() { return std::tuple{}; }
  friend bool operator==(const End&, const End&) = default;
};

struct Halt {
  static constexpr std::uint8_t kOpcode = 14;
  static constexpr std::string_view kName = "halt";
  static constexpr UnitKind kUnit = UnitKind::kSequencer;
  static constexpr std::string_view kDoc = "ends the stream; its last instruction";
  static constexpr auto fields() { return std::tuple{}; }
  friend bool operator==(const Halt&, const Halt&) = default;
};

using Body =
    std::variant<Load, Store, Gather, Scatter, WeightLoad, WeightLoadTransposed, Matmul, Multiply,
                 MultiplyTransposed, Unload, Vector, Reduce, Transpose, Sync, Loop, End, Halt>;

// Tokens of a semaphore that an instruction takes before it starts, or gives when it is done.
struct Token {
  std::int32_t semaphore = 0;  // index into Program::semaphores
  std::int32_t count = 1;
  friend constexpr bool operator==(Token, Token) = default;
};
inline constexpr std::size_t kMaxTokens = 4;  // waits, and signals, per instruction

struct Instruction {
  UnitId unit;  // the queue; sequencer for loop, end and halt
  Body body;
  Guard guard;  // where it does not hold, the instruction with its waits and signals is skipped
  std::vector<Token> waits;
  std::vector<Token> signals;
  std::int32_t op = -1;  // index into Program::ops; -1: none
  friend bool operator==(const Instruction&, const Instruction&) = default;
};

// Calls f with each row of the table of `B`.
template <class B, class F>
constexpr void for_each_field(F&& f) {
  std::apply([&](const auto&... rows) { (f(rows), ...); }, B::fields());
}

template <class F, std::size_t... kI>
constexpr void for_each_body(F&& f, std::index_sequence<kI...> /*unused*/) {
  (f.template operator()<std::variant_alternative_t<kI, Body>>(), ...);
}
// Calls f.operator()<B>() for each instruction of the table.
template <class F>
constexpr void for_each_body(F&& f) {
  for_each_body(std::forward<F>(f), std::make_index_sequence<std::variant_size_v<Body>>{});
}

static_assert(
    [] {
      std::array<bool, 256> used{};
      used[0] = true;  // opcode 0 is illegal
      bool unique = true;
      for_each_body([&]<class B>() {
        if (used[B::kOpcode]) unique = false;
        used[B::kOpcode] = true;
      });
      return unique;
    }(),
    "two instructions share an opcode, or one uses 0");

inline std::string_view name_of(const Body& body) {
  return std::visit([](const auto& b) { return std::decay_t<decltype(b)>::kName; }, body);
}

}  // namespace systole
