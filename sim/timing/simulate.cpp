// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/simulate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

#include "isa/error.hpp"
#include "sim/timing/command_hbm.hpp"
#include "sim/timing/core.hpp"
#include "sim/timing/hbm.hpp"
#include "sim/timing/kernel_time.hpp"
#include "sim/timing/unit_index.hpp"

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

// A chip with as many of its cores as a program has streams.
class Machine {
 public:
  Machine(const ChipSpec& chip, const Program& program, const SimulationOptions& options,
          Cycles limit, const Probe& probe)
      : program_(program), semaphores_("semaphores", chip, program) {
    const auto cores = static_cast<std::int32_t>(program.streams.size());
    add_memories(chip, cores, options.memory, probe);
    for (std::int32_t c = 0; c < cores; ++c) {
      const auto at = static_cast<std::size_t>(c);
      Cmem* const cmem =
          cmems_.empty() ? nullptr : cmems_[static_cast<std::size_t>(cmem_of(chip, c))].get();
      const FarMemories far{*memories_[memories_.size() > 1 ? at : 0], cmem};
      const CoreParts& parts = options.parts != nullptr ? *options.parts : block_level_;
      cores_.push_back(std::make_unique<Core>(("core" + std::to_string(c)).c_str(), c, chip,
                                              program, far, semaphores_, limit, probe, parts));
    }
  }

  bool done() const {
    return std::all_of(cores_.begin(), cores_.end(), [](const auto& core) { return core->done(); });
  }
  Cycles end() const {
    Cycles end = 0;
    for (const auto& core : cores_) end = std::max(end, core->end());
    return end;
  }
  void finish(Cycles end) {
    for (const auto& core : cores_) core->finish(end);
    for (const auto& memory : memories_) memory->finish(end);
    for (const auto& cmem : cmems_) cmem->finish(end);
  }
  std::vector<std::string> stuck(const std::vector<std::string>& names) const {
    std::vector<std::string> all;
    for (const auto& core : cores_) {
      for (std::string& reason : core->stuck(program_, names)) all.push_back(std::move(reason));
    }
    return all;
  }
  // Of all memories at command level, by name.
  std::vector<std::pair<std::string, std::int64_t>> hbm_commands() const {
    std::vector<std::pair<std::string, std::int64_t>> sums;
    for (const CommandHbm* memory : command_level_) {
      const auto counts = memory->counts().named();
      if (sums.empty()) {
        sums = counts;
        continue;
      }
      for (std::size_t n = 0; n < counts.size(); ++n) sums[n].second += counts[n].second;
    }
    return sums;
  }

 private:
  void add_memories(const ChipSpec& chip, std::int32_t cores, MemoryModel model,
                    const Probe& probe) {
    const std::int64_t shares = hbm_shares(chip, cores);
    for (std::int64_t s = 0; s < shares; ++s) {
      const MemoryShare share{hbm_base(chip, s),
                              channel_index(chip, s * channels_per_core(chip), cores),
                              cores * chip.dma.engines};
      const std::string name = s == 0 ? "hbm" : "hbm" + std::to_string(s);
      if (model == MemoryModel::kCommand) {
        auto memory = std::make_unique<CommandHbm>(name.c_str(), chip, share, probe);
        command_level_.push_back(memory.get());
        memories_.push_back(std::move(memory));
      } else {
        memories_.push_back(std::make_unique<Hbm>(name.c_str(), chip, share, probe));
      }
    }
    for (std::int64_t c = 0; c < cmem_count(chip, cores); ++c) {
      cmems_.push_back(std::make_unique<Cmem>(("cmem" + std::to_string(c)).c_str(), chip,
                                              cmem_port_index(chip, c * chip.cmem.ports, cores),
                                              probe));
    }
  }

  const Program& program_;
  const CoreParts block_level_;
  Semaphores semaphores_;
  std::vector<std::unique_ptr<Memory>> memories_;  // one, or one of each core
  std::vector<const CommandHbm*> command_level_;   // of memories_
  std::vector<std::unique_ptr<Cmem>> cmems_;
  std::vector<std::unique_ptr<Core>> cores_;
};

[[noreturn]] void stopped_in_deadlock(const Machine& machine,
                                      const std::vector<std::string>& names) {
  throw Error(ExitCode::kStopped,
              fmt::format("stopped at cycle {}: deadlock, nothing can start: {}", now_cycles(),
                          fmt::join(machine.stuck(names), "; ")));
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
  SimulationResult result{0, unit_names(chip, std::ssize(program.streams))};

  // 1. Elaborate.
  Machine machine{chip, program, options, limit, probe};
  if (options.parts != nullptr && options.parts->assembled) options.parts->assembled();

  // 2. Run until nothing is left to do, or beyond the limit (activity at the end of the time that
  //    sc_start() is given is held back).
  if (max_cycles > 0) {
    sc_core::sc_start(cycles_time(limit + 1), sc_core::SC_EXIT_ON_STARVATION);
  } else {
    sc_core::sc_start();
  }

  // 3. Tell why it stopped.
  const bool pending = sc_core::sc_pending_activity();
  if (!machine.done()) {
    if (pending || machine.end() > limit) stopped_at_limit(max_cycles);
    stopped_in_deadlock(machine, result.units);
  }
  result.cycles = machine.end();
  if (result.cycles > limit) stopped_at_limit(max_cycles);

  // 4. Account for every unit's time up to the end.
  machine.finish(result.cycles);
  result.hbm_commands = machine.hbm_commands();
  return result;
}

}  // namespace systole

// libsystemc refers to it; simulate() starts the kernel itself.
int sc_main(int /*argc*/, char* /*argv*/[]) { return 1; }
