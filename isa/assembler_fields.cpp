// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <limits>

#include "isa/assembler.hpp"
#include "isa/names.hpp"
#include "isa/program_limits.hpp"

namespace systole {
namespace {

template <class Rows>
auto parse_row(TextCursor& cursor, const Rows& rows, std::string_view expected) {
  const std::string_view word = cursor.word();
  if (word.empty()) cursor.fail(cursor.shown(), expected);
  const auto found = find_by_name(rows, word);
  if (!found) cursor.fail_name(word, expected, names_of(rows));
  return *found;
}

// A word with a number behind it: "acc1" is "acc" and 1; "acc" has none (-1).
struct Numbered {
  std::string_view name;
  std::int16_t number = -1;
};
Numbered split_number(TextCursor& cursor, std::string_view word) {
  const std::size_t digits = word.find_first_of("0123456789");
  Numbered result{word.substr(0, digits)};
  if (digits == std::string_view::npos) return result;
  std::int32_t number = 0;
  for (const char c : word.substr(digits)) {
    if (c < '0' || c > '9') cursor.fail_name(word, "a name with a number behind it", {});
    number = number * 10 + (c - '0');
    if (number > std::numeric_limits<std::int16_t>::max()) {
      cursor.fail_name(word, "a unit number below 32768", {});
    }
  }
  result.number = static_cast<std::int16_t>(number);
  return result;
}

}  // namespace

// [magnitude *] i<depth>, or a magnitude alone.
void FieldParser::parse_term(Affine& affine, bool negative) {
  constexpr std::string_view kExpected =
      "a whole number, or an index i0 to i7 with or without a factor";
  std::uint64_t factor = 1;
  bool indexed = true;
  const char c = cursor_.peek();
  if (c >= '0' && c <= '9') {
    factor = cursor_.natural(std::uint64_t{1} << 63);
    indexed = cursor_.accept('*');
  } else if (c != 'i') {
    cursor_.fail(cursor_.shown(), kExpected);
  }
  std::int64_t* sum = &affine.base;
  if (indexed) {
    const std::string_view word = cursor_.word();
    if (word.size() != 2 || word[0] != 'i' || word[1] < '0' || word[1] >= '0' + kMaxLoops) {
      cursor_.fail(cursor_.shown(), kExpected);
    }
    sum = &affine.stride[word[1] - '0'];
  }
  const bool too_big = !negative && factor == std::uint64_t{1} << 63;
  const auto signed_factor = static_cast<std::int64_t>(negative ? 0 - factor : factor);
  if (too_big || __builtin_add_overflow(*sum, signed_factor, sum)) {
    cursor_.fail("a sum beyond 64 bits", "terms whose sum a 64-bit number holds");
  }
}

void FieldParser::parse(Affine& affine) {
  affine = Affine{};
  bool negative = cursor_.accept('-');
  while (true) {
    parse_term(affine, negative);
    if (cursor_.accept('-')) {
      negative = true;
    } else if (cursor_.accept('+')) {
      negative = false;
    } else {
      return;
    }
  }
}

// sum, or [base +] ( sum ) [% ring].
void FieldParser::parse_offset(Value& value) {
  bool grouped = cursor_.accept('(');
  if (!grouped) {
    Affine sum;
    bool negative = cursor_.accept('-');
    while (true) {
      parse_term(sum, negative);
      negative = cursor_.accept('-');
      if (!negative && !cursor_.accept('+')) break;
      if (negative || !cursor_.accept('(')) continue;
      if (!sum.is_constant()) cursor_.fail("a ring added to an index", "base+(offset)%ring");
      grouped = true;
      break;
    }
    value.base = sum.base;
    value.offset.stride = sum.stride;
  }
  if (!grouped) return;
  parse(value.offset);
  cursor_.expect(')');
  if (cursor_.accept('%')) value.ring = cursor_.integer();
}

void FieldParser::parse(Value& value) {
  value = Value{};
  const bool looked_up = cursor_.accept("lookup(");
  if (looked_up) {
    value.table = names_.tables.parse(cursor_, "the name of a table");
    cursor_.expect(',');
  }
  const bool clamped = cursor_.accept("clamp(");
  parse_offset(value);
  if (clamped) {
    cursor_.expect(',');
    value.tile = cursor_.integer();
    cursor_.expect(')');
  }
  if (looked_up) cursor_.expect(')');
  if ((!looked_up && !clamped) || !cursor_.accept('+')) return;
  cursor_.expect('(');
  parse(value.more);
  cursor_.expect(')');
}

void FieldParser::parse(Guard& guard) {
  guard.tests.clear();
  cursor_.expect('(');
  if (cursor_.accept(')')) return;
  do {
    if (guard.tests.size() == kMaxGuardTests) {
      cursor_.fail("one test more", fmt::format("at most {} in a guard", kMaxGuardTests));
    }
    parse(guard.tests.emplace_back());
    if (!cursor_.accept(">=")) cursor_.fail(cursor_.shown(), "'>= 0'");
    if (cursor_.integer() != 0) cursor_.fail(cursor_.shown(), "0: a test is 'sum >= 0'");
  } while (cursor_.accept('&'));
  cursor_.expect(')');
}

void FieldParser::parse_space(Tile& tile) {
  const std::string_view word = cursor_.word();
  const Numbered space = split_number(cursor_, word);
  const auto found = find_by_name(kSpaces, space.name);
  if (!found || *found == Space::kNone) {
    constexpr std::string_view kExpected = "a memory: hbm, cmem, vmem, acc or fifo";
    if (word.empty()) cursor_.fail(cursor_.shown(), kExpected);
    cursor_.fail_name(word, kExpected, names_of(kSpaces));
  }
  tile.space = *found;
  tile.unit = std::max<std::int16_t>(space.number, 0);
}

void FieldParser::parse(Tile& tile) {
  tile = Tile{};
  parse_space(tile);
  cursor_.expect('[');
  parse(tile.address);
  if (cursor_.accept(',')) {
    if (cursor_.word() != "pitch") cursor_.fail(cursor_.shown(), "'pitch='");
    cursor_.expect('=');
    tile.pitch = cursor_.integer();
  }
  cursor_.expect(']');
  cursor_.expect(':');
  parse(tile.type);
  if (cursor_.accept(':')) tile.broadcast = parse_row(cursor_, kBroadcasts, "row or col");
}

void FieldParser::parse(Mask& mask) {
  mask = Mask{};
  mask.kind = parse_row(cursor_, kMaskKinds, "a mask: causal(row0, col0) or window(row0, col0, n)");
  cursor_.expect('(');
  parse(mask.row0);
  cursor_.expect(',');
  parse(mask.col0);
  if (cursor_.accept(',')) mask.window = cursor_.integer();
  cursor_.expect(')');
}

void FieldParser::parse(RowIndex& index) {
  index.table = names_.tables.parse(cursor_, "the name of a table");
  cursor_.expect('[');
  parse(index.first);
  cursor_.expect(']');
}

void FieldParser::parse(VectorOp& op) { op = parse_row(cursor_, kVectorOps, "a vector operation"); }
void FieldParser::parse(ReduceOp& op) { op = parse_row(cursor_, kReduceOps, "a reduction"); }
void FieldParser::parse(DataType& type) { type = parse_row(cursor_, kDataTypes, "a data type"); }
void FieldParser::parse(SymbolRole& role) { role = parse_row(cursor_, kSymbolRoles, "a role"); }

void FieldParser::parse(Fill& fill) { fill = parse_row(cursor_, kFills, "a fill"); }

void FieldParser::parse(TensorLayout& layout) {
  layout = parse_row(cursor_, kTensorLayouts, "a layout");
}

void FieldParser::parse(std::vector<double>& numbers) {
  numbers.clear();
  cursor_.expect('(');
  do {
    numbers.push_back(cursor_.number());
  } while (cursor_.accept(','));
  cursor_.expect(')');
}

void FieldParser::parse(std::vector<Token>& tokens) {
  tokens.clear();
  cursor_.expect('(');
  do {
    if (tokens.size() == kMaxTokens) {
      cursor_.fail("one semaphore more", fmt::format("at most {}", kMaxTokens));
    }
    Token token;
    token.semaphore = names_.semaphores.parse(cursor_, "the name of a semaphore");
    if (cursor_.accept('*')) {
      const std::int64_t count = cursor_.integer();
      token.count = static_cast<std::int32_t>(count);
      if (token.count != count) cursor_.fail("a count beyond 32 bits", "a count of tokens");
    }
    tokens.push_back(token);
  } while (cursor_.accept(','));
  cursor_.expect(')');
}

UnitId FieldParser::parse_unit(std::string_view word) {
  const Numbered unit = split_number(cursor_, word);
  const auto kind = find_by_name(kUnitKinds, unit.name);
  if (!kind || *kind == UnitKind::kSequencer) {
    std::vector<std::string> known = names_of(kUnitKinds);
    for_each_body([&]<class B>() { known.emplace_back(B::kName); });
    cursor_.fail_name(word, "a unit (dma0, mxu0, vpu0, xlu0), loop, end or halt", known);
  }
  if (unit.number < 0)
    cursor_.fail_name(word, fmt::format("a unit with its number, {}0", word), {});
  return {*kind, unit.number};
}

}  // namespace systole
