// SPDX-License-Identifier: Apache-2.0
#include "isa/assembler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "isa/assembly.hpp"
#include "isa/error.hpp"
#include "isa/program_fields.hpp"
#include "isa/program_limits.hpp"

namespace systole {

bool NameIndex::add(const std::string& name) {
  return positions_.emplace(name, static_cast<std::int32_t>(positions_.size())).second;
}

std::int32_t NameIndex::parse(TextCursor& cursor, std::string_view expected) const {
  const std::string name = cursor.name();
  const auto found = positions_.find(name);
  if (found != positions_.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [declared, position] : positions_) known.push_back(declared);
  std::sort(known.begin(), known.end());
  cursor.fail_name(name, expected, known);
}

namespace {

constexpr std::uint64_t kTextVersion = 1;

class Assembler {
 public:
  Assembler(std::string_view text, std::string_view where) : cursor_(text, where) {}

  Program assemble() {
    parse_version();
    do {
      if (cursor_.at_line_end()) continue;
      if (cursor_.accept('.')) {
        parse_directive();
      } else {
        if (program_.streams.empty())
          cursor_.fail(cursor_.shown(), "'.stream' before instructions");
        if (++instructions_ > kMaxStaticInstructions) {
          cursor_.fail("one instruction more", fmt::format("at most {}", kMaxStaticInstructions));
        }
        program_.streams.back().push_back(parser_.parse_instruction());
      }
    } while (cursor_.next_line());
    return std::move(program_);
  }

 private:
  void parse_version() {
    while (cursor_.at_line_end() && cursor_.next_line()) {
    }
    if (!cursor_.accept(".systole")) cursor_.fail(cursor_.shown(), "'.systole 1'");
    if (cursor_.natural(std::numeric_limits<std::uint64_t>::max()) != kTextVersion) {
      cursor_.fail(fmt::format("version {}", cursor_.shown()), "version 1");
    }
    cursor_.next_line();
  }

  void parse_directive() {
    const std::string_view word = cursor_.word();
    if (word == "workload") return parse_workload();
    if (word == "chip") return parse_chip();
    if (word == "table") return parse_table();
    if (word == RecordTable<Semaphore>::directive) {
      return parse_record(program_.semaphores, names_.semaphores);
    }
    if (word == RecordTable<Symbol>::directive) {
      return parse_record(program_.symbols, names_.symbols);
    }
    if (word == RecordTable<SourceOp>::directive) return parse_record(program_.ops, names_.ops);
    if (word == "stream") {
      program_.streams.emplace_back();
      return;
    }
    cursor_.fail_name(word, "a directive",
                      {"workload", "chip", "table", "semaphore", "symbol", "op", "stream"});
  }

  void parse_workload() {
    program_.workload = cursor_.name();
    expect_key("tokens");
    program_.tokens = cursor_.integer();
  }

  void parse_chip() {
    const bool quoted = cursor_.peek() == '"';
    program_.chip = cursor_.name();
    if (!quoted && program_.chip == "any") {
      program_.chip.clear();
      return;
    }
    expect_key("hash");
    program_.chip_hash = cursor_.hexadecimal();
  }

  // A second line for the last table goes on with its values.
  void parse_table() {
    const std::string name = cursor_.name();
    if (program_.tables.empty() || program_.tables.back().name != name) {
      if (!names_.tables.add(name)) fail_twice(name);
      program_.tables.push_back({name, {}});
    }
    while (!cursor_.at_line_end()) program_.tables.back().values.push_back(cursor_.integer());
  }

  template <class Record>
  void parse_record(std::vector<Record>& records, NameIndex& names) {
    Record record;
    record.name = cursor_.name();
    if (!names.add(record.name)) fail_twice(record.name);
    std::uint32_t given = 0;
    while (!cursor_.at_line_end()) {
      const std::string_view key = cursor_.word();
      std::uint32_t bit = 1;
      std::uint32_t found = 0;
      std::vector<std::string> known;
      for_each_record_field<Record>([&](const auto& row) {
        if (row.name == key) found = bit;
        known.emplace_back(row.name);
        bit <<= 1;
      });
      if (key.empty()) cursor_.fail(cursor_.shown(), "key=value");
      if (found == 0) cursor_.fail_name(key, "a key of this directive", known);
      if ((given & found) != 0)
        cursor_.fail(fmt::format("'{}' a second time", key), "each key once");
      given |= found;
      cursor_.expect('=');
      for_each_record_field<Record>([&](const auto& row) {
        if (row.name == key) parser_.parse(record.*row.member);
      });
    }
    std::uint32_t bit = 1;
    for_each_record_field<Record>([&](const auto& row) {
      if (row.required && (given & bit) == 0) {
        cursor_.fail(cursor_.shown(), fmt::format("'{}='", row.name));
      }
      bit <<= 1;
    });
    records.push_back(std::move(record));
  }

  void expect_key(std::string_view key) {
    if (cursor_.word() != key) cursor_.fail(cursor_.shown(), fmt::format("'{}='", key));
    cursor_.expect('=');
  }

  [[noreturn]] void fail_twice(const std::string& name) {
    cursor_.fail(fmt::format("the name {} a second time", quoted_name(name)), "a new name");
  }

  TextCursor cursor_;
  ProgramNames names_;
  FieldParser parser_{cursor_, names_};
  Program program_;
  std::size_t instructions_ = 0;
};

}  // namespace

Program parse_program(std::string_view text, std::string_view where) {
  if (std::ssize(text) > kMaxProgramBytes) {
    bad_input(where, fmt::format("{} bytes", text.size()),
              fmt::format("at most {}", kMaxProgramBytes));
  }
  return Assembler(text, where).assemble();
}

}  // namespace systole
