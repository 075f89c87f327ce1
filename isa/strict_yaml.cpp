// SPDX-License-Identifier: Apache-2.0
#include "isa/strict_yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "isa/error.hpp"

namespace systole {
namespace {

constexpr std::size_t kDeepest = 8;
constexpr int kMostNodes = 10000;

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// First column after the value that starts at `column`; npos where it does not end in this line.
std::size_t end_of_value(std::string_view line, std::size_t column, std::string_view value) {
  if (column >= line.size()) return std::string_view::npos;
  const char quote = line[column];
  if (quote != '\'' && quote != '"') {
    const bool whole = line.substr(column, value.size()) == value;
    return whole ? column + value.size() : std::string_view::npos;
  }
  for (std::size_t i = column + 1; i < line.size(); ++i) {
    if (quote == '"' && line[i] == '\\') {
      ++i;
    } else if (line[i] == quote) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

// yaml-cpp's event interface gives every key in order; its tree would drop the duplicates.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& where)
      : where_(where), lines_(split_lines(text)) {}

  YamlNode take() {
    if (!done_) bad_input(where_, "no keys", "a map of keys and values");
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (done_) bad_input(place(mark), "a second document", "one document");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    refuse(mark, fmt::format("anchor '&{}'", name.substr(0, kShown)));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "an alias");
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
    refuse(mark, "a list");
  }
  void OnSequenceEnd() override { throw std::logic_error("end of a list that was refused"); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    if (open_.empty()) bad_input(place(mark), "no keys", "a map of keys and values");
    if (!has_key_) bad_input(place(mark), "an empty key", "a name");
    bad_input(pending_.place, fmt::format("no value for '{}'", pending_.key), "a value");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    check_tag(mark, tag);
    count(mark);
    if (open_.empty()) bad_input(place(mark), "a single value", "a map of keys and values");
    const std::size_t end = check_end(mark, value);
    if (!has_key_) return take_key(mark, value);
    pending_.text = value;
    pending_.text_place = place(mark);
    pending_.comment = comment_after(line_of(mark), end);
    open_.back().children.push_back(std::exchange(pending_, {}));
    has_key_ = false;
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    check_tag(mark, tag);
    count(mark);
    if (!open_.empty() && !has_key_) bad_input(place(mark), "a map as a key", "a name");
    if (open_.size() == kDeepest) {
      bad_input(place(mark), fmt::format("maps nested more than {} deep", kDeepest),
                "fewer levels");
    }
    YamlNode node = std::exchange(pending_, {});
    node.is_map = true;
    node.text_place = place(mark);
    open_.push_back(std::move(node));
    has_key_ = false;
  }

  void OnMapEnd() override {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    if (open_.empty()) {
      root_ = std::move(node);
      done_ = true;
    } else {
      open_.back().children.push_back(std::move(node));
    }
  }

 private:
  static constexpr std::size_t kShown = 40;

  std::string place(const YAML::Mark& mark) const {
    return fmt::format("{}:{}:{}", where_, mark.line + 1, mark.column + 1);
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what) const {
    bad_input(place(mark), what, "nested maps of plain values");
  }

  // yaml-cpp reports "?" for what has no tag and "!" for quoted text.
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") {
      refuse(mark, fmt::format("tag '{}'", tag.substr(0, kShown)));
    }
  }

  void count(const YAML::Mark& mark) {
    if (++nodes_ > kMostNodes) bad_input(place(mark), "a very long file", "fewer keys");
  }

  void take_key(const YAML::Mark& mark, const std::string& value) {
    if (const YamlNode* const first = open_.back().find(value)) {
      bad_input(place(mark), fmt::format("duplicate key '{}'", value.substr(0, kShown)),
                fmt::format("each key once (first in line {})", first->line));
    }
    pending_ = {};
    pending_.key = value;
    pending_.place = place(mark);
    pending_.line = mark.line + 1;
    has_key_ = true;
  }

  std::string_view line_of(const YAML::Mark& mark) const {
    const auto number = static_cast<std::size_t>(mark.line);
    return mark.line >= 0 && number < lines_.size() ? lines_[number] : std::string_view{};
  }

  // yaml-cpp takes a quote that is never closed, and folds lines: here a value is within its line.
  std::size_t check_end(const YAML::Mark& mark, const std::string& value) const {
    const std::size_t end =
        end_of_value(line_of(mark), static_cast<std::size_t>(mark.column), value);
    if (end == std::string_view::npos) {
      bad_input(place(mark), "text that does not end in its line", "a value on one line");
    }
    return end;
  }

  static std::string comment_after(std::string_view line, std::size_t end) {
    for (std::size_t i = end; i < line.size(); ++i) {
      const bool after_blank = i > 0 && (line[i - 1] == ' ' || line[i - 1] == '\t');
      if (line[i] == '#' && after_blank) return std::string(trim(line.substr(i + 1)));
    }
    return {};
  }

  std::string where_;
  std::vector<std::string_view> lines_;
  std::vector<YamlNode> open_;
  YamlNode pending_;  // has a key and waits for its value
  YamlNode root_;
  int nodes_ = 0;
  bool has_key_ = false;
  bool done_ = false;
};

// Bytes of the UTF-8 character at the start of `text`; 0 where there is none (RFC 3629, section 4).
std::size_t character_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return at(i) >= low && at(i) <= high;
  };
  const auto tail = [&](std::size_t i) { return within(i, 0x80, 0xBF); };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// UTF-8 without control characters: yaml-cpp and JSON output are not to meet anything else.
void check_characters(std::string_view text, const std::string& where) {
  int line = 1;
  int column = 1;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    const std::size_t length = character_length(text.substr(i));
    if (length == 0 || (control && c != '\n' && c != '\r' && c != '\t')) {
      bad_input(fmt::format("{}:{}:{}", where, line, column),
                fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c)), "UTF-8 text");
    }
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n' ? 1 : 0;
    i += length;
  }
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view name) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const YamlNode& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

YamlNode parse_yaml(std::string_view text, const std::string& where) {
  if (text.size() > static_cast<std::size_t>(kYamlLimit)) {
    bad_input(where, fmt::format("{} bytes", text.size()),
              fmt::format("at most {} bytes", kYamlLimit));
  }
  check_characters(text, where);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Builder builder(text, where);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) continue;
    return builder.take();
  } catch (const YAML::Exception& error) {
    bad_input(fmt::format("{}:{}:{}", where, error.mark.line + 1, error.mark.column + 1),
              fmt::format("text that is no YAML ({})", error.msg), "a map of keys and values");
  }
}

}  // namespace systole
