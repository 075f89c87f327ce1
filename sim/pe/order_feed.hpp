// SPDX-License-Identifier: Apache-2.0
// Counts the cycles of an order that brings something into the array every `interval` cycles, in
// the last cycle of each interval.
#pragma once

#include <cstdint>
#include <optional>

#include "isa/units.hpp"

namespace systole {

template <class Order>
class OrderFeed {
 public:
  bool active() const { return order_.has_value(); }
  const Order& order() const { return *order_; }
  void start(Order order, std::int64_t count) {
    order_ = std::move(order);
    count_ = count;
    item_ = 0;
    beat_ = 0;
  }
  // The item that enters in this cycle; nothing between.
  std::optional<std::int64_t> entering() const {
    if (!active() || beat_ + 1 < order_->interval) return std::nullopt;
    return item_;
  }
  bool last(std::int64_t item) const { return item + 1 == count_; }
  // The cycle ends; whether the last item entered in it.
  bool end_cycle() {
    if (!active() || ++beat_ < order_->interval) return false;
    beat_ = 0;
    if (++item_ < count_) return false;
    order_.reset();
    return true;
  }

 private:
  std::optional<Order> order_;
  std::int64_t count_ = 0;
  std::int64_t item_ = 0;
  Cycles beat_ = 0;
};

}  // namespace systole
