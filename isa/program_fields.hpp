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
  int bytes = 1;          // at least, in the binary form
};

// A layer is a loop: that a model has more of them shall not make its program longer. Numbers that
// grow with the repetitions take these many bytes in the binary form, whatever their size.
inline constexpr int kCountBytes = 2;    // up to 8191 repetitions
inline constexpr int kAddressBytes = 7;  // 48 bits
inline constexpr int kTotalBytes = 9;    // below 2^62

template <class Record, class Member>
constexpr RecordField<Record, Member> required(std::string_view name, Member Record::*member,
                                               int bytes = 1) {
  return {name, member, true, bytes};
}
template <class Record, class Member>
constexpr RecordField<Record, Member> optional(std::string_view name, Member Record::*member,
                                               int bytes = 1) {
  return {name, member, false, bytes};
}

// The rows of a record besides its name. `directive`: its line in text.
template <class Record>
struct RecordTable;

template <>
struct RecordTable<Semaphore> {
  static constexpr std::string_view directive = "semaphore";
  static constexpr std::string_view doc =
      "a semaphore with its tokens at the start, of a core (0, unless said otherwise) whose units "
      "wait on it";
  static constexpr auto fields() {
    return std::tuple{required("initial", &Semaphore::initial), optional("core", &Semaphore::core)};
  }
};

template <>
struct RecordTable<Symbol> {
  static constexpr std::string_view directive = "symbol";
  static constexpr std::string_view doc =
      "a tensor in HBM: count copies, stride bytes apart, of rows x cols elements, rows pitch "
      "bytes apart, or columns where layout=column_major. Inputs, weights and states are seeded "
      "within offset - scale .. offset + scale. "
      "A constant is fp32 and holds scale * cos((offset + row) * f), or sin, where f is the "
      "column's number in frequencies=(f0, f1, ...)";
  static constexpr auto fields() {
    return std::tuple{required("role", &Symbol::role),
                      required("type", &Symbol::type),
                      required("address", &Symbol::address, kAddressBytes),
                      required("rows", &Symbol::rows),
                      required("cols", &Symbol::cols),
                      required("pitch", &Symbol::pitch),
                      optional("count", &Symbol::count, kCountBytes),
                      optional("stride", &Symbol::stride, kAddressBytes),
                      optional("scale", &Symbol::scale),
                      optional("offset", &Symbol::offset),
                      optional("fill", &Symbol::fill),
                      optional("layout", &Symbol::layout),  // binary: in the fill's byte
                      optional("frequencies", &Symbol::frequencies)};
  }
};

template <>
struct RecordTable<SourceOp> {
  static constexpr std::string_view directive = "op";
  static constexpr std::string_view doc =
      "an op of the workload that instructions serve (for=name); figures are totals over its "
      "count repetitions; kept are bytes of operands and results that stay in VMEM; at says where "
      "the workload has it (block.sgr:7)";
  static constexpr auto fields() {
    return std::tuple{required("kind", &SourceOp::kind),
                      required("type", &SourceOp::type),
                      required("count", &SourceOp::count, kCountBytes),
                      required("macs", &SourceOp::macs, kTotalBytes),
                      required("read", &SourceOp::read_bytes, kTotalBytes),
                      required("write", &SourceOp::write_bytes, kTotalBytes),
                      optional("kept", &SourceOp::kept_bytes, kTotalBytes),
                      optional("at", &SourceOp::location)};
  }
};

// Calls f with each row of the table of `Record`.
template <class Record, class F>
constexpr void for_each_record_field(F&& f) {
  std::apply([&](const auto&... rows) { (f(rows), ...); }, RecordTable<Record>::fields());
}

}  // namespace systole
