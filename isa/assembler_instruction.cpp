// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <optional>

#include "isa/assembler.hpp"
#include "isa/disassembler.hpp"

namespace systole {
namespace {

// What every instruction may carry besides the fields of its body.
inline constexpr std::array<std::string_view, 4> kCommonKeys{"if", "wait", "signal", "for"};

static_assert(
    [] {
      bool distinct = true;
      for_each_body([&]<class B>() {
        for_each_field<B>([&](const auto& row) {
          for (const std::string_view key : kCommonKeys) {
            if (row.name == key) distinct = false;
          }
        });
      });
      return distinct;
    }(),
    "a field has the name of a key that every instruction has");

template <class B>
std::vector<std::string> keys_of() {
  std::vector<std::string> keys(kCommonKeys.begin(), kCommonKeys.end());
  for_each_field<B>([&](const auto& row) { keys.emplace_back(row.name); });
  return keys;
}

// Number of `key` among the fields of B (from 0), else among the common keys after them.
template <class B>
std::size_t key_number(TextCursor& cursor, std::string_view key) {
  std::size_t number = 0;
  std::optional<std::size_t> found;
  for_each_field<B>([&](const auto& row) {
    if (row.name == key) found = number;
    ++number;
  });
  for (const std::string_view common : kCommonKeys) {
    if (common == key) found = number;
    ++number;
  }
  if (!found) cursor.fail_name(key, fmt::format("a field of {}", B::kName), keys_of<B>());
  return *found;
}

template <class B>
constexpr std::size_t kFieldCount = std::tuple_size_v<decltype(B::fields())>;

// Parses key=value pairs up to the end of the line.
template <class B>
void parse_fields(FieldParser& parser, TextCursor& cursor, const NameIndex& ops,
                  Instruction& instruction) {
  B body;
  std::array<bool, kFieldCount<B> + kCommonKeys.size()> given{};
  while (!cursor.at_line_end()) {
    const std::string_view key = cursor.word();
    if (key.empty()) cursor.fail(cursor.shown(), fmt::format("a field of {}", B::kName));
    const std::size_t number = key_number<B>(cursor, key);
    if (given[number]) {
      cursor.fail(fmt::format("'{}' a second time", key), "each field once");
    }
    given[number] = true;
    cursor.expect('=');
    std::size_t at = 0;
    for_each_field<B>([&](const auto& row) {
      if (at++ == number) parser.parse(body.*row.member);
    });
    if (key == "if") parser.parse(instruction.guard);
    if (key == "wait") parser.parse(instruction.waits);
    if (key == "signal") parser.parse(instruction.signals);
    if (key == "for") instruction.op = ops.parse(cursor, "the name of an op");
  }
  std::size_t at = 0;
  for_each_field<B>([&](const auto& row) {
    using Member = std::decay_t<decltype(body.*row.member)>;
    if (!given[at++] && !kCanBeAbsent<Member>) {
      cursor.fail(cursor.shown(), fmt::format("'{}=' ({} of {})", row.name, row.doc, B::kName));
    }
  });
  instruction.body = std::move(body);
}

}  // namespace

Instruction FieldParser::parse_instruction() {
  Instruction instruction;
  const auto parse_body = [&](std::string_view word) {
    bool known = false;
    for_each_body([&]<class B>() {
      if (word != B::kName) return;
      known = true;
      parse_fields<B>(*this, cursor_, names_.ops, instruction);
    });
    return known;
  };
  const std::string_view first = cursor_.word();
  if (first.empty()) cursor_.fail(cursor_.shown(), "an instruction or a directive");
  if (parse_body(first)) return instruction;
  instruction.unit = parse_unit(first);
  const std::string_view name = cursor_.word();
  if (name.empty()) cursor_.fail(cursor_.shown(), "an instruction");
  if (!parse_body(name)) {
    std::vector<std::string> known;
    for_each_body([&]<class B>() { known.emplace_back(B::kName); });
    cursor_.fail_name(name, "an instruction", known);
  }
  return instruction;
}

}  // namespace systole
