// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/os_array.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "sim/pe/arithmetic.hpp"

namespace systole {

OsArray::OsArray(const sc_core::sc_module_name& name, const ChipSpec& chip, sc_core::sc_event& edge,
                 Accumulators& accumulators, ArrayListener& listener)
    : sc_module(name),
      params_(chip.mxu),
      accumulators_(accumulators),
      listener_(listener),
      writes_(params_.cols),
      lhs_("lhs", static_cast<std::size_t>(params_.rows * (params_.cols + 1))),
      rhs_("rhs", static_cast<std::size_t>((params_.rows + 1) * params_.cols)),
      sums_("sum", static_cast<std::size_t>((params_.rows + 1) * params_.cols)) {
  connect(edge);
  SC_METHOD(end_cycle);
  sensitive << edge;
  dont_initialize();
  SC_METHOD(drive);
  sensitive << inputs_changed_;
  dont_initialize();
}

void OsArray::connect(sc_core::sc_event& edge) {
  const std::int64_t rows = params_.rows;
  const std::int64_t cols = params_.cols;
  const auto across = [&](std::int64_t r, std::int64_t c) {
    return static_cast<std::size_t>(r * (cols + 1) + c);
  };
  const auto down = [&](std::int64_t r, std::int64_t c) {
    return static_cast<std::size_t>(r * cols + c);
  };
  for (std::int64_t r = 0; r < rows; ++r) {
    lhs_skew_.push_back(std::make_unique<Skew<Element>>(fmt::format("lhs_skew_{}", r).c_str(), edge,
                                                        static_cast<std::size_t>(r),
                                                        lhs_[across(r, 0)]));
  }
  for (std::int64_t c = 0; c < cols; ++c) {
    rhs_skew_.push_back(std::make_unique<Skew<Element>>(fmt::format("rhs_skew_{}", c).c_str(), edge,
                                                        static_cast<std::size_t>(c),
                                                        rhs_[down(0, c)]));
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      const OsPe::Place place{r, c, r + 1 == rows, c + 1 == cols};
      auto pe = std::make_unique<OsPe>(fmt::format("pe_{}_{}", r, c).c_str(), edge, place, *this);
      pe->left(lhs_[across(r, c)]);
      pe->right(lhs_[across(r, c + 1)]);
      pe->rhs_above(rhs_[down(r, c)]);
      pe->rhs_below(rhs_[down(r + 1, c)]);
      pe->above(sums_[down(r, c)]);
      pe->below(sums_[down(r + 1, c)]);
      pes_.push_back(std::move(pe));
    }
  }
}

// Without a second register the sums have to be out.
bool OsArray::takes_feed() const {
  return !feed_.active() && (params_.shadow_weights || unloads_ == 0);
}
bool OsArray::takes_unload() const { return !feed_.active() && chain_ == 0; }

void OsArray::order(MultiplyOrder order) {
  const std::int64_t lanes = macs_per_pe(params_, order.type);
  const std::int64_t steps = ceil_div(order.depth, lanes);
  feed_.start(std::move(order), steps);
  ++multiplies_;
  inputs_changed_.notify(sc_core::SC_ZERO_TIME);
}

void OsArray::order(UnloadOrder order) {
  token_ = order;
  chain_ = params_.rows;
  ++unloads_;
  inputs_changed_.notify(sc_core::SC_ZERO_TIME);
}

void OsArray::order(WeightOrder /*order*/) {
  throw std::logic_error("a weight load for an output-stationary array");
}
void OsArray::order(MatmulOrder /*order*/) {
  throw std::logic_error("a matmul for an output-stationary array");
}

bool OsArray::idle() const {
  return !feed_.active() && unloads_ == 0 && multiplies_ == 0 && chain_ == 0 &&
         quiet_ > params_.rows + params_.cols;
}

void OsArray::end_cycle() {
  token_.reset();
  quiet_ = feed_.active() || unloads_ > 0 || multiplies_ > 0 ? 0 : quiet_ + 1;
  if (feed_.end_cycle()) listener_.fed();
  if (chain_ > 0 && --chain_ == 0) listener_.shifted();
  inputs_changed_.notify(sc_core::SC_ZERO_TIME);
}

void OsArray::drive() {
  for (std::size_t r = 0; r < lhs_skew_.size(); ++r) {
    lhs_skew_[r]->drive(lhs_element(static_cast<std::int64_t>(r)));
  }
  for (std::size_t c = 0; c < rhs_skew_.size(); ++c) {
    rhs_skew_[c]->drive(rhs_element(static_cast<std::int64_t>(c)));
  }
}

Element OsArray::lhs_element(std::int64_t r) const {
  Element element;
  if (token_) {
    element.unload = true;
    element.sums = token_->type;
    element.tag = {.acc_row = token_->acc_row,
                   .cols = token_->cols,
                   .rows = token_->rows,
                   .accumulate = token_->accumulate};
  }
  const std::optional<std::int64_t> step = feed_.entering();
  if (!step) return element;
  const MultiplyOrder& order = feed_.order();
  const std::int64_t lanes = macs_per_pe(params_, order.type);
  element.type = order.type;
  element.first = order.first && *step == 0;
  element.last = feed_.last(*step);
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    const std::int64_t k = *step * lanes + lane;
    if (k >= order.depth || r >= order.rows) break;
    element.valid |= 1U << lane;
    element.words[static_cast<std::size_t>(lane)] =
        order.lhs[static_cast<std::size_t>(r * order.depth + k)];
  }
  return element;
}

Element OsArray::rhs_element(std::int64_t c) const {
  Element element;
  const std::optional<std::int64_t> step = feed_.entering();
  if (!step) return element;
  const MultiplyOrder& order = feed_.order();
  const std::int64_t lanes = macs_per_pe(params_, order.type);
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    const std::int64_t k = *step * lanes + lane;
    if (k >= order.depth || c >= order.cols) break;
    element.valid |= 1U << lane;
    element.words[static_cast<std::size_t>(lane)] =
        order.rhs[static_cast<std::size_t>(k * order.cols + c)];
  }
  return element;
}

void OsArray::take(const Partial& sum, std::int64_t row, std::int64_t col) {
  const SumTag& tag = sum.tag;
  if (row < tag.rows && col < tag.cols) {
    std::uint32_t bits = sum.bits;
    const std::int64_t to = tag.acc_row + row;
    if (tag.accumulate) bits = plus(sum.type, accumulators_.read(to, col), bits);
    accumulators_.write(to, col, bits);
    writes_.note(to, col, bits);
  }
  if (row > 0 || col + 1 < params_.cols) return;
  --unloads_;
  listener_.unloaded();
}

void OsArray::last_product() {
  --multiplies_;
  listener_.multiplied();
}

void OsArray::trace(sc_core::sc_trace_file* file) const {
  for (const auto& pe : pes_) pe->trace(file);
  for (std::size_t k = 0; k < lhs_.size(); ++k) sc_core::sc_trace(file, lhs_[k], lhs_[k].name());
  for (std::size_t k = 0; k < rhs_.size(); ++k) sc_core::sc_trace(file, rhs_[k], rhs_[k].name());
  for (std::size_t k = 0; k < sums_.size(); ++k) {
    sc_core::sc_trace(file, sums_[k], sums_[k].name());
  }
  writes_.trace(file, name());
}

}  // namespace systole
