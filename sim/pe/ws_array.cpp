// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/ws_array.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "sim/pe/arithmetic.hpp"

namespace systole {

WsArray::WsArray(const sc_core::sc_module_name& name, const ChipSpec& chip, sc_core::sc_event& edge,
                 Accumulators& accumulators, ArrayListener& listener)
    : sc_module(name),
      params_(chip.mxu),
      accumulators_(accumulators),
      listener_(listener),
      writes_(params_.cols),
      elements_("element", static_cast<std::size_t>(params_.rows * (params_.cols + 1))),
      partials_("partial", static_cast<std::size_t>((params_.rows + 1) * params_.cols)),
      lines_down_("line_down", static_cast<std::size_t>((params_.rows + 1) * params_.cols)),
      lines_right_("line_right", static_cast<std::size_t>(params_.rows * (params_.cols + 1))) {
  connect(edge);
  SC_METHOD(end_cycle);
  sensitive << edge;
  dont_initialize();
  SC_METHOD(drive);
  sensitive << inputs_changed_;
  dont_initialize();
}

void WsArray::connect(sc_core::sc_event& edge) {
  const std::int64_t rows = params_.rows;
  const std::int64_t cols = params_.cols;
  const auto right = [&](std::int64_t r, std::int64_t c) {
    return static_cast<std::size_t>(r * (cols + 1) + c);
  };
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto depth = static_cast<std::size_t>(r);
    element_skew_.push_back(std::make_unique<Skew<Element>>(
        fmt::format("element_skew_{}", r).c_str(), edge, depth, elements_[right(r, 0)]));
    right_skew_.push_back(std::make_unique<Skew<Lines>>(
        fmt::format("line_right_skew_{}", r).c_str(), edge, depth, lines_right_[right(r, 0)]));
  }
  for (std::int64_t c = 0; c < cols; ++c) {
    const auto depth = static_cast<std::size_t>(c);
    partial_skew_.push_back(std::make_unique<Skew<Partial>>(
        fmt::format("partial_skew_{}", c).c_str(), edge, depth, partials_[at(0, c)]));
    down_skew_.push_back(std::make_unique<Skew<Lines>>(fmt::format("line_down_skew_{}", c).c_str(),
                                                       edge, depth, lines_down_[at(0, c)]));
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      WsSink* const sink = r + 1 == rows ? this : nullptr;
      auto pe = std::make_unique<WsPe>(fmt::format("pe_{}_{}", r, c).c_str(), edge, c,
                                       params_.shadow_weights, sink);
      pe->left(elements_[right(r, c)]);
      pe->right(elements_[right(r, c + 1)]);
      pe->above(partials_[at(r, c)]);
      pe->below(partials_[at(r + 1, c)]);
      pe->lines_above(lines_down_[at(r, c)]);
      pe->lines_below(lines_down_[at(r + 1, c)]);
      pe->lines_left(lines_right_[right(r, c)]);
      pe->lines_right(lines_right_[right(r, c + 1)]);
      pes_.push_back(std::move(pe));
    }
  }
}

// Without shadow weights the array has to be empty.
bool WsArray::takes_weights() const {
  if (load_.active()) return false;
  return params_.shadow_weights || (!feed_.active() && in_array_ == 0);
}

void WsArray::order(WeightOrder order) {
  const std::int64_t lines = order.transposed ? params_.cols : params_.rows;
  load_.start(std::move(order), ceil_div(lines, params_.weight_rows_per_cycle));
  inputs_changed_.notify(sc_core::SC_ZERO_TIME);
}

void WsArray::order(MatmulOrder order) {
  const std::int64_t rows = order.rows;
  feed_.start(std::move(order), rows);
  swap_now_ = std::exchange(swap_pending_, false) && params_.shadow_weights;
  inputs_changed_.notify(sc_core::SC_ZERO_TIME);
}

void WsArray::order(MultiplyOrder /*order*/) {
  throw std::logic_error("a multiply for a weight-stationary array");
}
void WsArray::order(UnloadOrder /*order*/) {
  throw std::logic_error("an unload for a weight-stationary array");
}

bool WsArray::idle() const {
  return !load_.active() && !feed_.active() && in_array_ == 0 &&
         quiet_ > params_.rows + params_.cols;
}

void WsArray::end_cycle() {
  swap_now_ = false;
  if (feed_.entering()) ++in_array_;
  quiet_ = feed_.active() || load_.active() || in_array_ > 0 ? 0 : quiet_ + 1;
  if (feed_.end_cycle()) listener_.fed();
  if (load_.end_cycle()) {
    swap_pending_ = true;
    listener_.loaded();
  }
  inputs_changed_.notify(sc_core::SC_ZERO_TIME);
}

void WsArray::drive() {
  drive_feed();
  drive_lines();
}

void WsArray::drive_feed() {
  const std::optional<std::int64_t> entering = feed_.entering();
  Partial partial;
  if (entering) {
    const MatmulOrder& order = feed_.order();
    partial.valid = true;
    partial.type = order.type;
    partial.tag = {.acc_row = order.acc_row + *entering,
                   .cols = order.cols,
                   .accumulate = order.accumulate,
                   .last = feed_.last(*entering)};
  }
  for (const auto& skew : partial_skew_) skew->drive(partial);
  for (std::int64_t r = 0; r < params_.rows; ++r) {
    Element element;
    element.swap = swap_now_;
    if (entering) {
      const MatmulOrder& order = feed_.order();
      element.type = order.type;
      const std::int64_t lanes = macs_per_pe(params_, order.type);
      for (std::int64_t lane = 0; lane < lanes && r * lanes + lane < order.depth; ++lane) {
        element.valid |= 1U << lane;
        element.words[static_cast<std::size_t>(lane)] =
            order.lhs[static_cast<std::size_t>(*entering * order.depth + r * lanes + lane)];
      }
    }
    element_skew_[static_cast<std::size_t>(r)]->drive(element);
  }
}

void WsArray::drive_lines() {
  std::vector<Lines> down(down_skew_.size());
  std::vector<Lines> right(right_skew_.size());
  if (const std::optional<std::int64_t> group = load_.entering()) {
    const WeightOrder& order = load_.order();
    const std::int64_t buses = params_.weight_rows_per_cycle;
    std::vector<Lines>& parts = order.transposed ? right : down;
    const std::int64_t lines = order.transposed ? params_.cols : params_.rows;
    for (std::int64_t bus = 0; bus < buses; ++bus) {
      const std::int64_t line = lines - 1 - (*group * buses + bus);
      if (line < 0) break;
      for (std::size_t part = 0; part < parts.size(); ++part) {
        const auto across = static_cast<std::int64_t>(part);
        const Lanes words =
            order.transposed ? weights_of(order, across, line) : weights_of(order, line, across);
        parts[part].parts.push_back({line, words});
      }
    }
  }
  for (std::size_t c = 0; c < down.size(); ++c) down_skew_[c]->drive(down[c]);
  for (std::size_t r = 0; r < right.size(); ++r) right_skew_[r]->drive(right[r]);
}

// Of PE (r, c); zero outside of the tile.
Lanes WsArray::weights_of(const WeightOrder& order, std::int64_t r, std::int64_t c) const {
  Lanes words{};
  const std::int64_t lanes = macs_per_pe(params_, order.type);
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    const std::int64_t k = r * lanes + lane;
    if (k >= order.depth || c >= order.cols) break;
    words[static_cast<std::size_t>(lane)] =
        order.weights[static_cast<std::size_t>(k * order.cols + c)];
  }
  return words;
}

void WsArray::take(const Partial& partial, std::int64_t col) {
  if (!partial.valid) return;
  const SumTag& tag = partial.tag;
  if (col < tag.cols) {
    std::uint32_t sum = partial.bits;
    if (tag.accumulate) sum = plus(partial.type, accumulators_.read(tag.acc_row, col), sum);
    accumulators_.write(tag.acc_row, col, sum);
    writes_.note(tag.acc_row, col, sum);
  }
  if (col + 1 < params_.cols) return;
  --in_array_;
  if (tag.last) listener_.multiplied();
}

void WsArray::trace(sc_core::sc_trace_file* file) const {
  for (const auto& pe : pes_) pe->trace(file);
  for (std::size_t k = 0; k < elements_.size(); ++k) {
    sc_core::sc_trace(file, elements_[k], elements_[k].name());
  }
  for (std::size_t k = 0; k < partials_.size(); ++k) {
    sc_core::sc_trace(file, partials_[k], partials_[k].name());
  }
  writes_.trace(file, name());
}

}  // namespace systole
