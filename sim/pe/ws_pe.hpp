// SPDX-License-Identifier: Apache-2.0
// One PE of a weight-stationary array.
//
//            partial, lines
//                  |
//   element, ->  [w, shadow w]  -> element, lines of a transposed load
//   lines          |
//            partial, lines
//
// In each cycle it swaps its weights where a swap token passes, adds its products to the partial
// sum that comes from above, and captures the line of weights that has arrived.
#pragma once

#include <string>

#include "sim/pe/wires.hpp"

namespace systole {

// Accumulators of one column, below the last row, without a register between.
class WsSink {
 public:
  WsSink() = default;
  WsSink(const WsSink&) = delete;
  WsSink& operator=(const WsSink&) = delete;
  virtual ~WsSink() = default;
  virtual void take(const Partial& partial, std::int64_t col) = 0;
};

class WsPe : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(WsPe);
  // `shadow`: weights are captured beside those at work. `sink`: the accumulators, in the last row;
  // null elsewhere.
  WsPe(const sc_core::sc_module_name& name, sc_core::sc_event& edge, std::int64_t col, bool shadow,
       WsSink* sink);

  sc_core::sc_in<Element> left{"left"};
  sc_core::sc_out<Element> right{"right"};
  sc_core::sc_in<Partial> above{"above"};
  sc_core::sc_out<Partial> below{"below"};
  sc_core::sc_in<Lines> lines_above{"lines_above"};  // of a weight load
  sc_core::sc_out<Lines> lines_below{"lines_below"};
  sc_core::sc_in<Lines> lines_left{"lines_left"};  // of a transposed one
  sc_core::sc_out<Lines> lines_right{"lines_right"};

  void trace(sc_core::sc_trace_file* file) const override;

 private:
  void work();  // the process: one cycle
  Partial sum() const;
  void pass_on(const sc_core::sc_in<Lines>& in, sc_core::sc_out<Lines>& out);

  const std::int64_t col_;
  const bool shadow_;
  WsSink* const sink_;
  Lanes weights_{};
  Lanes shadow_weights_{};
};

}  // namespace systole
