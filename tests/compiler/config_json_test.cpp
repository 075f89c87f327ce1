// SPDX-License-Identifier: Apache-2.0
#include "compiler/config_json.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

// The message, or nothing where the text is read.
std::string refusal(const std::string& text) {
  try {
    parse_config(text, "m.json");
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::kBadInput);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a truncated file is bad input, wherever it ends") {
  const std::string whole = R"({"n_embd": 8, "list": [1, {"a": null}], "s": "x\"y"})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_FALSE(refusal(whole.substr(0, length)).empty());
  }
  CHECK(refusal(whole).empty());
}

TEST_CASE("a malformed file is named with line and column, what was found and what was expected") {
  CHECK(refusal("{\n \"a\": 1,\n}") == "m.json:3:1: found '}'; expected string literal");
  CHECK(refusal("").rfind("m.json:1:1: found end of input; expected ", 0) == 0);
  CHECK(refusal("{\"a\": 1} x").rfind("m.json:1:10: found invalid literal", 0) == 0);
  CHECK(refusal("{\"a\":\n\"\xFF\"}").rfind("m.json:2:2: found invalid string", 0) == 0);
  CHECK_THAT(refusal("{\"a\": 1e999}"), contains("'1e999'"));
  for (const std::string& text : {std::string{"{\xFF"}, std::string{"{\"a\": 1e999}"},
                                  "{\"a\": \"" + std::string(100'000, 'x')}) {
    const std::string message = refusal(text);
    CHECK(message.find("json.exception") == std::string::npos);
    CHECK(message.size() < 300);
    for (const char c : message) REQUIRE((c >= ' ' && c <= '~'));
  }
}

TEST_CASE("a key may be given once in an object, and again in another") {
  CHECK(refusal(R"({"n": 2, "m": 1, "n": 2})") ==
        "m.json: key \"n\": found it twice; expected each key once");
  CHECK(refusal(R"({"more": [{"n": 2}, {"n": 2}], "n": 1})").empty());
  CHECK_FALSE(refusal(R"({"more": [{"n": 2}, {"n": 2, "n": 2}], "n": 1})").empty());
}

TEST_CASE("deep, large or foreign bytes are bad input") {
  const auto nested = [](std::size_t levels) {
    return "{\"a\":" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  CHECK(refusal(nested(30)).empty());
  CHECK_FALSE(refusal(nested(40)).empty());
  CHECK_FALSE(refusal(nested(30'000)).empty());
  CHECK_FALSE(refusal(std::string(500'000, '[')).empty());
  const std::string object = "{}";
  CHECK(refusal(object + std::string((1 << 20) - 2, ' ')).empty());
  CHECK_THAT(refusal(object + std::string((1 << 20) - 1, ' ')), contains("at most 1 MiB"));
  CHECK_THAT(refusal("[1, 2]"), contains("a JSON object"));
  CHECK_FALSE(refusal("\xFF\xFE{}").empty());
}

TEST_CASE("a value is shown short and in ASCII") {
  CHECK(shown("\xC3\xA9") == "\"\\u00e9\"");
  CHECK(shown(std::string(100, 'x')).size() == 63);
}
