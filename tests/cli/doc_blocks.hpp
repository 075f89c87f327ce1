// SPDX-License-Identifier: Apache-2.0
// The fenced blocks of a page of documentation: commands that a reader types (sh) and what they
// print (text).
#pragma once

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "cli/run_program.hpp"

namespace systole {

struct DocBlock {
  std::string language;  // what follows the opening fence
  int line = 0;          // of the opening fence
  std::string text;
};

struct DocPage {
  std::vector<DocBlock> blocks;
  std::string prose;  // all lines outside of blocks
};

inline DocPage read_page(const std::string& name) {
  const std::string fence = "```";
  DocPage page;
  bool inside = false;
  int number = 0;
  std::istringstream lines(file_bytes(std::string{SYSTOLE_SOURCE_ROOT "/"} + name));
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.compare(0, fence.size(), fence) == 0) {
      inside = !inside;
      if (inside) page.blocks.push_back({line.substr(fence.size()), number, ""});
    } else {
      (inside ? page.blocks.back().text : page.prose) += line + "\n";
    }
  }
  return page;
}

inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// Runs a block as one script in the root of the sources; it ends at the first command that fails.
// The program of this build stands in for build/release/systole, and `scratch` for out.
inline Outcome run_block(const std::string& text, const Scratch& scratch) {
  const std::string out = scratch.path.string() + "/";
  std::string script = replaced(text, "build/release/systole", SYSTOLE_PROGRAM);
  for (const std::string before : {" ", "=", "\""}) {
    script = replaced(script, before + "out/", before + out);
  }
  const std::string base =
      (std::filesystem::temp_directory_path() / ("systole-doc-" + std::to_string(::getpid())))
          .string();
  std::ofstream(base + ".sh") << "cd '" SYSTOLE_SOURCE_ROOT "'\n" << script;
  const std::string command =
      "bash -euo pipefail " + base + ".sh > " + base + ".out 2> " + base + ".err";
  const int status = std::system(command.c_str());  // NOLINT(cert-env33-c): the page's own commands
  Outcome outcome;
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = replaced(file_bytes(base + ".out"), out, "out/");
  outcome.err = replaced(file_bytes(base + ".err"), out, "out/");
  for (const char* suffix : {".sh", ".out", ".err"}) std::filesystem::remove(base + suffix);
  return outcome;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Are `shown` the lines of `printed`, where a line "..." stands for any lines, or none?
inline bool shows(const std::vector<std::string>& shown, const std::vector<std::string>& printed) {
  const std::string gap = "...";
  std::size_t line = 0, at = 0, last_gap = shown.size(), resume = 0;
  while (at < printed.size()) {
    if (line < shown.size() && shown[line] == gap) {
      last_gap = line++;
      resume = at;
    } else if (line < shown.size() && shown[line] == printed[at]) {
      ++line;
      ++at;
    } else if (last_gap < shown.size()) {  // the gap is longer by a line
      line = last_gap + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (line < shown.size() && shown[line] == gap) ++line;
  return line == shown.size();
}

// What a line of a report is about: its text up to the first figures.
inline std::string label_of(const std::string& line) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t end = std::min(line.find("  ", begin), line.find(" (of ", begin));
  return line.substr(begin, end == std::string::npos ? end : end - begin);
}

// The block as it should be: all that is printed, or, where it leaves lines out, the printed lines
// that are about what its lines are about.
inline std::string updated(const std::vector<std::string>& shown,
                           const std::vector<std::string>& printed) {
  std::set<std::string> kept{""};
  for (const std::string& line : shown) kept.insert(label_of(line));
  const bool whole = kept.count("...") == 0;
  std::string text;
  bool gap = false;
  for (const std::string& line : printed) {
    const bool keep = whole || kept.count(label_of(line)) > 0;
    if (keep) text += line + "\n";
    if (!keep && !gap) text += "...\n";
    gap = !keep;
  }
  return text;
}

// Fails where the page does not show what is printed, and prints what it should show. Not through
// Catch, which breaks long lines.
inline void check_shown(const DocBlock& block, const Outcome& outcome) {
  const std::vector<std::string> shown = lines_of(block.text);
  const std::vector<std::string> printed = lines_of(outcome.out);
  if (shows(shown, printed)) return;
  std::cerr << "line " << block.line << " and following should be:\n" << updated(shown, printed);
  FAIL_CHECK("line " << block.line << " and following are out of date");
}

}  // namespace systole
