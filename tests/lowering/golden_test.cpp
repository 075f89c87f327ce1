// SPDX-License-Identifier: Apache-2.0
// What each pass makes of a text: golden/<pass>/<rule>.sgr becomes golden/<pass>/<rule>.out, which
// SYSTOLE_UPDATE=1 rewrites. A line "# chip: NAME KEY=VALUE, ..." names the chip (else tiny-4x4).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/pass.hpp"
#include "isa/assembly.hpp"
#include "isa/files.hpp"

using namespace systole;

namespace {

const std::filesystem::path kGolden = std::filesystem::path(SYSTOLE_TEST_DATA) / "golden";

std::vector<std::filesystem::path> files(const std::filesystem::path& folder,
                                         const std::string& suffix) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == suffix) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Chip chip_of(const std::string& text) {
  const std::string mark = "# chip: ";
  const std::size_t at = text.find(mark);
  if (at == std::string::npos) return load_chip("tiny-4x4", {});
  std::istringstream line(text.substr(at + mark.size(), text.find('\n', at) - at - mark.size()));
  std::string name;
  std::string rest;
  line >> name;
  std::vector<std::string> overrides;
  while (std::getline(line >> std::ws, rest, ',')) overrides.push_back(rest);
  return load_chip(name, overrides);
}

// Of the named pass; those of its level that it needs run before it.
std::string after(const std::string& name, const std::string& text, const std::string& file) {
  const PassRow* pass = find_pass(passes(), name);
  REQUIRE(pass != nullptr);
  const Chip chip = chip_of(text);
  PassState state(parse_graph(text, file), &chip);
  for (const std::string_view before : pass->needs) run_pass(*find_pass(passes(), before), state);
  run_pass(*pass, state);
  if (pass->level == PassLevel::kGraph) verify_after(*pass, state);
  // Other parameters than those that lowering reads may change.
  state.program.chip_hash = 0;
  return pass->text(state);
}

void check_goldens(const std::string& pass, std::size_t least) {
  const auto inputs = files(kGolden / pass, ".sgr");
  CHECK(inputs.size() >= least);
  for (std::filesystem::path file : inputs) {
    INFO(file.string());
    const std::string text = after(pass, read_file(file), file.string());
    file.replace_extension(".out");
    if (std::getenv("SYSTOLE_UPDATE") != nullptr) write_file(file, text);
    CHECK(text == read_file(file));
    if (pass == "emit") {
      CHECK(print_program(parse_program(text, "out")) == text);
    } else if (find_pass(passes(), pass)->level == PassLevel::kGraph) {
      CHECK(print_graph(parse_graph(text, "out")) == text);
    }
  }
  CHECK(files(kGolden / pass, ".out").size() == inputs.size());
}

}  // namespace

TEST_CASE("decompose makes of each text what its golden says") { check_goldens("decompose", 9); }
TEST_CASE("fuse makes of each text what its golden says") { check_goldens("fuse", 17); }
TEST_CASE("orient makes of each text what its golden says") { check_goldens("orient", 6); }
TEST_CASE("reside makes of each text what its golden says") { check_goldens("reside", 4); }
TEST_CASE("tile makes of each text what its golden says") { check_goldens("tile", 8); }
TEST_CASE("place makes of each text what its golden says") { check_goldens("place", 5); }
TEST_CASE("emit makes of each text what its golden says") { check_goldens("emit", 7); }

TEST_CASE("each pass has goldens, and each folder of goldens a pass") {
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    folders.push_back(entry.path().filename().string());
  }
  for (const PassRow& pass : passes()) {
    if (pass.level == PassLevel::kImport) continue;
    CHECK(std::find(folders.begin(), folders.end(), pass.name) != folders.end());
  }
  CHECK(folders.size() == passes().size() - 1);
}
