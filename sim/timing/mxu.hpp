// SPDX-License-Identifier: Apache-2.0
// One systolic array, at block level: every instruction's interval from the formulas of
// isa/timing.hpp. The array never stalls, only its feed does.
//
// Weight- and input-stationary:
//   queue -> weight port -> shadow weights -+
//        \-> feed (one row per interval) -> array -> accumulators
// A weight load may run beside the feed. Shadow weights: a load starts when the weights loaded
// before have been swapped in, which is when their first matmul starts. Without shadow: when the
// last row has left the array.
//
// Output-stationary:
//   queue -> feed (one step of lhs and rhs per interval) -> array -> shift chain -> accumulators
// An unload follows the last step. Shadow weights, here a second register per PE: the next multiply
// starts at once. Without: when the sums have left the array.
#pragma once

#include "sim/timing/mxu_work.hpp"
#include "sim/timing/queued_unit.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

class Mxu : public QueuedUnit {
 public:
  Mxu(const sc_core::sc_module_name& name, const CoreSite& site, std::int16_t number);

 private:
  void prepare(const Issued& head) override;
  std::optional<Cycles> free_at() const override;
  void execute(const Issued& head, Cycles start) override;
  void account_idle(Cycles until) override;
  void account_hold(Cycles start) override;

  void load_weights(const Issued& head, Cycles start);
  void feed(const Issued& head, Cycles start);
  void unload(const Issued& head, Cycles start);

  const MxuParams& params_;
  const Vmem& vmem_;

  MxuWork work_;  // of the prepared instruction

  Cycles feed_free_ = 0;      // the feed takes the next matmul or multiply
  Cycles weights_ready_ = 0;  // the last weight load is complete
  Cycles chain_free_ = 0;     // the shift chain takes the next unload
  Cycles unloaded_ = 0;       // the last unload's last accumulator write is done
  Cycles drained_ = 0;        // all that has entered the array has left it
};

}  // namespace systole
