// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_models.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.hpp"
#include "sim/rtl/rtl_array.hpp"

namespace systole {
namespace {

bool is_output_stationary(const MxuParams& mxu) {
  return mxu.dataflow == Dataflow::kOutputStationary;
}

std::int64_t most_macs(const MxuParams& mxu) {
  std::int64_t most = 0;
  for (const DataTypeRow& row : kDataTypes) most = std::max(most, macs_per_pe(mxu, row.value));
  return most;
}

// What a chip asks of a model, as the least model that fits it.
RtlModel asked(const MxuParams& mxu) {
  const bool output_stationary = is_output_stationary(mxu);
  const std::int64_t lines = std::max(mxu.rows, mxu.transposed_load ? mxu.cols : 0);
  return {.output_stationary = output_stationary,
          .rows = mxu.rows,
          .cols = mxu.cols,
          .macs = most_macs(mxu),
          .lines_per_cycle = output_stationary ? 0 : std::min(mxu.weight_rows_per_cycle, lines),
          .acc_depth = mxu.acc_depth};
}

bool fits(const RtlModel& model, const RtlModel& least) {
  return model.output_stationary == least.output_stationary && model.rows == least.rows &&
         model.cols == least.cols && model.macs >= least.macs &&
         model.lines_per_cycle >= least.lines_per_cycle && model.acc_depth >= least.acc_depth;
}

const RtlModel* find_model(const RtlModel& least) {
  for (const RtlModel& model : rtl_models()) {
    if (fits(model, least)) return &model;
  }
  return nullptr;
}

struct Refusal {
  std::string found, expected;
};

Refusal refusal(const RtlModel& least) {
  std::string built;
  for (const RtlModel& model : rtl_models()) {
    built += (built.empty() ? "at most one of: " : "; ") + describe(model);
  }
  return {fmt::format("no array in RTL for an MXU that is {}", describe(least)),
          built.empty() ? "a build with Verilator (scripts/setup test installs it)" : built};
}

}  // namespace

bool rtl_built() { return !rtl_models().empty(); }

std::string describe(const RtlModel& model) {
  const std::string lines = model.output_stationary
                                ? std::string{}
                                : fmt::format(", {} weight rows per cycle", model.lines_per_cycle);
  return fmt::format("{}-stationary {} x {}, {} MACs per PE{}, {} accumulator rows",
                     model.output_stationary ? "output" : "weight", model.rows, model.cols,
                     model.macs, lines, model.acc_depth);
}

std::string why_no_rtl(const ChipSpec& chip) {
  const RtlModel least = asked(chip.mxu);
  if (find_model(least) != nullptr) return {};
  const auto [found, expected] = refusal(least);
  return fmt::format("found {}; expected {}", found, expected);
}

const RtlModel& rtl_model_of(const ChipSpec& chip) {
  const RtlModel least = asked(chip.mxu);
  if (const RtlModel* model = find_model(least)) return *model;
  const auto [found, expected] = refusal(least);
  bad_input("chip " + chip.name, found, expected);
}

}  // namespace systole
