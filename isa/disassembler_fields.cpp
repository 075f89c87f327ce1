// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "isa/disassembler.hpp"
#include "isa/text_cursor.hpp"

namespace systole {
namespace {

// The magnitude of every int64, the lowest one included.
std::uint64_t magnitude(std::int64_t n) {
  const auto bits = static_cast<std::uint64_t>(n);
  return n < 0 ? 0 - bits : bits;
}

template <class List>
std::string name_at(const List& list, std::int32_t index) {
  const bool exists = index >= 0 && static_cast<std::size_t>(index) < list.size();
  return exists ? quoted_name(list[static_cast<std::size_t>(index)].name)
                : fmt::format("?{}", index);
}

}  // namespace

bool is_absent(const OptionalTile& tile) { return tile.space == Space::kNone; }
bool is_absent(const Guard& guard) { return guard.tests.empty(); }
bool is_absent(const Mask& mask) { return mask == Mask{}; }
bool is_absent(double number) { return number == 0 && !std::signbit(number); }

void FieldPrinter::print(const Affine& affine) {
  bool first = true;
  if (affine.base > 0 || affine.is_constant()) {
    out_ += std::to_string(affine.base);
    first = false;
  }
  for (int d = 0; d < kMaxLoops; ++d) {
    const std::int64_t stride = affine.stride[d];
    if (stride == 0) continue;
    if (stride < 0) {
      out_ += '-';
    } else if (!first) {
      out_ += '+';
    }
    if (magnitude(stride) != 1) fmt::format_to(std::back_inserter(out_), "{}*", magnitude(stride));
    fmt::format_to(std::back_inserter(out_), "i{}", d);
    first = false;
  }
  if (affine.base < 0 && !affine.is_constant())
    out_ += std::to_string(affine.base);  // i0-1, not -1+i0
}

void FieldPrinter::print_offset(const Value& value) {
  if (value.ring == 0 && value.offset.base == 0) {
    Affine sum = value.offset;
    sum.base = value.base;
    print(sum);
    return;
  }
  if (value.base != 0) fmt::format_to(std::back_inserter(out_), "{}+", value.base);
  out_ += '(';
  print(value.offset);
  out_ += ')';
  if (value.ring != 0) fmt::format_to(std::back_inserter(out_), "%{}", value.ring);
}

void FieldPrinter::print(const Value& value) {
  if (value.table != -1) {
    out_ += "lookup(";
    print_table(value.table);
    out_ += ", ";
  }
  if (value.tile != -1) out_ += "clamp(";
  print_offset(value);
  if (value.tile != -1) fmt::format_to(std::back_inserter(out_), ", {})", value.tile);
  if (value.table != -1) out_ += ')';
  if (value.more == Affine{}) return;
  out_ += "+(";
  print(value.more);
  out_ += ')';
}

void FieldPrinter::print(const Guard& guard) {
  out_ += '(';
  for (std::size_t t = 0; t < guard.tests.size(); ++t) {
    if (t > 0) out_ += " & ";
    print(guard.tests[t]);
    out_ += " >= 0";
  }
  out_ += ')';
}

void FieldPrinter::print(const Tile& tile) {
  out_ += name_of(tile.space);
  const bool numbered = tile.space == Space::kAcc || tile.space == Space::kFifo;
  if (numbered || tile.unit != 0) out_ += std::to_string(tile.unit);
  out_ += '[';
  print(tile.address);
  if (tile.pitch != 0) fmt::format_to(std::back_inserter(out_), ", pitch={}", tile.pitch);
  fmt::format_to(std::back_inserter(out_), "]:{}", name_of(tile.type));
  if (tile.broadcast != Broadcast::kNone) {
    out_ += ':';
    out_ += kBroadcasts[static_cast<std::size_t>(tile.broadcast)].name;
  }
}

void FieldPrinter::print(const Mask& mask) {
  out_ += kMaskKinds[static_cast<std::size_t>(mask.kind)].name;
  out_ += '(';
  print(mask.row0);
  out_ += ", ";
  print(mask.col0);
  if (mask.window != 0) fmt::format_to(std::back_inserter(out_), ", {}", mask.window);
  out_ += ')';
}

void FieldPrinter::print(const RowIndex& index) {
  print_table(index.table);
  out_ += '[';
  print(index.first);
  out_ += ']';
}

void FieldPrinter::print(double number) { out_ += shortest(number); }

void FieldPrinter::print(const std::vector<Token>& tokens) {
  out_ += '(';
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    if (t > 0) out_ += ", ";
    out_ += name_at(program_.semaphores, tokens[t].semaphore);
    if (tokens[t].count != 1) out_ += fmt::format("*{}", tokens[t].count);
  }
  out_ += ')';
}

void FieldPrinter::print_table(std::int32_t table) { out_ += name_at(program_.tables, table); }

void FieldPrinter::print(const Instruction& instruction) {
  if (instruction.unit != UnitId{}) {
    out_ += name_of(instruction.unit);
    out_ += ' ';
  }
  std::visit(
      [&](const auto& body) {
        using B = std::decay_t<decltype(body)>;
        out_ += B::kName;
        for_each_field<B>([&](const auto& row) {
          const auto& member = body.*row.member;
          if constexpr (kCanBeAbsent<std::decay_t<decltype(member)>>) {
            if (is_absent(member)) return;
          }
          fmt::format_to(std::back_inserter(out_), " {}=", row.name);
          print(member);
        });
      },
      instruction.body);
  if (!instruction.guard.tests.empty()) {
    out_ += " if=";
    print(instruction.guard);
  }
  if (!instruction.waits.empty()) {
    out_ += " wait=";
    print(instruction.waits);
  }
  if (!instruction.signals.empty()) {
    out_ += " signal=";
    print(instruction.signals);
  }
  if (instruction.op != -1) {
    out_ += " for=";
    out_ += name_at(program_.ops, instruction.op);
  }
}

}  // namespace systole
