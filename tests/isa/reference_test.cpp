// SPDX-License-Identifier: Apache-2.0
#include "isa/reference.hpp"

#include <cstdlib>

#include "catch.hpp"
#include "isa/assembly.hpp"
#include "isa/files.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

TEST_CASE("docs/isa.md is what the tables say") {
  const std::string path = SYSTOLE_SOURCE_ROOT "/docs/isa.md";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) write_file(path, isa_reference());
  CHECK(read_file(path) == isa_reference());
}

TEST_CASE("every instruction, field and vector operation is in the reference") {
  const std::string text = isa_reference();
  for_each_body([&]<class B>() {
    const std::size_t section = text.find("\n### " + std::string(B::kName) + "\n");
    REQUIRE(section != std::string::npos);
    for_each_field<B>([&](const auto& row) {
      CHECK(text.find("`" + std::string(row.name) + "`", section) <
            text.find("\n### ", section + 1));
    });
  });
  for (const VectorOpRow& row : kVectorOps) {
    CHECK(text.find("| `" + std::string(row.name) + "` | ") != std::string::npos);
  }
}

TEST_CASE("the example of the reference is a program that the verifier passes") {
  const std::string text = isa_reference();
  const std::size_t begin = text.find("    .systole 1\n");
  const std::size_t end = text.find("      halt\n", begin);
  REQUIRE(end != std::string::npos);
  const std::string example = text.substr(begin, end + 11 - begin);
  CHECK(finding(parse_program(example, "docs/isa.md")) == "");
}
