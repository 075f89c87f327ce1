// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/vmem.hpp"

#include <stdexcept>

namespace systole {
namespace {

[[noreturn]] void not_local(Space space) {
  throw std::logic_error("a local memory access in space '" + std::string{name_of(space)} + "'");
}

ActionId read_action(Space space) {
  switch (space) {
    case Space::kVmem: return ActionId::kVmemReadBytes;
    case Space::kAcc: return ActionId::kAccReadBytes;
    case Space::kFifo: return ActionId::kFifoReadBytes;
    case Space::kCmem:
    case Space::kNone:
    case Space::kHbm: break;
  }
  not_local(space);
}

ActionId write_action(Space space) {
  switch (space) {
    case Space::kVmem: return ActionId::kVmemWriteBytes;
    case Space::kAcc: return ActionId::kAccWriteBytes;
    case Space::kFifo: return ActionId::kFifoWriteBytes;
    case Space::kCmem:
    case Space::kNone:
    case Space::kHbm: break;
  }
  not_local(space);
}

}  // namespace

Vmem::Vmem(const sc_core::sc_module_name& name, const ChipSpec& chip, const Probe& probe)
    : sc_module(name), params_(chip.vmem), probe_(probe) {}

void Vmem::read(const Region& region, std::int32_t op, Cycles begin, Cycles end) const {
  probe_.action(read_action(region.space), op, region.rows * region.row_bytes, begin, end);
}

void Vmem::write(const Region& region, std::int32_t op, Cycles begin, Cycles end) const {
  probe_.action(write_action(region.space), op, region.rows * region.row_bytes, begin, end);
}

}  // namespace systole
