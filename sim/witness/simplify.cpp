// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/simplify.hpp"

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>

#include "isa/footprint.hpp"
#include "isa/walker.hpp"

namespace systole {
namespace {

Stream& stream_of(Program& program) { return program.streams.at(0); }

void drop_tokens(std::vector<Token>& tokens, std::int32_t semaphore) {
  tokens.erase(std::remove_if(tokens.begin(), tokens.end(),
                              [&](Token token) { return token.semaphore == semaphore; }),
               tokens.end());
}

auto find_token(const std::vector<Token>& tokens, std::int32_t semaphore) {
  return std::find_if(tokens.begin(), tokens.end(),
                      [&](Token token) { return token.semaphore == semaphore; });
}

// A semaphore that is there already gets the tokens of both.
void add_tokens(std::vector<Token>& tokens, const std::vector<Token>& more) {
  for (const Token token : more) {
    const auto there = std::find_if(tokens.begin(), tokens.end(), [&](Token other) {
      return other.semaphore == token.semaphore;
    });
    if (there == tokens.end()) {
      tokens.push_back(token);
    } else {
      there->count += token.count;
    }
  }
}

// Calls f with each affine expression of the instruction.
template <class F>
void for_each_affine(Instruction& instruction, F&& f) {
  for (Affine& test : instruction.guard.tests) f(test);
  std::visit(
      [&](auto& body) {
        for_each_field<std::decay_t<decltype(body)>>([&](const auto& row) {
          auto& member = body.*row.member;
          using Member = std::decay_t<decltype(member)>;
          if constexpr (std::is_base_of_v<Tile, Member>) {
            f(member.address.offset);
          } else if constexpr (std::is_same_v<Member, Value>) {
            f(member.offset);
          } else if constexpr (std::is_same_v<Member, Guard>) {
            for (Affine& test : member.tests) f(test);
          } else if constexpr (std::is_same_v<Member, Mask>) {
            f(member.row0);
            f(member.col0);
          } else if constexpr (std::is_same_v<Member, RowIndex>) {
            f(member.first);
          }
        });
      },
      instruction.body);
}

std::size_t loops_around(const Stream& stream, std::size_t position) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < position; ++at) {
    if (std::holds_alternative<Loop>(stream[at].body)) ++depth;
    if (std::holds_alternative<End>(stream[at].body) && depth > 0) --depth;
  }
  return depth;
}

// Collects programs that differ in one member of one instruction.
class Simpler {
 public:
  Simpler(const Program& program, std::size_t position)
      : program_(program), instruction_(program.streams.at(0).at(position)), position_(position) {}

  std::vector<Program> run() {
    std::visit(
        [&](auto& body) {
          for_each_field<std::decay_t<decltype(body)>>(
              [&](const auto& row) { simplify(body.*row.member); });
        },
        instruction_.body);
    simplify(instruction_.guard);
    set(instruction_.op, -1);
    return std::move(found_);
  }

 private:
  // Adds the program with `member` set to `value`, which is put back.
  template <class T, class V>
  void set(T& member, const V& value) {
    const T simpler = static_cast<T>(value);
    if (member == simpler) return;
    T kept = std::exchange(member, simpler);
    Program& program = found_.emplace_back(program_);
    program.streams[0][position_] = instruction_;
    member = std::move(kept);
  }

  void simplify(Value& value) {
    const std::int64_t now = value.at({}, program_.tables);
    if (!value.is_constant() || value.ring != 0 || value.tile >= 0) set(value, Value{now});
    if (now > 1) {
      set(value, Value{1});
      set(value, Value{now / 2});
      set(value, Value{now - 1});
    }
  }
  void simplify(Tile& tile) {
    if (tile.space == Space::kNone || tile.address.is_constant()) return;
    set(tile.address, Value{tile.address.at({}, program_.tables)});
  }
  void simplify(Guard& guard) {
    if (guard.tests.empty()) return;
    set(guard, Guard{});
    Guard never;
    never.tests.emplace_back(-1);
    set(guard, never);
  }
  void simplify(Mask& mask) { set(mask, Mask{}); }
  void simplify(RowIndex& /*index*/) {}
  void simplify(VectorOp& /*op*/) {}
  void simplify(ReduceOp& /*op*/) {}
  void simplify(double& /*imm*/) {}

  const Program& program_;
  Instruction instruction_;
  std::size_t position_;
  std::vector<Program> found_;
};

// Renumbers what instructions name in a list of the program: entry n moves to moved[n].
template <class Entry>
std::vector<std::int32_t> drop_unused(std::vector<Entry>& entries, const std::vector<bool>& used) {
  std::vector<std::int32_t> moved(entries.size(), -1);
  std::vector<Entry> kept;
  for (std::size_t n = 0; n < entries.size(); ++n) {
    if (!used[n]) continue;
    moved[n] = static_cast<std::int32_t>(kept.size());
    kept.push_back(std::move(entries[n]));
  }
  entries = std::move(kept);
  return moved;
}

// Symbols whose bytes some instruction reads or writes.
std::vector<bool> used_symbols(const Program& program) {
  std::vector<bool> used(program.symbols.size(), false);
  StreamWalker walker(program.streams.at(0), program.tables);
  while (walker.next()) {
    for (const TileAccess& access :
         footprint(walker.instruction(), walker.indices(), program.tables)) {
      if (access.region.space != Space::kHbm) continue;
      for (std::size_t n = 0; n < used.size(); ++n) {
        const Symbol& s = program.symbols[n];
        const std::int64_t end = s.address + (s.count - 1) * s.stride + (s.rows - 1) * s.pitch +
                                 s.cols * size_of(s.type);
        if (access.region.begin < end && s.address < access.region.end()) used[n] = true;
      }
    }
  }
  return used;
}

}  // namespace

Program without_tokens(Program program, std::int32_t semaphore) {
  for (Instruction& instruction : stream_of(program)) {
    drop_tokens(instruction.waits, semaphore);
    drop_tokens(instruction.signals, semaphore);
  }
  return program;
}

Program without_keeping_tokens(Program program, std::size_t position) {
  Stream& stream = stream_of(program);
  const Instruction removed = stream[position];
  const auto same_queue = [&](const Instruction& other) { return other.unit == removed.unit; };
  const auto at = stream.begin() + static_cast<std::ptrdiff_t>(position);
  const auto next = std::find_if(at + 1, stream.end(), same_queue);
  const auto before = std::find_if(std::make_reverse_iterator(at), stream.rend(), same_queue);
  if (next != stream.end()) add_tokens(next->waits, removed.waits);
  if (before != stream.rend()) add_tokens(before->signals, removed.signals);
  stream.erase(at);
  return program;
}

std::vector<Program> without_token_pairs(const Program& program, std::int32_t semaphore) {
  std::vector<Program> found;
  const Stream& stream = program.streams.at(0);
  for (std::size_t s = 0; s < stream.size(); ++s) {
    const auto signal = find_token(stream[s].signals, semaphore);
    if (signal == stream[s].signals.end()) continue;
    for (std::size_t w = 0; w < stream.size(); ++w) {
      const auto wait = find_token(stream[w].waits, semaphore);
      if (wait == stream[w].waits.end() || wait->count != signal->count) continue;
      Program& smaller = found.emplace_back(program);
      drop_tokens(smaller.streams[0][s].signals, semaphore);
      drop_tokens(smaller.streams[0][w].waits, semaphore);
    }
  }
  return found;
}

Program without(Program program, std::size_t begin, std::size_t end) {
  Stream& stream = stream_of(program);
  std::vector<std::int32_t> semaphores;
  for (std::size_t at = begin; at < end; ++at) {
    for (const Token token : stream[at].waits) semaphores.push_back(token.semaphore);
    for (const Token token : stream[at].signals) semaphores.push_back(token.semaphore);
  }
  stream.erase(stream.begin() + static_cast<std::ptrdiff_t>(begin),
               stream.begin() + static_cast<std::ptrdiff_t>(end));
  for (const std::int32_t semaphore : semaphores) {
    program = without_tokens(std::move(program), semaphore);
  }
  return program;
}

std::optional<std::size_t> end_of_loop(const Program& program, std::size_t position) {
  const Stream& stream = program.streams.at(0);
  if (!std::holds_alternative<Loop>(stream[position].body)) return std::nullopt;
  int depth = 0;
  for (std::size_t at = position; at < stream.size(); ++at) {
    if (std::holds_alternative<Loop>(stream[at].body)) ++depth;
    if (std::holds_alternative<End>(stream[at].body) && --depth == 0) return at;
  }
  return std::nullopt;
}

Program unrolled(Program program, std::size_t position) {
  Stream& stream = stream_of(program);
  const std::size_t end = *end_of_loop(program, position);
  const std::size_t level = loops_around(stream, position);
  for (std::size_t at = position + 1; at < end; ++at) {
    for_each_affine(stream[at], [&](Affine& affine) {
      for (std::size_t d = level; d + 1 < affine.stride.size(); ++d) {
        affine.stride[d] = affine.stride[d + 1];
      }
      affine.stride.back() = 0;
    });
  }
  stream.erase(stream.begin() + static_cast<std::ptrdiff_t>(end));
  stream.erase(stream.begin() + static_cast<std::ptrdiff_t>(position));
  return program;
}

std::vector<Program> with_simpler_numbers(const Program& program, std::size_t position) {
  return Simpler(program, position).run();
}

Program without_unused(Program program) {
  Stream& stream = stream_of(program);
  std::vector<bool> semaphores(program.semaphores.size(), false);
  std::vector<bool> ops(program.ops.size(), false);
  for (const Instruction& instruction : stream) {
    for (const auto& tokens : {instruction.waits, instruction.signals}) {
      for (const Token token : tokens) semaphores[static_cast<std::size_t>(token.semaphore)] = true;
    }
    if (instruction.op >= 0) ops[static_cast<std::size_t>(instruction.op)] = true;
  }
  drop_unused(program.symbols, used_symbols(program));
  const std::vector<std::int32_t> new_semaphore = drop_unused(program.semaphores, semaphores);
  const std::vector<std::int32_t> new_op = drop_unused(program.ops, ops);
  for (Instruction& instruction : stream) {
    for (auto* tokens : {&instruction.waits, &instruction.signals}) {
      for (Token& token : *tokens) {
        token.semaphore = new_semaphore[static_cast<std::size_t>(token.semaphore)];
      }
    }
    if (instruction.op >= 0) instruction.op = new_op[static_cast<std::size_t>(instruction.op)];
  }
  return program;
}

}  // namespace systole
