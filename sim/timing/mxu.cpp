// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/mxu.hpp"

#include <algorithm>

#include "isa/timing.hpp"
#include "sim/timing/mxu_actions.hpp"

namespace systole {

using Kind = MxuWork::Kind;

Mxu::Mxu(const sc_core::sc_module_name& name, const CoreSite& site, std::int16_t number)
    : QueuedUnit(name, site, {UnitKind::kMxu, number}), params_(site.chip.mxu), vmem_(site.vmem) {}

void Mxu::prepare(const Issued& head) {
  work_ = mxu_work(chip_, *head.instruction, head.indices, tables_);
}

std::optional<Cycles> Mxu::free_at() const {
  switch (work_.kind) {
    case Kind::kNone: return 0;
    case Kind::kWeights:
      return params_.shadow_weights ? weights_ready_ : std::max(weights_ready_, drained_);
    case Kind::kMatmul: return std::max(feed_free_, weights_ready_);
    case Kind::kMultiply:
      return params_.shadow_weights ? feed_free_ : std::max(feed_free_, unloaded_);
    case Kind::kUnload: return std::max(feed_free_, chain_free_);
  }
  return 0;
}

void Mxu::execute(const Issued& head, Cycles start) {
  switch (work_.kind) {
    case Kind::kNone: complete(start, start); break;
    case Kind::kWeights: load_weights(head, start); break;
    case Kind::kMatmul:
    case Kind::kMultiply: feed(head, start); break;
    case Kind::kUnload: unload(head, start); break;
  }
}

void Mxu::load_weights(const Issued& head, Cycles start) {
  weights_ready_ =
      start + weight_load_cycles(work_.count, params_.weight_rows_per_cycle, work_.interval);
  tell_weight_load(probe_, vmem_, params_, work_, {timeline_.unit(), head.instruction->op},
                   {start, weights_ready_});
  complete(weights_ready_, weights_ready_, true);
}

void Mxu::feed(const Issued& head, Cycles start) {
  const std::int32_t op = head.instruction->op;
  feed_free_ = start + feed_cycles(work_.count, work_.interval);
  const Cycles last = feed_free_ + drain_cycles(params_.rows, params_.cols);
  drained_ = std::max(drained_, last);
  timeline_.spend(Reason::kBusy, start + work_.count, op);
  timeline_.spend(Reason::kOperandPort, feed_free_, op);
  tell_feed(probe_, vmem_, params_, work_, {timeline_.unit(), op}, {start, feed_free_}, last);
  complete(feed_free_, last);
}

void Mxu::unload(const Issued& head, Cycles start) {
  chain_free_ = start + params_.rows;
  unloaded_ = start + unload_cycles(params_.rows, params_.cols);
  drained_ = std::max(drained_, unloaded_);
  tell_unload(probe_, work_, {timeline_.unit(), head.instruction->op}, {start, unloaded_});
  complete(chain_free_, unloaded_, true);
}

void Mxu::account_idle(Cycles until) {
  timeline_.spend(Reason::kWeightLoad, std::min(until, weights_ready_), last_op_);
  timeline_.spend(Reason::kDrain, std::min(until, drained_), last_op_);
  timeline_.spend(Reason::kNoInstruction, until, -1);
}

void Mxu::account_hold(Cycles start) {
  timeline_.spend(Reason::kWeightLoad, std::min(start, weights_ready_), last_op_);
  timeline_.spend(Reason::kDrain, start, last_op_);
}

}  // namespace systole
