// SPDX-License-Identifier: Apache-2.0
// Tokens of the .sgr text form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace systole {

enum class GraphTokenKind : unsigned char { kEnd, kWord, kName, kNumber, kString, kSymbol };

// `text` views the source: a word, a %name or a "string" without its marks, a number, or one of
// ( ) { } [ ] , : = and ->.
// Named apart from the Token of isa/instruction.hpp, which is another thing in the same namespace.
struct GraphToken {
  GraphTokenKind kind = GraphTokenKind::kEnd;
  std::string_view text;
  std::size_t line = 1;
  std::size_t column = 1;
};

class GraphLexer {
 public:
  GraphLexer(std::string_view text, std::string_view where);

  const GraphToken& peek() const { return token_; }
  GraphToken take();

  // Takes the token if it is this word or symbol.
  bool accept(std::string_view text);
  // The same, or fails. With a kind: the token, if it is of this kind.
  void expect(std::string_view text);
  GraphToken expect(GraphTokenKind kind, std::string_view expected);
  // Numbers; `what` they stand for goes into the message.
  std::int64_t integer(std::int64_t low, std::int64_t high, std::string_view what);
  double real(std::string_view what);

  // "file:line:column: found ...; expected ...", exit status 3.
  [[noreturn]] void fail(const GraphToken& at, std::string_view found,
                         std::string_view expected) const;
  [[noreturn]] void fail(const GraphToken& at, std::string_view expected) const;

 private:
  void advance();
  void skip(std::size_t count);

  std::string_view text_;
  std::string where_;
  std::size_t position_ = 0, line_ = 1, column_ = 1;
  GraphToken token_;
};

// The token as a message shows it: quoted, shortened, without control characters.
std::string token_text(const GraphToken& token);

// Whether a graph or op name can stand between quotes: printable, no quote, no backslash.
bool is_quotable(std::string_view name);
// Whether a tensor name can follow %: letters, digits, _ and .
bool is_tensor_name(std::string_view name);

}  // namespace systole
