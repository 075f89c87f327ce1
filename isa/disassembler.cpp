// SPDX-License-Identifier: Apache-2.0
#include "isa/disassembler.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "isa/assembly.hpp"
#include "isa/program_fields.hpp"
#include "isa/text_cursor.hpp"

namespace systole {
namespace {

constexpr std::size_t kTableValuesPerLine = 16;

// One overload per type of member of a header record.
std::string text(const std::string& name) { return quoted_name(name); }
std::string text(std::int64_t number) { return std::to_string(number); }
std::string text(double number) { return shortest(number); }
std::string text(DataType type) { return std::string(name_of(type)); }
std::string text(SymbolRole role) {
  return std::string(kSymbolRoles[static_cast<std::size_t>(role)].name);
}

std::string text(Fill fill) { return std::string(name_of(fill)); }

std::string text(TensorLayout layout) { return std::string(name_of(layout)); }
std::string text(const std::vector<double>& numbers) {
  std::string list = "(";
  for (const double number : numbers) {
    if (list.size() > 1) list += ", ";
    list += shortest(number);
  }
  return list + ')';
}

template <class Record>
void print_record(const Record& record, std::string& out) {
  out += fmt::format(".{} {}", RecordTable<Record>::directive, quoted_name(record.name));
  for_each_record_field<Record>([&](const auto& row) {
    const auto& member = record.*row.member;
    if (!row.required && member == Record{}.*row.member) return;
    out += fmt::format(" {}={}", row.name, text(member));
  });
  out += '\n';
}

void print_table(const Table& table, std::string& out) {
  std::size_t v = 0;
  do {
    out += fmt::format(".table {}", quoted_name(table.name));
    for (std::size_t n = 0; n < kTableValuesPerLine && v < table.values.size(); ++n, ++v) {
      fmt::format_to(std::back_inserter(out), " {}", table.values[v]);
    }
    out += '\n';
  } while (v < table.values.size());
}

void print_chip(const Program& program, std::string& out) {
  if (program.chip.empty() && program.chip_hash == 0) {
    out += ".chip any\n";
    return;
  }
  // A chip of that name is told from the word by its quotes.
  const std::string name = program.chip == "any" ? "\"any\"" : quoted_name(program.chip);
  out += fmt::format(".chip {} hash=0x{:016x}\n", name, program.chip_hash);
}

// Where the instructions of an op begin: a comment with its place in the workload, if that is
// known.
void print_source(const Program& program, std::int32_t number, std::size_t indent,
                  std::string& out) {
  if (number < 0) return;
  const SourceOp& op = program.ops[static_cast<std::size_t>(number)];
  if (op.location.empty()) return;
  out.append(indent, ' ');
  out += fmt::format("# {} {}, {}\n", quoted_name(op.kind), quoted_name(op.name),
                     quoted_name(op.location));
}

void print_stream(const Program& program, const Stream& stream, std::string& out) {
  out += ".stream\n";
  std::size_t depth = 0;
  std::int32_t op = -1;
  for (const Instruction& instruction : stream) {
    if (std::holds_alternative<End>(instruction.body) && depth > 0) --depth;
    const std::size_t indent = 2 * std::min<std::size_t>(depth + 1, kMaxLoops + 1);
    if (std::exchange(op, instruction.op) != instruction.op) {
      print_source(program, instruction.op, indent, out);
    }
    out.append(indent, ' ');
    FieldPrinter(program, out).print(instruction);
    out += '\n';
    if (std::holds_alternative<Loop>(instruction.body)) ++depth;
  }
}

}  // namespace

std::string print_program(const Program& program) {
  std::string out = ".systole 1\n";
  out += fmt::format(".workload {} tokens={}\n", quoted_name(program.workload), program.tokens);
  print_chip(program, out);
  for (const Table& table : program.tables) print_table(table, out);
  for (const Semaphore& semaphore : program.semaphores) print_record(semaphore, out);
  for (const Symbol& symbol : program.symbols) print_record(symbol, out);
  for (const SourceOp& op : program.ops) print_record(op, out);
  for (const Stream& stream : program.streams) print_stream(program, stream, out);
  return out;
}

std::string print_instruction(const Program& program, const Instruction& instruction) {
  std::string out;
  FieldPrinter(program, out).print(instruction);
  return out;
}

std::string print_tile(const Program& program, const Tile& tile) {
  std::string out;
  FieldPrinter(program, out).print(tile);
  return out;
}

}  // namespace systole
