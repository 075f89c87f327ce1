// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/cycle_run.hpp"

#include <optional>

#include "sim/pe/cycle_mxu.hpp"
#include "sim/pe/os_array.hpp"
#include "sim/pe/wave_file.hpp"
#include "sim/pe/ws_array.hpp"

namespace systole {
namespace {

std::unique_ptr<CycleArray> pe_array(const ArraySite& site) {
  const char* name = site.name.c_str();
  switch (site.chip.mxu.dataflow) {
    case Dataflow::kWeightStationary:
    case Dataflow::kInputStationary:
      return std::make_unique<WsArray>(name, site.chip, site.edge, site.accumulators,
                                       site.listener);
    case Dataflow::kOutputStationary: break;
  }
  return std::make_unique<OsArray>(name, site.chip, site.edge, site.accumulators, site.listener);
}

// Does what every instruction does as it starts, those of the MXUs apart, whose arrays do it.
class Values : public Effects {
 public:
  Values(const ChipSpec& chip, const Program& program, MemoryImage& hbm)
      : chip_(chip), tables_(program.tables), core_(chip, program.tables, hbm) {}

  FunctionalCore& core() { return core_; }
  void add(CycleMxu* mxu) { mxus_.push_back(mxu); }
  const std::vector<CycleMxu*>& mxus() const { return mxus_; }

  void started(const Instruction& instruction, const Indices& i) override {
    if (instruction.unit.kind == UnitKind::kMxu) return;
    core_.execute(instruction, i);
    for (const TileAccess& access : footprint(instruction, i, tables_)) {
      if (access.region.space != Space::kAcc || access.access == Access::kRead) continue;
      const Bytes row = acc_row_bytes(chip_.mxu);
      mxus_[static_cast<std::size_t>(access.region.unit)]->accumulators_changed(
          access.region.begin / row, access.region.rows);
    }
  }

 private:
  const ChipSpec& chip_;
  const Tables& tables_;
  FunctionalCore core_;
  std::vector<CycleMxu*> mxus_;  // by number
};

}  // namespace

ArrayFactory pe_arrays() { return pe_array; }

SimulationResult simulate_cycles(const ChipSpec& chip, const Program& program,
                                 const std::vector<Listener*>& listeners,
                                 const ArrayFactory& arrays, const CycleRun& run,
                                 MemoryImage& hbm) {
  Values values(chip, program, hbm);
  CoreParts parts;
  parts.effects = &values;
  parts.mxu = [&](const MxuSite& site) {
    auto mxu = std::make_unique<CycleMxu>(sc_core::sc_module_name{site.name.c_str()}, site, arrays,
                                          values.core());
    values.add(mxu.get());
    return mxu;
  };
  std::optional<WaveFile> waves;
  if (!run.waves.empty()) {
    parts.assembled = [&] {
      waves.emplace(run.waves);
      for (const CycleMxu* mxu : values.mxus()) mxu->array().trace(waves->file());
    };
  }
  SimulationResult result =
      simulate(chip, program, listeners,
               {.max_cycles = run.max_cycles, .memory = run.memory, .parts = &parts});
  if (waves) waves->finish();
  return result;
}

}  // namespace systole
