// SPDX-License-Identifier: Apache-2.0
// Graph texts, right and mangled.
#pragma once

#include <string>
#include <string_view>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

inline std::string canonical(std::string_view text) {
  return systole::print_graph(systole::parse_graph(text, "g.sgr"));
}

// The message for a text that must be refused as bad input.
inline std::string refusal(std::string_view text) {
  try {
    systole::parse_graph(text, "g.sgr");
  } catch (const systole::Error& e) {
    CHECK(e.code() == systole::ExitCode::kBadInput);
    return e.what();
  }
  return "accepted";
}

// Wherever the text ends before `end`, it is refused.
inline void check_truncated(std::string_view text, std::size_t end) {
  for (std::size_t length = 0; length < end; ++length) {
    INFO(length);
    CHECK_THAT(refusal(text.substr(0, length)), systole::starts_with("g.sgr"));
  }
}

// A byte changed anywhere gives a graph, which prints as itself, or a refusal.
inline void check_changed_bytes(std::string_view text) {
  constexpr std::string_view kBytes =
      "%{}[](),:=->\"#0x\n\0\xFF"
      "e9";
  int refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char byte : kBytes) {
      std::string changed(text);
      changed[at] = byte;
      try {
        const std::string printed = canonical(changed);
        CHECK(canonical(printed) == printed);
      } catch (const systole::Error& e) {
        CHECK(e.code() == systole::ExitCode::kBadInput);
        ++refused;
      }
    }
  }
  CHECK(refused > 1000);
}
