// SPDX-License-Identifier: Apache-2.0
// The vector unit: streams blocks of lanes x sublanes elements through its ALUs, one instruction
// after the other; results are written vpu.latency later.
#pragma once

#include "sim/timing/in_flight_writes.hpp"
#include "sim/timing/queued_unit.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

class Vpu : public QueuedUnit {
 public:
  Vpu(const sc_core::sc_module_name& name, const CoreSite& site);

 private:
  void prepare(const Issued& head) override;
  std::optional<Cycles> free_at() const override;
  void execute(const Issued& head, Cycles start) override;

  void prepare_vector(const Vector& vector, const Indices& indices);

  const VpuParams& params_;
  const Vmem& vmem_;

  // The prepared instruction.
  const Vector* vector_ = nullptr;  // null: nothing to do
  std::int64_t elements_ = 0;
  Cycles work_cycles_ = 0;  // without operands wider than the VMEM port
  Cycles occupancy_ = 0;
  std::array<Region, 3> operands_;
  std::size_t operand_count_ = 0;
  Region result_;

  Cycles busy_until_ = 0;
  InFlightWrites in_flight_;
};

}  // namespace systole
