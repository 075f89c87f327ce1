// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/commands.hpp"

#include "isa/assembly.hpp"
#include "isa/binary.hpp"
#include "isa/files.hpp"
#include "sim/cli/output.hpp"

namespace systole {

ExitCode asm_command(const Options& options) {
  const std::string& input = options.inputs.front();
  probe_output(options.output);
  const Program program = parse_program(read_file(input), input);
  write_output(options.output, encode_program(program));
  return ExitCode::kDone;
}

ExitCode disasm_command(const Options& options) {
  const std::string& input = options.inputs.front();
  probe_output(options.output);
  const Program program = decode_program(read_file(input), input);
  write_output(options.output, print_program(program));
  return ExitCode::kDone;
}

ExitCode run_systole(const std::vector<std::string>& arguments) {
  const Options options = parse_command_line(arguments);
  switch (options.command) {
    case CommandKind::kHelp: print_result(options.help); return ExitCode::kDone;
    case CommandKind::kRun: return run_command(options);
    case CommandKind::kCompile: return compile_command(options);
    case CommandKind::kAsm: return asm_command(options);
    case CommandKind::kDisasm: return disasm_command(options);
    case CommandKind::kCheck: return check_command(options);
    case CommandKind::kList: return list_command(options);
    case CommandKind::kVerifyTiming: return verify_timing_command(options);
    case CommandKind::kOpt: return opt_command(options);
    case CommandKind::kVerifyValues: return verify_values_command(options);
  }
  return ExitCode::kInternal;
}

}  // namespace systole
