// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/array_laws.hpp"

#include <algorithm>

#include "isa/timing.hpp"

namespace systole {
namespace {

// Time of an MXU in which rows enter the array.
bool feeds(Reason reason) {
  switch (reason) {
    case Reason::kBusy:
    case Reason::kOperandPort: return true;
    case Reason::kSetup:
    case Reason::kHbm:
    case Reason::kLatency:
    case Reason::kWeightLoad:
    case Reason::kRefresh:
    case Reason::kTurnaround:
    case Reason::kBank:
    case Reason::kCmem:
    case Reason::kDrain:
    case Reason::kWait:
    case Reason::kNoInstruction:
    case Reason::kQueueFull:
    case Reason::kHalted: return false;
  }
  return false;
}

}  // namespace

void ArrayLaws::loaded(const WeightLoadWork& load) {
  at(load.unit).weights = {load.depth, load.cols, load.type, load.end};
}

void ArrayLaws::multiplied(const MatmulWork& matmul) {
  Array& array = at(matmul.unit);
  const Site site{matmul.unit, matmul.op, matmul.begin, {}};
  const Weights& weights = array.weights;
  const bool within =
      matmul.depth <= weights.depth && matmul.cols <= weights.cols && matmul.type == weights.type;
  ledger_.check(Law::kWeights, within ? 1 : 0, 1, site);
  ledger_.check(Law::kWeightsReady, matmul.begin - weights.ready, 0, site);
  const Cycles interval = feed_interval(matmul.depth * size_of(matmul.type), chip_.vmem.port_width);
  ledger_.check(Law::kArray, matmul.end - matmul.begin,
                matmul_cycles(matmul.rows, interval, chip_.mxu.rows, chip_.mxu.cols), site);
  array.fed += feed_cycles(matmul.rows, interval);
}

void ArrayLaws::multiplied(const MultiplyWork& multiply) {
  Array& array = at(multiply.unit);
  if (multiply.first) array.sums = {multiply.rows, multiply.cols};
  const std::int64_t macs = macs_per_pe(chip_.mxu, multiply.type);
  const Bytes step = std::min(macs, multiply.depth) * size_of(multiply.type);
  const Cycles interval =
      feed_interval(std::max(multiply.rows, multiply.cols) * step, chip_.vmem.port_width);
  const std::int64_t steps = stream_steps(multiply.depth, macs);
  ledger_.check(Law::kArray, multiply.end - multiply.begin,
                matmul_cycles(steps, interval, chip_.mxu.rows, chip_.mxu.cols),
                {multiply.unit, multiply.op, multiply.begin, {}});
  array.fed += feed_cycles(steps, interval);
}

void ArrayLaws::unloaded(const UnloadWork& unload) {
  Array& array = at(unload.unit);
  const Site site{unload.unit, unload.op, unload.begin, {}};
  const bool within = unload.rows <= array.sums.rows && unload.cols <= array.sums.cols;
  ledger_.check(Law::kSums, within ? 1 : 0, 1, site);
  ledger_.check(Law::kUnload, unload.end - unload.begin,
                unload_cycles(chip_.mxu.rows, chip_.mxu.cols), site);
  array.sums = {};
}

void ArrayLaws::settle(std::int32_t mxu, const UnitTimes& times) {
  Cycles busy = 0;
  for (const ReasonRow& row : kReasons) {
    if (feeds(row.value)) busy += times.cycles(mxu, row.value);
  }
  ledger_.check(Law::kFeed, busy, at(mxu).fed, {mxu, -1, -1, {}});
}

}  // namespace systole
