// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/lowering_options.hpp"

namespace systole {

CLI::App* add_opt(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand("opt", "run passes of the compiler on a graph");
  command->allow_extras();  // refused by parse_command_line, with the nearest known flag
  command->add_option("FILE", options.inputs, "graph (.sgr)")->expected(1);
  command->add_option("--passes", options.passes, "passes in their order: decompose,fuse")
      ->type_name("PASS[,PASS...]");
  command->add_flag("--verify-each", options.verify_each,
                    "verify the graph after each pass, not only after the last");
  command->add_flag("--locations", options.locations, "say where each op was written");
  command->add_flag("--list", options.list_passes, "print the passes instead");
  command->add_option("-o", options.output, "file instead of standard output")->type_name("FILE");
  return command;
}

void add_verify_values(CLI::App& app, Options& options, std::string& graphs, std::string& seed) {
  CLI::App* command = app.add_subcommand(
      "verify-values", "compare programs of random graphs with the graph evaluator");
  command->allow_extras();
  command->add_option("--graphs", graphs, "random graphs, each on a random chip (default 2000)");
  command->add_option("--seed", seed, "of the first graph (default 1)");
  command->add_flag("--json", options.json,
                    "print one JSON object, schema systole.verify-values/1");
}

}  // namespace systole
