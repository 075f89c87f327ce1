// SPDX-License-Identifier: Apache-2.0
// How each type of member of an instruction is printed: one overload per type, none per
// instruction.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "isa/program.hpp"

namespace systole {

// Appends the text form of members to `out`.
class FieldPrinter {
 public:
  // `program` names tables, semaphores and ops.
  FieldPrinter(const Program& program, std::string& out) : program_(program), out_(out) {}

  void print(const Affine& affine);
  void print(const Value& value);
  void print(const Guard& guard);
  void print(const Tile& tile);
  void print(const Mask& mask);
  void print(const RowIndex& index);
  void print(VectorOp op) { out_ += name_of(op); }
  void print(ReduceOp op) { out_ += kReduceOps[static_cast<std::size_t>(op)].name; }
  void print(double number);
  void print(const std::vector<Token>& tokens);
  void print(const Instruction& instruction);

 private:
  void print_table(std::int32_t table);
  void print_offset(const Value& value);

  const Program& program_;
  std::string& out_;
};

// Whether a member is left out of the text: an absent tile, a guard that always holds, no mask,
// and plus zero. `kCanBeAbsent`: whether its type has such a value.
template <class Member>
inline constexpr bool kCanBeAbsent =
    std::is_same_v<Member, OptionalTile> || std::is_same_v<Member, Guard> ||
    std::is_same_v<Member, Mask> || std::is_same_v<Member, double>;

bool is_absent(const OptionalTile& tile);
bool is_absent(const Guard& guard);
bool is_absent(const Mask& mask);
bool is_absent(double number);

}  // namespace systole
