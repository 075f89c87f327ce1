// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "isa/binary.hpp"
#include "isa/binary_format.hpp"
#include "isa/disassembler.hpp"
#include "isa/program_fields.hpp"
#include "isa/seeded.hpp"

namespace systole {
namespace {

// One overload per type of member.
class Encoder {
 public:
  std::string take() { return std::move(bytes_); }

  void byte(std::uint8_t value) { bytes_ += static_cast<char>(value); }

  // In at least `bytes` bytes; leading zeros are bytes, too.
  void natural(std::uint64_t value, int bytes = 1) {
    for (; value >= 0x80 || bytes > 1; value >>= 7, --bytes) {
      byte(static_cast<std::uint8_t>(value | 0x80));
    }
    byte(static_cast<std::uint8_t>(value));
  }

  void write(std::int64_t value, int bytes = 1) { natural(zigzag(value), bytes); }
  void write(const std::string& text) {
    natural(text.size());
    bytes_ += text;
  }
  void write(double value) { fixed(std::bit_cast<std::uint64_t>(value), 8); }
  void write(const std::vector<double>& values) {
    natural(values.size());
    for (const double value : values) write(value);
  }
  void write(DataType type) { byte(static_cast<std::uint8_t>(type)); }
  void write(SymbolRole role) { byte(static_cast<std::uint8_t>(role)); }
  void write(Fill fill) { byte(static_cast<std::uint8_t>(fill)); }
  // Follows the fill.
  void write(TensorLayout layout) {
    if (layout == TensorLayout::kRowMajor) return;
    bytes_.back() = static_cast<char>(static_cast<std::uint8_t>(bytes_.back()) | kColumnMajor);
  }
  void write(VectorOp op) { byte(static_cast<std::uint8_t>(op)); }
  void write(ReduceOp op) { byte(static_cast<std::uint8_t>(op)); }

  void write(const Affine& affine) {
    std::uint8_t indices = 0;
    for (int d = 0; d < kMaxLoops; ++d) {
      if (affine.stride[d] != 0) indices = static_cast<std::uint8_t>(indices | 1u << d);
    }
    write(affine.base);
    byte(indices);
    for (const std::int64_t stride : affine.stride) {
      if (stride != 0) write(stride);
    }
  }

  // `bytes`: of its base, at least; with more than one, a base of 0 takes them, too.
  void write(const Value& value, int bytes = 1) {
    const bool base = value.base != 0 || bytes > 1;
    const bool offset = value.offset != Affine{};
    byte(static_cast<std::uint8_t>(
        (base ? kHasBase : 0) | (offset ? kHasOffset : 0) | (value.ring != 0 ? kHasRing : 0) |
        (value.tile != -1 ? kHasTile : 0) | (value.table != -1 ? kHasTable : 0) |
        (value.more != Affine{} ? kHasMore : 0)));
    if (base) write(value.base, bytes);
    if (offset) write(value.offset);
    if (value.ring != 0) write(value.ring);
    if (value.tile != -1) write(value.tile);
    if (value.table != -1) natural(static_cast<std::uint64_t>(value.table));
    if (value.more != Affine{}) write(value.more);
  }

  void write(const Guard& guard) {
    natural(guard.tests.size());
    for (const Affine& test : guard.tests) write(test);
  }

  void write(const Tile& tile) {
    byte(static_cast<std::uint8_t>(tile.space));
    if (tile.space == Space::kNone) return;
    natural(static_cast<std::uint64_t>(tile.unit));
    write(tile.address, tile.space == Space::kHbm ? kAddressBytes : 1);
    write(tile.pitch);
    write(tile.type);
    byte(static_cast<std::uint8_t>(tile.broadcast));
  }

  void write(const Mask& mask) {
    byte(mask == Mask{} ? kNoMask : static_cast<std::uint8_t>(mask.kind));
    if (mask == Mask{}) return;
    write(mask.row0);
    write(mask.col0);
    write(mask.window);
  }

  void write(const RowIndex& index) {
    natural(static_cast<std::uint64_t>(index.table));
    write(index.first);
  }

  void write(const std::vector<Token>& tokens) {
    natural(tokens.size());
    for (const Token token : tokens) {
      natural(static_cast<std::uint64_t>(token.semaphore));
      write(std::int64_t{token.count});
    }
  }

  void write(const Instruction& instruction) {
    const bool common = !instruction.guard.tests.empty() || !instruction.waits.empty() ||
                        !instruction.signals.empty();
    std::visit([&](const auto& body) { byte(std::decay_t<decltype(body)>::kOpcode); },
               instruction.body);
    byte(static_cast<std::uint8_t>(static_cast<unsigned>(instruction.unit.kind) |
                                   (common ? kHasCommon : 0u)));
    natural(static_cast<std::uint64_t>(instruction.unit.number));
    write(std::int64_t{instruction.op});
    if (common) {
      write(instruction.guard);
      write(instruction.waits);
      write(instruction.signals);
    }
    std::visit(
        [&](const auto& body) {
          using B = std::decay_t<decltype(body)>;
          if constexpr (std::is_same_v<B, Loop>) {
            write(body.count, kCountBytes);
          } else {
            for_each_field<B>([&](const auto& row) { write(body.*row.member); });
          }
        },
        instruction.body);
  }

  void write(const Table& table) {
    write(table.name);
    natural(table.values.size());
    for (const std::int64_t value : table.values) write(value);
  }

  template <class Record>
  void write_record(const Record& record) {
    write(record.name);
    for_each_record_field<Record>([&](const auto& row) {
      if constexpr (std::is_same_v<std::decay_t<decltype(record.*row.member)>, std::int64_t>) {
        write(record.*row.member, row.bytes);
      } else {
        write(record.*row.member);
      }
    });
  }

  void fixed(std::uint64_t value, int bytes) {
    for (int b = 0; b < bytes; ++b) byte(static_cast<std::uint8_t>(value >> (8 * b)));
  }

 private:
  std::string bytes_;
};

std::string encode_payload(const Program& program) {
  Encoder out;
  out.write(program.workload);
  out.write(program.tokens);
  out.write(program.chip);
  out.fixed(program.chip_hash, 8);
  out.natural(program.tables.size());
  for (const Table& table : program.tables) out.write(table);
  out.natural(program.semaphores.size());
  for (const Semaphore& semaphore : program.semaphores) out.write_record(semaphore);
  out.natural(program.symbols.size());
  for (const Symbol& symbol : program.symbols) out.write_record(symbol);
  out.natural(program.ops.size());
  for (const SourceOp& op : program.ops) out.write_record(op);
  out.natural(program.streams.size());
  for (const Stream& stream : program.streams) {
    out.natural(stream.size());
    for (const Instruction& instruction : stream) out.write(instruction);
  }
  return out.take();
}

}  // namespace

std::string encode_program(const Program& program) {
  const std::string payload = encode_payload(program);
  Encoder header;
  header.fixed(kBinaryVersion, 4);
  header.fixed(payload.size(), 8);
  header.fixed(hash_text(payload), 8);
  return std::string(kBinaryMagic) + header.take() + payload;
}

}  // namespace systole
