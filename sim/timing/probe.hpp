// SPDX-License-Identifier: Apache-2.0
// Where modules say what happened: hands each event to every listener that hears it.
#pragma once

#include <vector>

#include "sim/observe/events.hpp"

namespace systole {

class Probe {
 public:
  explicit Probe(const std::vector<Listener*>& listeners) {
    for (Listener* listener : listeners) {
      const Hears hears = listener->hears();
      if (hears.intervals) to_intervals_.push_back(listener);
      if (hears.actions) to_actions_.push_back(listener);
      if (hears.completions) to_completions_.push_back(listener);
      if (hears.work) to_work_.push_back(listener);
    }
  }

  void interval(const Interval& interval) const { send(interval, to_intervals_); }
  void action(ActionId id, std::int32_t op, std::int64_t count, Cycles begin, Cycles end) const {
    if (count > 0) send(Action{id, op, count, begin, end}, to_actions_);
  }
  void completion(const Completion& completion) const { send(completion, to_completions_); }
  template <class Work>
  void work(const Work& work) const {
    for (Listener* listener : to_work_) listener->work(work);
  }

 private:
  template <class Event>
  static void send(const Event& event, const std::vector<Listener*>& listeners) {
    for (Listener* listener : listeners) listener->on(event);
  }

  std::vector<Listener*> to_intervals_;
  std::vector<Listener*> to_actions_;
  std::vector<Listener*> to_completions_;
  std::vector<Listener*> to_work_;
};

}  // namespace systole
