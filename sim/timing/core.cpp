// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/core.hpp"

#include <algorithm>
#include <utility>

#include "sim/timing/mxu.hpp"
#include "sim/timing/vpu.hpp"
#include "sim/timing/xlu.hpp"

namespace systole {

namespace {

template <class Unit, class... Arguments>
std::unique_ptr<QueuedUnit> make(const std::string& name, Arguments&&... arguments) {
  return std::make_unique<Unit>(sc_core::sc_module_name{name.c_str()},
                                std::forward<Arguments>(arguments)...);
}

std::unique_ptr<QueuedUnit> make_mxu(const MxuSite& site, const CoreParts& parts) {
  if (parts.mxu) return parts.mxu(site);
  return make<Mxu>(site.name, site, site.number);
}

}  // namespace

QueuedUnit* Core::add(std::unique_ptr<QueuedUnit> unit) {
  units_.push_back(std::move(unit));
  return units_.back().get();
}

Core::Core(const sc_core::sc_module_name& name, std::int32_t number, const ChipSpec& chip,
           const Program& program, FarMemories far, Semaphores& semaphores, Cycles limit,
           const Probe& probe, const CoreParts& parts)
    : sc_module(name),
      vmem_("vmem", chip, probe),
      site_{number, chip, program.tables, semaphores, vmem_, probe},
      sequencer_("sequencer", site_, program.streams.at(static_cast<std::size_t>(number)), queues_,
                 limit) {
  for (std::int16_t n = 0; n < chip.mxu.count; ++n) {
    const std::string mxu = name_of(UnitId{UnitKind::kMxu, n});
    queues_.mxu.push_back(add(make_mxu({site_, mxu, n}, parts)));
  }
  queues_.vpu.push_back(add(make<Vpu>("vpu", site_)));
  for (std::int16_t n = 0; n < chip.xlu.count; ++n) {
    queues_.xlu.push_back(add(make<Xlu>(name_of(UnitId{UnitKind::kXlu, n}), site_, n)));
  }
  for (std::int16_t n = 0; n < chip.dma.engines; ++n) {
    queues_.dma.push_back(add(make<DmaEngine>(name_of(UnitId{UnitKind::kDma, n}), site_, n, far)));
  }
  for (const auto& unit : units_) unit->attach(parts.effects);
}

bool Core::done() const {
  return sequencer_.halted() &&
         std::all_of(units_.begin(), units_.end(), [](const auto& unit) { return unit->idle(); });
}

Cycles Core::end() const {
  Cycles end = sequencer_.at();
  for (const auto& unit : units_) end = std::max(end, unit->last_completion());
  return end;
}

void Core::finish(Cycles end) {
  sequencer_.finish(end);
  for (const auto& unit : units_) unit->finish(end);
}

std::vector<std::string> Core::stuck(const Program& program,
                                     const std::vector<std::string>& unit_names) const {
  std::vector<std::string> reasons;
  for (const auto& unit : units_) {
    if (!unit->idle()) reasons.push_back(unit->stuck(program, unit_names));
  }
  std::string sequencer = sequencer_.stuck(unit_names);
  if (!sequencer.empty()) reasons.push_back(std::move(sequencer));
  return reasons;
}

}  // namespace systole
