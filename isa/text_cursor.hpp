// SPDX-License-Identifier: Apache-2.0
// A place in a program's text: lexing with line and column. Never reads beyond the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace systole {

class TextCursor {
 public:
  // `where` names the text in messages.
  TextCursor(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  // Skips blanks and a comment (from # to the end of the line).
  void skip_blanks();
  bool at_line_end();  // after blanks and a comment
  bool at_end() const { return at_ == text_.size(); }
  // Goes to the next line; the present one must be used up. False at the end of the text.
  bool next_line();

  // The next byte after blanks, 0 at a line's end.
  char peek();
  bool accept(char c);
  void expect(char c);
  bool accept(std::string_view text);

  // Letters, digits and _ ; empty where there are none.
  std::string_view word();
  // A bare name (letters, digits and . _ - / : %) or a quoted one.
  std::string name();
  // An optional sign and decimal digits.
  std::int64_t integer();
  // Decimal digits, at most `limit`.
  std::uint64_t natural(std::uint64_t limit);
  std::uint64_t hexadecimal();  // 0x...
  double number();

  // Start of the token that was read last; fail() points there.
  std::size_t token() const { return token_; }
  // Throws Error with kBadInput at the last token.
  [[noreturn]] void fail(std::string_view found, std::string_view expected) const;
  // As fail, found 'name', with the nearest of `known`.
  [[noreturn]] void fail_name(std::string_view name, std::string_view expected,
                              const std::vector<std::string>& known) const;
  // The token at the cursor as a message shows it: quoted, shortened, or "the end of the line".
  std::string shown() const;

 private:
  void begin_token();

  std::string_view text_;
  std::string_view where_;
  std::size_t at_ = 0;
  std::size_t token_ = 0;
};

// A name as name() reads it back: bare where it can be, else quoted with escapes.
std::string quoted_name(std::string_view name);

// The shortest decimal that reads back as `value`.
std::string shortest(double value);

}  // namespace systole
