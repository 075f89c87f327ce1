// SPDX-License-Identifier: Apache-2.0
// opt: passes of the compiler, one by one, on a graph as text.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "compiler/graph_text.hpp"
#include "compiler/pass.hpp"
#include "isa/files.hpp"
#include "isa/names.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/output.hpp"
#include "sim/cli/own_program.hpp"
#include "sim/cli/workload.hpp"

namespace systole {
namespace {

// The passes that `--passes` names, in an order that makes sense.
std::vector<const PassRow*> selected(const Options& options) {
  const PassTable& table = passes();
  const std::string given = fmt::format("--passes '{}'", options.passes);
  std::vector<std::string> known;
  for (const PassRow& pass : table) {
    if (pass.level != PassLevel::kImport) known.emplace_back(pass.name);
  }
  std::vector<const PassRow*> rows;
  std::istringstream names(options.passes);
  for (std::string name; std::getline(names, name, ',');) {
    const PassRow* row = find_pass(table, name);
    if (row == nullptr || row->level == PassLevel::kImport) {
      usage_error(fmt::format("{}: pass '{}'{}", given, name, did_you_mean(name, known)),
                  fmt::format("one or more of: {}", fmt::join(known, ", ")));
    }
    if (!rows.empty() && rows.back() >= row) {
      usage_error(fmt::format("{}: {} after {}", given, row->name, rows.back()->name),
                  fmt::format("each pass once, in the order {}", fmt::join(known, ", ")));
    }
    if (row->needs_chip && options.chip.empty()) {
      usage_error(fmt::format("{}: {} without --chip", given, row->name),
                  "the chip that it lowers for");
    }
    for (const std::string_view before : row->needs) {
      if (std::any_of(rows.begin(), rows.end(),
                      [&](const PassRow* other) { return other->name == before; })) {
        continue;
      }
      usage_error(fmt::format("{}: {} without {}", given, row->name, before),
                  fmt::format("{} before it", fmt::join(row->needs, " and ")));
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

ExitCode opt_command(const Options& options) {
  if (options.list_passes) {
    Options list = options;
    list.list = "passes";
    return list_command(list);
  }
  const std::vector<const PassRow*> rows = selected(options);
  probe_output(options.output);
  std::optional<Chip> chip;
  if (!options.chip.empty()) chip = load_chip(options.chip, options.overrides);
  const std::string& file = options.inputs.front();
  PassState state(parse_graph(read_file(file, kLargestText), file), chip ? &*chip : nullptr);
  for (const PassRow* row : rows) {
    run_pass(*row, state);
    const bool verified = options.verify_each || row == rows.back();
    if (verified && row->level == PassLevel::kGraph) verify_after(*row, state);
    check_after(*row, state);
  }
  if (!state.program.streams.empty()) verify_own_program(*chip, state.program, file);
  const bool graph = rows.back()->level == PassLevel::kGraph;
  write_output(options.output,
               graph ? print_graph(state.graph, options.locations) : rows.back()->text(state));
  return ExitCode::kDone;
}

}  // namespace systole
