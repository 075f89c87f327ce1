// SPDX-License-Identifier: Apache-2.0
// The records of a program's header, one row per member; text and binary form walk them, as they
// walk the fields of instructions.
#pragma once

#include <string_view>
#include <tuple>

#include "isa/program.hpp"

namespace systole {

template <class Record, class Member>
struct RecordField {
  std::string_view name;
  Member Record::*member;
  bool required = false;  // in text; other members are left out where they have their default value
};

template <class Record, class Member>
constexpr RecordField<Record, Member> required(std::string_view name, Member Record::*member) {
  return {name, member, true};
}
template <class Record, class Member>
constexpr RecordField<Record, Member> optional(std::string_view name, Member Record::*member) {
  return {name, member, false};
}

// The rows of a record besides its name. `directive`: its line in text.
template <class Record>
struct RecordTable;

template <>
struct RecordTable<Semaphore> {
  static constexpr std::string_view directive = "semaphore";
  static constexpr std::string_view doc = "a semaphore with its tokens at the start";
  static constexpr auto fields() { return std::tuple{required("initial", &Semaphore::initial)}; }
};

template <>
struct RecordTable<Symbol> {
  static constexpr std::string_view directive = "symbol";
  static constexpr std::string_view doc =
      "a tensor in HBM: count copies, stride bytes apart, of rows x cols elements, rows pitch "
      "bytes apart; inputs and weights are seeded within offset - scale .. offset + scale";
  static constexpr auto fields() {
    return std::tuple{required("role", &Symbol::role),       required("type", &Symbol::type),
                      required("address", &Symbol::address), required("rows", &Symbol::rows),
                      required("cols", &Symbol::cols),       required("pitch", &Symbol::pitch),
                      optional("count", &Symbol::count),     optional("stride", &Symbol::stride),
                      optional("scale", &Symbol::scale),     optional("offset", &Symbol::offset)};
  }
};

template <>
struct RecordTable<SourceOp> {
  static constexpr std::string_view directive = "op";
  static constexpr std::string_view doc =
      "an op of the workload that instructions serve (for=name); figures are totals over its "
      "count repetitions";
  static constexpr auto fields() {
    return std::tuple{
        required("kind", &SourceOp::kind),       required("type", &SourceOp::type),
        required("count", &SourceOp::count),     required("macs", &SourceOp::macs),
        required("read", &SourceOp::read_bytes), required("write", &SourceOp::write_bytes)};
  }
};

// Calls f with each row of the table of `Record`.
template <class Record, class F>
constexpr void for_each_record_field(F&& f) {
  std::apply([&](const auto&... rows) { (f(rows), ...); }, RecordTable<Record>::fields());
}

}  // namespace systole
