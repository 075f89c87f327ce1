// SPDX-License-Identifier: Apache-2.0
// How each type of member of an instruction is parsed: one overload per type, none per
// instruction.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "isa/program.hpp"
#include "isa/text_cursor.hpp"

namespace systole {

// Positions of names that a program has declared.
class NameIndex {
 public:
  // False where the name exists already.
  bool add(const std::string& name);
  // The position of a name at the cursor; fails there, with the nearest name, where there is none.
  std::int32_t parse(TextCursor& cursor, std::string_view expected) const;

 private:
  std::unordered_map<std::string, std::int32_t> positions_;
};

struct ProgramNames {
  NameIndex tables, semaphores, symbols, ops;
};

class FieldParser {
 public:
  FieldParser(TextCursor& cursor, const ProgramNames& names) : cursor_(cursor), names_(names) {}

  void parse(Affine& affine);
  void parse(Value& value);
  void parse(Guard& guard);
  void parse(Tile& tile);
  void parse(Mask& mask);
  void parse(RowIndex& index);
  void parse(VectorOp& op);
  void parse(ReduceOp& op);
  void parse(DataType& type);
  void parse(SymbolRole& role);
  void parse(Fill& fill);
  void parse(TensorLayout& layout);
  void parse(double& number) { number = cursor_.number(); }
  void parse(std::int64_t& number) { number = cursor_.integer(); }
  void parse(std::vector<double>& numbers);
  void parse(std::string& name) { name = cursor_.name(); }
  void parse(std::vector<Token>& tokens);
  Instruction parse_instruction();

 private:
  void parse_offset(Value& value);
  void parse_term(Affine& affine, bool negative);
  void parse_space(Tile& tile);
  UnitId parse_unit(std::string_view word);

  TextCursor& cursor_;
  const ProgramNames& names_;
};

// Names of the rows of a table, for messages.
template <class Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

}  // namespace systole
