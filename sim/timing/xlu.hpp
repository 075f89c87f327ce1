// SPDX-License-Identifier: Apache-2.0
// The cross-lane unit: reduces and transposes blocks of lanes x sublanes elements, one instruction
// after the other; results are written xlu.latency later.
#pragma once

#include "sim/timing/in_flight_writes.hpp"
#include "sim/timing/queued_unit.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

class Xlu : public QueuedUnit {
 public:
  Xlu(const sc_core::sc_module_name& name, const CoreSite& site, std::int16_t number);

 private:
  void prepare(const Issued& head) override;
  std::optional<Cycles> free_at() const override;
  void execute(const Issued& head, Cycles start) override;

  void prepare_tiles(const Tile& src, const Tile& dst, Shape dst_shape, Cycles interval,
                     const Extents& extents, const Indices& indices);

  const XluParams& params_;
  const Vmem& vmem_;

  // The prepared instruction.
  std::int64_t elements_ = 0;  // 0: nothing to do
  Cycles work_cycles_ = 0;     // without operands wider than the VMEM port
  Cycles occupancy_ = 0;
  Region operand_;
  Region result_;

  Cycles busy_until_ = 0;
  InFlightWrites in_flight_;
};

}  // namespace systole
