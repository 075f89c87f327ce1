// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph_lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "isa/error.hpp"

namespace systole {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}
bool is_quotable_char(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != '"' && c != '\\';
}
bool is_number(char c) { return is_word(c) || c == '+' || c == '-'; }

template <class Accept>
std::size_t run_length(std::string_view text, std::size_t from, Accept accept) {
  std::size_t end = from;
  while (end < text.size() && accept(text[end])) ++end;
  return end - from;
}

}  // namespace

bool is_quotable(std::string_view name) {
  return std::all_of(name.begin(), name.end(), is_quotable_char);
}

bool is_tensor_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_word);
}

std::string token_text(const GraphToken& token) {
  constexpr std::size_t kShown = 40;
  if (token.kind == GraphTokenKind::kEnd) return "the end of the file";
  std::string shown;
  for (const char c : token.text.substr(0, kShown)) {
    if (is_quotable_char(c) && static_cast<unsigned char>(c) < 0x80) {
      shown += c;
    } else {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (token.text.size() > kShown) shown += "...";
  return fmt::format("'{}{}'", token.kind == GraphTokenKind::kName ? "%" : "", shown);
}

GraphLexer::GraphLexer(std::string_view text, std::string_view where) : text_(text), where_(where) {
  advance();
}

GraphToken GraphLexer::take() {
  const GraphToken taken = token_;
  advance();
  return taken;
}

bool GraphLexer::accept(std::string_view text) {
  const bool literal =
      token_.kind == GraphTokenKind::kWord || token_.kind == GraphTokenKind::kSymbol;
  if (!literal || token_.text != text) return false;
  advance();
  return true;
}

void GraphLexer::expect(std::string_view text) {
  if (!accept(text)) fail(token_, fmt::format("'{}'", text));
}

GraphToken GraphLexer::expect(GraphTokenKind kind, std::string_view expected) {
  if (token_.kind != kind) fail(token_, expected);
  return take();
}

std::int64_t GraphLexer::integer(std::int64_t low, std::int64_t high, std::string_view what) {
  const GraphToken t = take();
  std::int64_t value = 0;
  const char* end = t.text.data() + t.text.size();
  const auto [stop, error] = std::from_chars(t.text.data(), end, value);
  if (t.kind != GraphTokenKind::kNumber || error != std::errc{} || stop != end || value < low ||
      value > high) {
    fail(t, low == high ? fmt::format("{}: {}", what, low)
                        : fmt::format("{}: a whole number from {} to {}", what, low, high));
  }
  return value;
}

double GraphLexer::real(std::string_view what) {
  const GraphToken t = take();
  double value = 0;
  const char* end = t.text.data() + t.text.size();
  const auto [stop, error] = std::from_chars(t.text.data(), end, value);
  if (t.kind != GraphTokenKind::kNumber || error != std::errc{} || stop != end ||
      !std::isfinite(value)) {
    fail(t, fmt::format("{}: a finite number", what));
  }
  return value;
}

void GraphLexer::fail(const GraphToken& at, std::string_view found,
                      std::string_view expected) const {
  bad_input(fmt::format("{}:{}:{}", where_, at.line, at.column), found, expected);
}

void GraphLexer::fail(const GraphToken& at, std::string_view expected) const {
  fail(at, token_text(at), expected);
}

void GraphLexer::skip(std::size_t count) {
  for (; count > 0; --count, ++position_) {
    if (text_[position_] == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
  }
}

void GraphLexer::advance() {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  for (;;) {
    skip(run_length(text_, position_, is_space));
    if (position_ == text_.size() || text_[position_] != '#') break;
    skip(run_length(text_, position_, [](char c) { return c != '\n'; }));
  }
  token_ = {GraphTokenKind::kEnd, {}, line_, column_};
  if (position_ == text_.size()) return;

  const char c = text_[position_];
  const char next = position_ + 1 < text_.size() ? text_[position_ + 1] : '\0';
  std::size_t length = 1;
  std::size_t marks = 0;  // characters around the token's text
  if (c == '%') {
    token_.kind = GraphTokenKind::kName;
    length = run_length(text_, position_ + 1, is_word);
    marks = 1;
  } else if (c == '"') {
    token_.kind = GraphTokenKind::kString;
    length = run_length(text_, position_ + 1, is_quotable_char);
    const std::size_t end = position_ + 1 + length;
    if (end == text_.size() || text_[end] != '"') fail(token_, "an open string", "a closing \"");
    marks = 1;
  } else if (is_digit(c) ||
             ((c == '-' || c == '+' || c == '.') && (is_digit(next) || next == '.'))) {
    token_.kind = GraphTokenKind::kNumber;
    length = run_length(text_, position_, is_number);
  } else if (is_word(c)) {
    token_.kind = GraphTokenKind::kWord;
    length = run_length(text_, position_, is_word);
  } else {
    token_.kind = GraphTokenKind::kSymbol;
    if (c == '-' && next == '>') length = 2;
  }
  token_.text = text_.substr(position_ + marks, length);
  skip(length + marks);
  if (token_.kind == GraphTokenKind::kString) skip(1);
  if (token_.kind == GraphTokenKind::kName && length == 0) fail(token_, "a tensor name after %");
}

}  // namespace systole
