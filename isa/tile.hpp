// SPDX-License-Identifier: Apache-2.0
// Operands of instructions: two-dimensional tiles in one of the memories.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "isa/data_type.hpp"
#include "isa/value.hpp"

namespace systole {

// kNone marks an operand that the operation does not have. An accumulator address selects the
// MXU whose accumulators are meant: space number = MXU number.
enum class Space : std::uint8_t { kNone, kHbm, kVmem, kAcc, kFifo, kCmem };

struct SpaceRow {
  Space value;
  std::string_view name;
};
inline constexpr std::array<SpaceRow, 6> kSpaces{{
    {Space::kNone, "none"},
    {Space::kHbm, "hbm"},
    {Space::kVmem, "vmem"},
    {Space::kAcc, "acc"},
    {Space::kFifo, "fifo"},
    {Space::kCmem, "cmem"},
}};
constexpr std::string_view name_of(Space space) {
  return kSpaces[static_cast<std::size_t>(space)].name;
}

// A row operand is 1 x cols and is the same for every row; a column operand is rows x 1.
enum class Broadcast : std::uint8_t { kNone, kRow, kCol };

struct BroadcastRow {
  Broadcast value;
  std::string_view name;
};
inline constexpr std::array<BroadcastRow, 3> kBroadcasts{{
    {Broadcast::kNone, "none"},
    {Broadcast::kRow, "row"},
    {Broadcast::kCol, "col"},
}};

// Rows of `type` elements; row r starts at byte address + r * pitch of its memory. Rows and
// columns are the instruction's extents. In `acc` and `fifo`, `unit` is the MXU that owns the
// memory. Accumulator rows are acc_row_bytes() apart, so its pitch is a multiple of that.
struct Tile {
  Space space = Space::kNone;
  std::int16_t unit = 0;
  Value address;
  std::int64_t pitch = 0;
  DataType type = DataType::kInt8;
  Broadcast broadcast = Broadcast::kNone;
  friend constexpr bool operator==(const Tile&, const Tile&) = default;
};

// A tile that may only lie in some memories.
template <Space... kAllowed>
struct TileIn : Tile {
  static constexpr std::array<Space, sizeof...(kAllowed)> kSpacesAllowed{kAllowed...};
  constexpr TileIn() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): the verifier checks the space
  constexpr TileIn(const Tile& tile) : Tile(tile) {}
};

using HbmTile = TileIn<Space::kHbm>;
using VmemTile = TileIn<Space::kVmem>;
using AccTile = TileIn<Space::kAcc>;
using LocalTile = TileIn<Space::kVmem, Space::kFifo>;  // where an array's weights come from
// What DMA transfers reach, farther from the core and nearer to it.
using FarTile = TileIn<Space::kHbm, Space::kCmem>;
using LoadedTile = TileIn<Space::kVmem, Space::kFifo, Space::kCmem>;
using StoredTile = TileIn<Space::kVmem, Space::kCmem>;
using VectorTile = TileIn<Space::kVmem, Space::kAcc>;  // what the VPU and XLU reach
using OptionalTile = TileIn<Space::kNone, Space::kVmem, Space::kAcc>;

// Which elements (r, c) of operand a are seen; the others read as minus infinity.
// causal: row0 + r >= col0 + c; window: causal, and row0 + r - (col0 + c) < window.
enum class MaskKind : std::uint8_t { kNone, kCausal, kWindow };

struct MaskKindRow {
  MaskKind value;
  std::string_view name;
};
inline constexpr std::array<MaskKindRow, 3> kMaskKinds{{
    {MaskKind::kNone, "none"},
    {MaskKind::kCausal, "causal"},
    {MaskKind::kWindow, "window"},
}};

struct Mask {
  MaskKind kind = MaskKind::kNone;
  Affine row0;
  Affine col0;
  std::int64_t window = 0;
  friend constexpr bool operator==(const Mask&, const Mask&) = default;
};

}  // namespace systole
