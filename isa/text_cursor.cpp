// SPDX-License-Identifier: Apache-2.0
#include "isa/text_cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "isa/error.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

// The C library's classification depends on the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_bare(char c) {
  return is_word(c) || c == '.' || c == '-' || c == '/' || c == ':' || c == '%';
}
constexpr bool is_printable(char c) { return c >= ' ' && c <= '~'; }

constexpr std::size_t kLongestShown = 40;
constexpr std::string_view kNameExpected = "a name (letters, digits and . _ - / : %, or quoted)";

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void TextCursor::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else {
      return;
    }
  }
}

void TextCursor::begin_token() {
  skip_blanks();
  token_ = at_;
}

bool TextCursor::at_line_end() { return peek() == '\0'; }

bool TextCursor::next_line() {
  if (!at_line_end()) fail(shown(), "the end of the line");
  if (at_end()) return false;
  ++at_;
  return true;
}

char TextCursor::peek() {
  begin_token();
  if (at_end() || text_[at_] == '\n') return '\0';
  return text_[at_] == '\0' ? '\1' : text_[at_];  // a zero byte is no line end
}

bool TextCursor::accept(char c) {
  if (peek() != c) return false;
  ++at_;
  return true;
}

bool TextCursor::accept(std::string_view text) {
  begin_token();
  if (!text_.substr(at_).starts_with(text)) return false;
  at_ += text.size();
  return true;
}

void TextCursor::expect(char c) {
  if (!accept(c)) fail(shown(), fmt::format("'{}'", c));
}

std::string_view TextCursor::word() {
  begin_token();
  while (at_ < text_.size() && is_word(text_[at_])) ++at_;
  return text_.substr(token_, at_ - token_);
}

std::string TextCursor::name() {
  if (!accept('"')) {
    while (at_ < text_.size() && is_bare(text_[at_])) ++at_;
    if (at_ == token_) fail(shown(), kNameExpected);
    return std::string(text_.substr(token_, at_ - token_));
  }
  std::string result;
  while (true) {
    const char c = at_ < text_.size() ? text_[at_] : '\n';
    if (c == '\n') fail("a quoted name without its closing quote", kNameExpected);
    ++at_;
    if (c == '"') return result;
    if (c != '\\') {
      result += c;
      continue;
    }
    const char escape = at_ < text_.size() ? text_[at_] : '\n';
    if (escape == '"' || escape == '\\') {
      result += escape;
      ++at_;
      continue;
    }
    const int high = escape == 'x' && at_ + 2 < text_.size() ? hex_digit(text_[at_ + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text_[at_ + 2]) : -1;
    if (low < 0) fail("an unknown escape in a quoted name", "\\\", \\\\ or \\x and two digits");
    result += static_cast<char>(high * 16 + low);
    at_ += 3;
  }
}

std::int64_t TextCursor::integer() {
  begin_token();
  const std::size_t first = at_ < text_.size() && text_[at_] == '+' ? at_ + 1 : at_;
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text_.data() + first, text_.data() + text_.size(), value);
  if (error == std::errc::result_out_of_range) fail(shown(), "a whole number of 64 bits");
  if (error != std::errc{} || (first > at_ && text_[first] == '-')) fail(shown(), "a whole number");
  at_ = static_cast<std::size_t>(end - text_.data());
  return value;
}

std::uint64_t TextCursor::natural(std::uint64_t limit) {
  begin_token();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
  if (error != std::errc{} || value > limit) {
    fail(shown(), fmt::format("a whole number in 0..{}", limit));
  }
  at_ = static_cast<std::size_t>(end - text_.data());
  return value;
}

std::uint64_t TextCursor::hexadecimal() {
  constexpr std::string_view kExpected = "a number such as 0x1f, of at most 64 bits";
  if (!accept("0x")) fail(shown(), kExpected);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text_.data() + at_, text_.data() + text_.size(), value, 16);
  if (error != std::errc{}) fail(shown(), kExpected);
  at_ = static_cast<std::size_t>(end - text_.data());
  return value;
}

double TextCursor::number() {
  begin_token();
  double value = 0;
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
  if (error != std::errc{} || value != value) fail(shown(), "a number that a double can hold");
  at_ = static_cast<std::size_t>(end - text_.data());
  return value;
}

std::string TextCursor::shown() const {
  std::size_t end = token_;
  while (end < text_.size() && end < token_ + kLongestShown && is_bare(text_[end])) ++end;
  if (end == token_) {
    if (end == text_.size()) return "the end of the text";
    const char c = text_[end];
    if (c == '\n' || c == '#') return "the end of the line";
    if (!is_printable(c)) {
      return fmt::format("byte 0x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    ++end;
  }
  return fmt::format("'{}'", text_.substr(token_, end - token_));
}

void TextCursor::fail(std::string_view found, std::string_view expected) const {
  const std::string_view before = text_.substr(0, token_);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  bad_input(fmt::format("{}:{}:{}", where_, line, token_ - line_start + 1), found, expected);
}

void TextCursor::fail_name(std::string_view name, std::string_view expected,
                           const std::vector<std::string>& known) const {
  const std::string_view cut = name.substr(0, kLongestShown);
  fail(quoted_name(cut).starts_with('"') ? quoted_name(cut) : fmt::format("'{}'", cut),
       fmt::format("{}{}", expected, did_you_mean(name, known)));
}

std::string quoted_name(std::string_view name) {
  if (!name.empty() && std::all_of(name.begin(), name.end(), is_bare)) return std::string(name);
  std::string result = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (is_printable(c)) {
      result += c;
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return result + '"';
}

std::string shortest(double value) {
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  static_cast<void>(error);  // 32 bytes hold every shortest double
  return {buffer.data(), end};
}

}  // namespace systole
