// SPDX-License-Identifier: Apache-2.0
#include "compiler/source_location.hpp"

#include <fmt/format.h>

#include "compiler/graph_lexer.hpp"
#include "compiler/graph_verifier.hpp"

namespace systole {
namespace {

constexpr std::size_t kLongestFile = 128;

// Up to the last colon, and what follows it.
std::size_t prefix_length(std::string_view location) {
  const std::size_t colon = location.rfind(':');
  return colon == std::string_view::npos ? 0 : colon + 1;
}

}  // namespace

std::string file_location(std::string_view file, std::size_t line) {
  const std::size_t slash = file.rfind('/');
  std::string_view name = slash == std::string_view::npos ? file : file.substr(slash + 1);
  if (!is_quotable(name) || name.empty() || name.size() > kLongestFile) name = "graph";
  return fmt::format("{}:{}", name, line);
}

std::string joined_location(std::string_view a, std::string_view b) {
  if (b.empty() || a == b) return std::string(a);
  if (a.empty()) return std::string(b);
  const std::size_t prefix = prefix_length(a);
  const bool same =
      prefix > 0 && prefix == prefix_length(b) && a.substr(0, prefix) == b.substr(0, prefix);
  std::string both(a);
  both += same ? "," : "; ";
  both += same ? b.substr(prefix) : b;
  return static_cast<std::int64_t>(both.size()) > kMaxNameLength ? std::string(a) : both;
}

void locate_imported(Graph& graph) {
  std::int64_t layers = 0;  // before the section
  for (Section& section : graph.sections) {
    for (Op& op : section.ops) {
      if (!op.location.empty()) continue;
      op.location = op.name;
      if (!section.repeated()) continue;
      op.location = layers == 0 ? fmt::format("layer *: {}", op.name)
                                : fmt::format("layer {} + *: {}", layers, op.name);
    }
    layers += section.repeat;
  }
}

}  // namespace systole
