// SPDX-License-Identifier: Apache-2.0
// The README and the quick start, typed as they are.
#include "catch.hpp"
#include "cli/doc_blocks.hpp"

using namespace systole;

namespace {

// Blocks that install and build are what brought this test here.
bool is_setup(const DocBlock& block) { return block.text.find("scripts/") != std::string::npos; }

// Runs the page's commands from its top to its end; `shown` is called with each text block and the
// output of the commands before it.
template <class Shown>
void type_page(const std::string& page, int least, Shown&& shown) {
  const Scratch scratch;
  Outcome outcome;
  int typed = 0;
  for (const DocBlock& block : read_page(page).blocks) {
    INFO(page << ":" << block.line);
    if (block.language == "text") shown(block, outcome);
    if (block.language != "sh" || is_setup(block)) continue;
    outcome = run_block(block.text, scratch);
    INFO(block.text << outcome.err);
    CHECK(outcome.status == 0);
    ++typed;
  }
  CHECK(typed >= least);
}

}  // namespace

TEST_CASE("each command of the README works as typed, and prints what is shown") {
  type_page("README.md", 2, check_shown);
}

TEST_CASE("each command of the quick start works as typed, and prints what is shown") {
  type_page("docs/quickstart.md", 8, check_shown);
}

TEST_CASE("each command of the page on lowering works as typed") {
  type_page("docs/lowering.md", 3, check_shown);
}

TEST_CASE("commands stand in blocks of their own, so that all of them are tried") {
  for (const char* page :
       {"README.md", "docs/quickstart.md", "docs/walkthrough.md", "docs/lowering.md"}) {
    INFO(page);
    CHECK(read_page(page).prose.find("build/release/systole ") == std::string::npos);
  }
}

TEST_CASE("shown lines are compared one by one, and dots stand for any number of them") {
  const std::vector<std::string> printed{"a", "b", "c", "b", "d"};
  const std::vector<std::vector<std::string>> right{
      {"a", "b", "c", "b", "d"}, {"..."},           {"a", "...", "d"},
      {"...", "b", "d"},         {"a", "b", "..."}, {"a", "...", "b", "c", "b", "d", "..."}};
  const std::vector<std::vector<std::string>> wrong{
      {},           {"a", "b", "c", "b"},     {"b", "..."},
      {"...", "c"}, {"a", "...", "x", "..."}, {"...", "d", "...", "a"}};
  for (const auto& shown : right) CHECK(shows(shown, printed));
  for (const auto& shown : wrong) CHECK_FALSE(shows(shown, printed));
}

TEST_CASE("a shown line that is out of date is replaced by the printed one about the same") {
  const std::vector<std::string> printed{"time (of 2)", "  a  1", "  b  4", "", "  c  2", "  d  3"};
  CHECK(updated({"time (of 1)", "...", "  d  0", "  c  0"}, printed) ==
        "time (of 2)\n...\n\n  c  2\n  d  3\n");
  CHECK(updated({"time (of 1)"}, printed) == "time (of 2)\n  a  1\n  b  4\n\n  c  2\n  d  3\n");
}
