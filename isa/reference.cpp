// SPDX-License-Identifier: Apache-2.0
#include "isa/reference.hpp"

#include <fmt/format.h>

#include <type_traits>
#include <vector>

#include "isa/assembly.hpp"
#include "isa/binary.hpp"
#include "isa/disassembler.hpp"
#include "isa/program_fields.hpp"
#include "isa/program_limits.hpp"
#include "isa/reference_text.hpp"
#include "isa/verifier.hpp"

namespace systole {
namespace {

// How each type of member is described; one overload per type, as in the assembler.
template <Space... kAllowed>
std::string type_text(const TileIn<kAllowed...>* /*type*/) {
  std::string text;
  for (const Space space : {kAllowed...}) {
    if (space != Space::kNone)
      text += fmt::format("{}{}", text.empty() ? "" : " or ", name_of(space));
  }
  return "tile in " + text;
}
std::string type_text(const Value* /*type*/) { return "value"; }
std::string type_text(const Guard* /*type*/) { return "guard"; }
std::string type_text(const VectorOp* /*type*/) { return "vector operation"; }
std::string type_text(const ReduceOp* /*type*/) {
  std::string names;
  for (const ReduceOpRow& row : kReduceOps) {
    names += fmt::format("{}`{}`", names.empty() ? "" : ", ", row.name);
  }
  return names;
}
std::string type_text(const Mask* /*type*/) { return "mask"; }
std::string type_text(const RowIndex* /*type*/) { return "table entries"; }
std::string type_text(const double* /*type*/) { return "number"; }

std::string shape_text(Shape shape) {
  switch (shape) {
    case Shape::kNone: return "";
    case Shape::kRowsCols: return "rows x cols";
    case Shape::kRowsDepth: return "rows x depth";
    case Shape::kDepthCols: return "depth x cols";
    case Shape::kColsDepth: return "cols x depth";
    case Shape::kColsRows: return "cols x rows";
    case Shape::kRowsOne: return "rows x 1";
    case Shape::kIndexedRows: return "rows of the table x cols";
  }
  return "";
}

std::string access_text(Access access) {
  switch (access) {
    case Access::kNone: return "";
    case Access::kRead: return "read";
    case Access::kWrite: return "written";
    case Access::kReadWrite: return "read and written";
  }
  return "";
}

template <class B>
void append_instruction(std::string& out) {
  const std::string queue =
      std::is_same_v<B, Sync> ? "any queue" : fmt::format("unit {}", name_of(B::kUnit));
  out += fmt::format("\n### {}\n\nOpcode {}, {}: {}.\n", B::kName, B::kOpcode, queue, B::kDoc);
  if constexpr (std::tuple_size_v < decltype(B::fields()) >> 0) {
    out += "\n| field | is | extents | access | meaning |\n|---|---|---|---|---|\n";
    for_each_field<B>([&](const auto& row) {
      using Member = std::decay_t<decltype(std::declval<B>().*row.member)>;
      out += fmt::format("| `{}`{} | {} | {} | {} | {} |\n", row.name,
                         kCanBeAbsent<Member> ? " (optional)" : "",
                         type_text(static_cast<const Member*>(nullptr)), shape_text(row.shape),
                         access_text(row.access), row.doc);
    });
  }
}

void append_vector_ops(std::string& out) {
  out +=
      "\n## Vector operations\n\n"
      "Cost per element: ALU operations and passes through the transcendental unit.\n\n"
      "| op | operands | ALU | transcendental | result |\n|---|---|---|---|---|\n";
  for (const VectorOpRow& row : kVectorOps) {
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, row.arity, row.alu,
                       row.transcendental, row.formula);
  }
}

void append_types(std::string& out) {
  out += "\n## Data types\n\n| type | bytes | accumulates in |\n|---|---|---|\n";
  for (const DataTypeRow& row : kDataTypes) {
    out += fmt::format("| `{}` | {} | {} |\n", row.name, row.bytes, name_of(row.accumulator));
  }
}

template <class Record>
void append_record(std::string& out) {
  out += fmt::format("- `.{} name", RecordTable<Record>::directive);
  for_each_record_field<Record>([&](const auto& row) {
    out += row.required ? fmt::format(" {}=", row.name) : fmt::format(" [{}=]", row.name);
  });
  out += fmt::format("`: {}.\n", RecordTable<Record>::doc);
}

void append_binary(std::string& out) {
  out += fmt::format(
      "\n## Binary form (`.sbin`)\n\n"
      "{} bytes of header, little endian: 8 of magic (7f 'SYSTOLE'), version (4, now {}), length "
      "of the\npayload (8), FNV-1a of the payload (8). The payload holds workload, chip, tables, "
      "semaphores,\nsymbols, ops and streams in the order of the text form; numbers have variable "
      "length (LEB128, signed\nones zigzag). Numbers that grow with the repetitions of a layer "
      "(its loop's count, what ops and\nsymbols add up over it, addresses in HBM) are padded to a "
      "length that does not: a program of more layers\nis no longer. An instruction is its opcode, "
      "unit, op, guard, waits "
      "and signals, then its fields in\nthe order of the tables below. A value's first byte says "
      "which of its parts follow, and an affine\nexpression's which of its strides are not zero. "
      "The top bit of a symbol's\nfill is its layout. "
      "Opcode 0 is illegal. A program has at most {} bytes\nin either form, {} instructions, and "
      "{} tests in a guard.\n",
      kBinaryHeaderBytes, kBinaryVersion, kMaxProgramBytes, kMaxStaticInstructions, kMaxGuardTests);
}

}  // namespace

std::string isa_reference() {
  std::string out{kReferenceIntroduction};
  out += kReferenceText;
  append_record<Semaphore>(out);
  append_record<Symbol>(out);
  append_record<SourceOp>(out);
  out += kReferenceSyntax;
  append_binary(out);
  append_types(out);
  out += kReferenceSemantics;
  out += kReferenceVerifier;
  out += fmt::format(
      "- A stream fetches at most {} instructions in a run, iterations of outermost loops that "
      "repeat\n  earlier ones apart, and at most {} with them.\n",
      kMaxDynamicInstructions, kMaxRunInstructions);
  out += "\n## Instructions\n";
  for_each_body([&]<class B>() { append_instruction<B>(out); });
  append_vector_ops(out);
  return out;
}

}  // namespace systole
