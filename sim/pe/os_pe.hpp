// SPDX-License-Identifier: Apache-2.0
// One PE of an output-stationary array.
//
//               rhs, sums of the rows above
//                      |
//   lhs, tokens ->  [sum, held]  -> lhs, tokens
//                      |
//               rhs, sums
//
// It adds the products that meet in it to its sum. Where an unload token passes, it sends its sum
// down, and in the cycles after it, one per row above, what it held of the rows above.
#pragma once

#include <string>

#include "sim/pe/wires.hpp"

namespace systole {

// What hears of the array's last products and, below the last row, takes the sums.
class OsSink {
 public:
  OsSink() = default;
  OsSink(const OsSink&) = delete;
  OsSink& operator=(const OsSink&) = delete;
  virtual ~OsSink() = default;
  // Sum of array row `row`, by the unload's tag.
  virtual void take(const Partial& sum, std::int64_t row, std::int64_t col) = 0;
  virtual void last_product() = 0;
};

class OsPe : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(OsPe);
  struct Place {
    std::int64_t row = 0, col = 0;
    bool last_row = false, last_col = false;
  };
  OsPe(const sc_core::sc_module_name& name, sc_core::sc_event& edge, const Place& place,
       OsSink& sink);

  sc_core::sc_in<Element> left{"left"};
  sc_core::sc_out<Element> right{"right"};
  sc_core::sc_in<Element> rhs_above{"rhs_above"};
  sc_core::sc_out<Element> rhs_below{"rhs_below"};
  sc_core::sc_in<Partial> above{"above"};
  sc_core::sc_out<Partial> below{"below"};

  void trace(sc_core::sc_trace_file* file) const override;

 private:
  void work();  // the process: one cycle
  void unload(const Element& element);
  void multiply(const Element& a, const Element& b);

  const Place place_;
  OsSink& sink_;
  std::uint32_t sum_ = 0;
  Partial held_;           // of the row above
  std::int64_t sent_ = 0;  // sums of the unload under way
  bool unloading_ = false;
};

}  // namespace systole
