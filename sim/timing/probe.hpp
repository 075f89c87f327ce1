// SPDX-License-Identifier: Apache-2.0
// Where modules say what happened: hands each event to every listener.
#pragma once

#include <utility>
#include <vector>

#include "sim/observe/events.hpp"

namespace systole {

class Probe {
 public:
  explicit Probe(std::vector<Listener*> listeners) : listeners_(std::move(listeners)) {}

  void interval(const Interval& interval) const { send(interval); }
  void action(ActionId id, std::int32_t op, std::int64_t count) const {
    if (count > 0) send(Action{id, op, count});
  }
  void completion(const Completion& completion) const { send(completion); }

 private:
  template <class Event>
  void send(const Event& event) const {
    for (Listener* listener : listeners_) listener->on(event);
  }
  std::vector<Listener*> listeners_;
};

}  // namespace systole
