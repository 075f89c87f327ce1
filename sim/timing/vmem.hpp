// SPDX-License-Identifier: Apache-2.0
// The local memories of a core: VMEM, accumulators and weight FIFOs. Says how many bytes each
// access moves. Every unit has a port of its own, port_width bytes wide; conflicts in a bank are
// not modelled.
#pragma once

#include <systemc>

#include "isa/footprint.hpp"
#include "sim/timing/probe.hpp"

namespace systole {

class Vmem : public sc_core::sc_module {
 public:
  Vmem(const sc_core::sc_module_name& name, const ChipSpec& chip, const Probe& probe);

  Bytes port_width() const { return params_.port_width; }
  // Accesses that go on from `begin` to `end`.
  void read(const Region& region, std::int32_t op, Cycles begin, Cycles end) const;
  void write(const Region& region, std::int32_t op, Cycles begin, Cycles end) const;

 private:
  const VmemParams& params_;
  const Probe& probe_;
};

}  // namespace systole
