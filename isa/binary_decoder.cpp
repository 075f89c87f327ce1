// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "isa/binary.hpp"
#include "isa/binary_format.hpp"
#include "isa/error.hpp"
#include "isa/program_fields.hpp"
#include "isa/program_limits.hpp"
#include "isa/seeded.hpp"

namespace systole {
namespace {

// One overload per type of member. Every read checks what is left.
class Decoder {
 public:
  Decoder(std::string_view bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  [[noreturn]] void fail(std::string_view found, std::string_view expected) const {
    bad_input(fmt::format("{}: byte {}", where_, at_), found, expected);
  }

  std::size_t left() const { return bytes_.size() - at_; }
  std::string_view rest() const { return bytes_.substr(at_); }

  std::string_view take(std::size_t count) {
    if (count > left()) fail(fmt::format("{} bytes to the end", left()), fmt::format("{}", count));
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }

  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }

  std::uint64_t fixed(int count) {
    std::uint64_t value = 0;
    for (int b = 0; b < count; ++b) value |= std::uint64_t{byte()} << (8 * b);
    return value;
  }

  std::uint64_t natural() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t next = byte();
      value |= std::uint64_t{next & 0x7fu} << shift;
      const bool fits = shift < 63 || next <= 1;
      if (next < 0x80 && fits) return value;
    }
    fail("a number beyond 64 bits", "at most 64 bits");
  }
  // A number below `limit`.
  std::uint64_t below(std::uint64_t limit, std::string_view what) {
    const std::uint64_t value = natural();
    if (value >= limit) {
      fail(fmt::format("{} number {}", what, value), fmt::format("a number below {}", limit));
    }
    return value;
  }
  // A number of items, each of which takes at least `size` bytes of what is left.
  std::size_t count(std::size_t size) {
    const std::uint64_t items = natural();
    if (items > left() / size) {
      fail(fmt::format("{} items in {} bytes", items, left()), "no more than fit in");
    }
    return static_cast<std::size_t>(items);
  }

  void read(std::int64_t& value) { value = unzigzag(natural()); }
  void read(std::int32_t& value) {
    const std::int64_t wide = unzigzag(natural());
    value = static_cast<std::int32_t>(wide);
    if (value != wide) fail("a number beyond 32 bits", "at most 32 bits");
  }
  void read(std::string& text) { text = take(count(1)); }
  void read(double& value) {
    value = std::bit_cast<double>(fixed(8));
    if (std::isnan(value)) fail("not a number", "a number");
  }
  void read(std::vector<double>& values) {
    values.resize(count(sizeof(double)));
    for (double& value : values) read(value);
  }

  // An enumerator, which is its row's number in a table.
  template <class Enum, class Rows>
  void read_row(Enum& value, const Rows& rows, std::string_view what) {
    row_at(byte(), value, rows, what);
  }
  template <class Enum, class Rows>
  void row_at(std::uint8_t number, Enum& value, const Rows& rows, std::string_view what) {
    if (number >= rows.size()) {
      fail(fmt::format("{} number {}", what, number), fmt::format("below {}", rows.size()));
    }
    value = rows[number].value;
  }
  void read(DataType& type) { read_row(type, kDataTypes, "data type"); }
  void read(SymbolRole& role) { read_row(role, kSymbolRoles, "role"); }
  void read(Fill& fill) {
    const std::uint8_t number = byte();
    layout_ = (number & kColumnMajor) != 0 ? TensorLayout::kColumnMajor : TensorLayout::kRowMajor;
    row_at(static_cast<std::uint8_t>(number & ~kColumnMajor), fill, kFills, "fill");
  }
  void read(TensorLayout& layout) { layout = layout_; }  // of the fill before it
  void read(VectorOp& op) { read_row(op, kVectorOps, "vector operation"); }
  void read(ReduceOp& op) { read_row(op, kReduceOps, "reduction"); }

  void read(Affine& affine) {
    read(affine.base);
    const std::uint8_t indices = byte();
    for (int d = 0; d < kMaxLoops; ++d) {
      if ((indices >> d & 1) != 0) read(affine.stride[d]);
    }
  }

  void read(Value& value) {
    const std::uint8_t parts = byte();
    if (parts > kAllValueParts) fail(fmt::format("value parts 0x{:02x}", parts), "known parts");
    if ((parts & kHasBase) != 0) read(value.base);
    if ((parts & kHasOffset) != 0) read(value.offset);
    if ((parts & kHasRing) != 0) read(value.ring);
    if ((parts & kHasTile) != 0) read(value.tile);
    if ((parts & kHasTable) != 0) value.table = index_of(program_.tables.size(), "table");
    if ((parts & kHasMore) == 0) return;
    if (value.tile == -1 && value.table == -1) {
      fail("a sum added to neither a clamp nor a look-up", "one of them");
    }
    read(value.more);
  }

  void read(Guard& guard) {
    const std::size_t tests = count(2);
    if (tests > kMaxGuardTests) {
      fail(fmt::format("{} tests in a guard", tests), fmt::format("at most {}", kMaxGuardTests));
    }
    guard.tests.resize(tests);
    for (Affine& test : guard.tests) read(test);
  }

  template <Space... kAllowed>
  void read(TileIn<kAllowed...>& tile) {
    read_row(tile.space, kSpaces, "memory");
    if (tile.space == Space::kNone) {
      if (((kAllowed != Space::kNone) && ...)) fail("an absent operand", "an operand");
      return;
    }
    tile.unit = static_cast<std::int16_t>(below(1 << 15, "memory"));
    read(tile.address);
    read(tile.pitch);
    read(tile.type);
    read_row(tile.broadcast, kBroadcasts, "broadcast");
  }

  void read(Mask& mask) {
    const std::uint8_t kind = byte();
    if (kind == kNoMask) return;
    if (kind >= kMaskKinds.size()) fail(fmt::format("mask number {}", kind), "a kind of mask");
    mask.kind = kMaskKinds[kind].value;
    read(mask.row0);
    read(mask.col0);
    read(mask.window);
  }

  void read(RowIndex& index) {
    index.table = index_of(program_.tables.size(), "table");
    read(index.first);
  }

  void read(std::vector<Token>& tokens) {
    const std::size_t number = count(2);
    if (number > kMaxTokens) {
      fail(fmt::format("{} semaphores", number), fmt::format("at most {}", kMaxTokens));
    }
    tokens.resize(number);
    for (Token& token : tokens) {
      token.semaphore = index_of(program_.semaphores.size(), "semaphore");
      read(token.count);
    }
  }

  void read(Instruction& instruction) {
    const std::uint8_t opcode = byte();
    const std::uint8_t kind = byte();
    if ((kind & ~kHasCommon) >= static_cast<int>(kUnitKinds.size())) {
      fail(fmt::format("unit kind {}", kind & ~kHasCommon), "a kind of unit");
    }
    instruction.unit.kind = kUnitKinds[kind & ~kHasCommon].value;
    const bool numbered = instruction.unit.kind != UnitKind::kSequencer;
    instruction.unit.number = static_cast<std::int16_t>(below(numbered ? 1 << 15 : 1, "unit"));
    read(instruction.op);
    if (instruction.op < -1 || instruction.op >= std::ssize(program_.ops)) {
      fail(fmt::format("op number {}", instruction.op), "-1 or the number of an op");
    }
    if ((kind & kHasCommon) != 0) {
      read(instruction.guard);
      read(instruction.waits);
      read(instruction.signals);
    }
    bool known = false;
    for_each_body([&]<class B>() {
      if (B::kOpcode != opcode) return;
      known = true;
      B body;
      for_each_field<B>([&](const auto& row) { read(body.*row.member); });
      instruction.body = std::move(body);
    });
    if (!known) fail(fmt::format("opcode {}", opcode), "the opcode of an instruction");
  }

  void read_record(Table& table) {
    read(table.name);
    table.values.resize(count(1));
    for (std::int64_t& value : table.values) read(value);
  }

  template <class Record>
  void read_record(Record& record) {
    read(record.name);
    for_each_record_field<Record>([&](const auto& row) { read(record.*row.member); });
  }

  // Items with a name each. An item is appended when it has been read, so that a count cannot
  // claim memory that the input does not pay for.
  template <class Item>
  void read_named(std::vector<Item>& items, std::string_view what) {
    const std::size_t number = count(2);
    std::set<std::string> names;
    for (std::size_t n = 0; n < number; ++n) {
      Item item;
      read_record(item);
      if (!names.insert(item.name).second) {
        fail(fmt::format("two {} named '{}'", what, item.name), "a name for each");
      }
      items.push_back(std::move(item));
    }
  }

  Program read_program() {
    read(program_.workload);
    read(program_.tokens);
    read(program_.chip);
    program_.chip_hash = fixed(8);
    read_named(program_.tables, "tables");
    read_named(program_.semaphores, "semaphores");
    read_named(program_.symbols, "symbols");
    read_named(program_.ops, "ops");
    const std::size_t streams = count(1);
    for (std::size_t s = 0; s < streams; ++s) {
      Stream& stream = program_.streams.emplace_back();
      const std::size_t instructions = count(4);
      for (std::size_t n = 0; n < instructions; ++n) {
        if (++instructions_ > kMaxStaticInstructions) {
          fail("one instruction more", fmt::format("at most {}", kMaxStaticInstructions));
        }
        read(stream.emplace_back());
      }
    }
    if (left() > 0) fail(fmt::format("{} more bytes", left()), "the end");
    return std::move(program_);
  }

 private:
  std::int32_t index_of(std::size_t size, std::string_view what) {
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
    return static_cast<std::int32_t>(below(std::min<std::uint64_t>(size, kLargest), what));
  }

  std::string_view bytes_;
  std::string_view where_;
  std::size_t at_ = 0;
  std::size_t instructions_ = 0;
  TensorLayout layout_ = TensorLayout::kRowMajor;
  Program program_;
};

}  // namespace

Program decode_program(std::string_view bytes, std::string_view where) {
  Decoder in(bytes, where);
  if (std::ssize(bytes) > kMaxProgramBytes) {
    in.fail(fmt::format("{} bytes", bytes.size()), fmt::format("at most {}", kMaxProgramBytes));
  }
  if (!bytes.starts_with(kBinaryMagic)) {
    in.fail("no magic number of a program", "the magic number 7f 'SYSTOLE'");
  }
  in.take(kBinaryMagic.size());
  const std::uint64_t version = in.fixed(4);
  if (version != kBinaryVersion) {
    in.fail(fmt::format("version {}", version), fmt::format("version {}", kBinaryVersion));
  }
  const std::uint64_t length = in.fixed(8);
  const std::uint64_t checksum = in.fixed(8);
  if (length != in.left()) {
    in.fail(fmt::format("{} bytes of payload", in.left()), fmt::format("{}", length));
  }
  if (checksum != hash_text(in.rest())) {
    in.fail("a payload that was changed", fmt::format("one of checksum 0x{:016x}", checksum));
  }
  return in.read_program();
}

}  // namespace systole
