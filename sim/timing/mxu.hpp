// SPDX-License-Identifier: Apache-2.0
// One systolic array with its weight registers. The array never stalls, only its feed does.
//
//   queue -> weight port -> shadow weights -+
//        \-> feed (one row per interval) -> array -> accumulators
//
// A weight load may run beside the feed. Shadow weights: a load starts when the weights loaded
// before have been swapped in, which is when their first matmul starts. Without shadow: when the
// last row has left the array.
#pragma once

#include "sim/timing/queued_unit.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

class Mxu : public QueuedUnit {
 public:
  Mxu(const sc_core::sc_module_name& name, const ChipSpec& chip, const Tables& tables,
      std::int16_t number, Semaphores& semaphores, const Vmem& vmem, const Probe& probe);

 private:
  enum class Work : std::uint8_t { kNone, kWeights, kMatmul };

  void prepare(const Issued& head) override;
  std::optional<Cycles> free_at() const override;
  void execute(const Issued& head, Cycles start) override;
  void account_idle(Cycles until) override;
  void account_hold(Cycles start) override;

  void prepare_weights(const Tile& src, Shape shape, std::int64_t lines, const Indices& indices);
  void prepare_matmul(const Matmul& matmul, const Indices& indices);
  void load_weights(const Issued& head, Cycles start);
  void multiply(const Issued& head, Cycles start);

  const MxuParams& params_;
  const Vmem& vmem_;

  // The prepared instruction.
  Work work_ = Work::kNone;
  Extents extents_;
  Cycles duration_ = 0;  // of the weight load, or of the feed
  Region operand_;       // weights or lhs
  DataType type_ = DataType::kInt8;

  Cycles feed_free_ = 0;      // the feed takes the next matmul
  Cycles weights_ready_ = 0;  // the last weight load is complete
  Cycles drained_ = 0;        // the last accumulator write of all matmuls is done
};

}  // namespace systole
