// SPDX-License-Identifier: Apache-2.0
#include "isa/strict_yaml.hpp"

#include <random>

#include "catch.hpp"
#include "chip_fixture.hpp"

using namespace systole;
using testing::error_of;

namespace {
std::string error(const std::string& text) {
  return error_of([&] { parse_yaml(text, "f.yaml"); });
}
}  // namespace

TEST_CASE("maps keep their order, texts, places and comments") {
  const YamlNode root =
      parse_yaml("clock: 1 GHz  # a source\nmxu:\n  rows: 4\n  cols: '5' # b\n", "f.yaml");
  REQUIRE(root.children.size() == 2);
  CHECK(root.children[0].key == "clock");
  CHECK(root.children[0].text == "1 GHz");
  CHECK(root.children[0].text_place == "f.yaml:1:8");
  CHECK(root.children[0].comment == "a source");
  const YamlNode* mxu = root.find("mxu");
  REQUIRE(mxu != nullptr);
  CHECK(mxu->is_map);
  CHECK(mxu->find("rows")->place == "f.yaml:3:3");
  CHECK(mxu->find("rows")->comment.empty());
  CHECK(mxu->find("cols")->text == "5");
  CHECK(mxu->find("cols")->comment == "b");
  CHECK(mxu->find("lanes") == nullptr);
}

TEST_CASE("a # within a value starts no comment") {
  const YamlNode root = parse_yaml("a: x#y\nb: 'x # y'  # z\nc: \"q\\\" # y\"\n", "f.yaml");
  CHECK(root.find("a")->text == "x#y");
  CHECK(root.find("a")->comment.empty());
  CHECK(root.find("b")->text == "x # y");
  CHECK(root.find("b")->comment == "z");
  CHECK(root.find("c")->comment.empty());
}

TEST_CASE("values stay the text that was written") {
  const YamlNode root = parse_yaml("a: 010\nb: no\nc: 1e3\nd: 0x10\n", "f.yaml");
  CHECK(root.find("a")->text == "010");
  CHECK(root.find("b")->text == "no");
  CHECK(root.find("c")->text == "1e3");
  CHECK(root.find("d")->text == "0x10");
}

TEST_CASE("flow maps are maps") {
  const YamlNode root = parse_yaml("mxu: {rows: 4, cols: 8}  # s\n", "f.yaml");
  CHECK(root.find("mxu")->find("cols")->text == "8");
  CHECK(root.find("mxu")->find("cols")->comment == "s");
}

TEST_CASE("a duplicate key is an error that names both lines") {
  CHECK(error("a: 1\nb: 2\na: 3\n") ==
        "3 f.yaml:3:1: found duplicate key 'a'; expected each key once (first in line 1)");
  CHECK(error("m: {a: 1, a: 2}\n").find("f.yaml:1:11") != std::string::npos);
  CHECK(error("m: {a: 1}\nn: {a: 2}\n") == "no error");
}

TEST_CASE("a key without a value is an error at the key") {
  CHECK(error("a: 1\nb:\n") == "3 f.yaml:2:1: found no value for 'b'; expected a value");
  CHECK(error("b: ~\n").find("no value for 'b'") != std::string::npos);
  CHECK(error("b: null\n").find("no value for 'b'") != std::string::npos);
}

TEST_CASE("what is more than maps of values is refused") {
  CHECK(error("a: [1, 2]\n").find("f.yaml:1:4: found a list") != std::string::npos);
  CHECK(error("- 1\n").find("a list") != std::string::npos);
  CHECK(error("a: &x 1\n").find("anchor '&x'") != std::string::npos);
  CHECK(error("a: *x\n").find("3 f.yaml:1:4") == 0);
  CHECK(error("a: &x 1\nb: *x\n").find("anchor") != std::string::npos);
  CHECK(error("a: !!int 1\n").find("tag 'tag:yaml.org,2002:int'") != std::string::npos);
  CHECK(error("a: !x {b: 1}\n").find("tag") != std::string::npos);
  CHECK(error("? {a: 1}\n: 2\n").find("a map as a key") != std::string::npos);
  CHECK(error("a: 1\n---\nb: 2\n").find("a second document") != std::string::npos);
  CHECK(error("just text\n").find("a single value") != std::string::npos);
}

TEST_CASE("an empty text has no keys") {
  CHECK(error("") == "3 f.yaml: found no keys; expected a map of keys and values");
  CHECK(error("# only a comment\n").find("no keys") != std::string::npos);
  CHECK(error("---\n").find("no keys") != std::string::npos);
}

TEST_CASE("a value ends in its line") {
  for (const char* text :
       {"a: 'x\n", "a: \"x\ny\"\n", "a: x\n  y\n", "a: |\n  x\n", "a: >\n  x\n"}) {
    INFO(text);
    CHECK(error(text) ==
          "3 f.yaml:1:4: found text that does not end in its line; expected a value on one line");
  }
}

TEST_CASE("a byte order mark and carriage returns do not matter") {
  const YamlNode root = parse_yaml(
      "\xEF\xBB\xBF"
      "a: 1  # s\r\nb: 2\r\n",
      "f.yaml");
  CHECK(root.find("a")->comment == "s");
  CHECK(root.find("b")->text == "2");
}

TEST_CASE("text that is no YAML is refused with its place") {
  CHECK(error("a: 1\n b: 2\n").find("3 f.yaml:") == 0);
  CHECK(error("a: 1\nb: }\n").find("3 f.yaml:2:4: found text that is no YAML") == 0);
  CHECK(error("a: {b: 1\n").find("3 f.yaml:") == 0);
}

TEST_CASE("bytes that are no UTF-8 text are refused with their place") {
  CHECK(error("a: 1\nb: \x01\n") == "3 f.yaml:2:4: found byte 0x01; expected UTF-8 text");
  CHECK(error(std::string("a\0b", 3)).find("f.yaml:1:2: found byte 0x00") != std::string::npos);
  CHECK(error("a: \xff\n").find("byte 0xff") != std::string::npos);
  CHECK(error("a: \xc0\x80\n").find("byte 0xc0") != std::string::npos);      // overlong
  CHECK(error("a: \xed\xa0\x80\n").find("byte 0xed") != std::string::npos);  // surrogate
  CHECK(error("a: \xe2\x82").find("byte 0xe2") != std::string::npos);        // cut short
  CHECK(error("a: \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n") == "no error");
}

TEST_CASE("depth and size are bounded") {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "{a: ";
    return text + "1" + std::string(static_cast<std::size_t>(depth), '}');
  };
  CHECK(error(nested(8)) == "no error");
  CHECK(error(nested(9)).find("nested more than 8 deep") != std::string::npos);
  CHECK(error(std::string(50000, '{')).find("3 f.yaml") == 0);
  CHECK(error(std::string(50000, '[')).find("3 f.yaml") == 0);
  const auto size = static_cast<std::size_t>(kYamlLimit);
  CHECK(error("a: 1\n#" + std::string(size - 6, 'x')) == "no error");
  CHECK(error("a: 1\n#" + std::string(size - 5, 'x')).find("bytes") != std::string::npos);
  std::string keys;
  for (int i = 0; i < 5001; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  CHECK(error(keys).find("a very long file") != std::string::npos);
}

TEST_CASE("arbitrary bytes end in a tree or an error with status 3") {
  std::mt19937 random(7);
  const std::string alphabet = "a:b {}[]#&*!|>'\"%@`-?,\n\n  \t1~<=";
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    const std::size_t length = random() % 60;
    for (std::size_t i = 0; i < length; ++i) {
      text +=
          round % 2 == 0 ? alphabet[random() % alphabet.size()] : static_cast<char>(random() % 256);
    }
    const std::string result = error(text);
    INFO(text);
    CHECK((result == "no error" || result.rfind("3 f.yaml", 0) == 0));
  }
}
