// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/simulate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "isa/error.hpp"
#include "sim/timing/command_hbm.hpp"
#include "sim/timing/core.hpp"
#include "sim/timing/hbm.hpp"
#include "sim/timing/kernel_time.hpp"

namespace systole {
namespace {

constexpr Cycles kNoLimit = std::numeric_limits<Cycles>::max() / 4;

void require_first_run() {
  static bool ran = false;
  if (ran) throw std::logic_error("a second simulation in one process: SystemC elaborates once");
  ran = true;
}

[[noreturn]] void stopped_at_limit(Cycles max_cycles) {
  throw Error(ExitCode::kStopped,
              fmt::format("stopped at cycle {}: the limit of {} cycles was reached before the "
                          "program's end; expected it to halt",
                          max_cycles, max_cycles));
}

[[noreturn]] void stopped_in_deadlock(const Core& core, const Program& program,
                                      const std::vector<std::string>& names) {
  throw Error(ExitCode::kStopped,
              fmt::format("stopped at cycle {}: deadlock, nothing can start: {}", now_cycles(),
                          fmt::join(core.stuck(program, names), "; ")));
}

}  // namespace

SimulationResult simulate(const ChipSpec& chip, const Program& program,
                          const std::vector<Listener*>& listeners,
                          const SimulationOptions& options) {
  require_first_run();
  ::setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 1);
  const Cycles max_cycles = options.max_cycles;
  const Cycles limit = max_cycles > 0 ? max_cycles : kNoLimit;
  const Probe probe{listeners};
  SimulationResult result{0, unit_names(chip)};

  // 1. Elaborate.
  std::optional<Hbm> pages;
  std::optional<CommandHbm> commands;
  Memory& hbm = options.memory == MemoryModel::kCommand
                    ? static_cast<Memory&>(commands.emplace("hbm", chip, probe))
                    : pages.emplace("hbm", chip, probe);
  const CoreParts block_level;
  const CoreParts& parts = options.parts != nullptr ? *options.parts : block_level;
  Core core{"core0", chip, program, hbm, limit, probe, parts};

  if (parts.assembled) parts.assembled();

  // 2. Run until nothing is left to do, or beyond the limit (activity at the end of the time that
  //    sc_start() is given is held back).
  if (max_cycles > 0) {
    sc_core::sc_start(cycles_time(limit + 1), sc_core::SC_EXIT_ON_STARVATION);
  } else {
    sc_core::sc_start();
  }

  // 3. Tell why it stopped.
  const bool pending = sc_core::sc_pending_activity();
  if (!core.done()) {
    if (pending || core.end() > limit) stopped_at_limit(max_cycles);
    stopped_in_deadlock(core, program, result.units);
  }
  result.cycles = core.end();
  if (result.cycles > limit) stopped_at_limit(max_cycles);

  // 4. Account for every unit's time up to the end.
  core.finish();
  hbm.finish(result.cycles);
  if (commands) result.hbm_commands = commands->counts().named();
  return result;
}

}  // namespace systole

// libsystemc refers to it; simulate() starts the kernel itself.
int sc_main(int /*argc*/, char* /*argv*/[]) { return 1; }
