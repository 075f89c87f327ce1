// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/os_pe.hpp"

#include "sim/pe/arithmetic.hpp"

namespace systole {

OsPe::OsPe(const sc_core::sc_module_name& name, sc_core::sc_event& edge, const Place& place,
           OsSink& sink)
    : sc_module(name), place_(place), sink_(sink) {
  SC_METHOD(work);
  sensitive << edge;
  dont_initialize();
}

void OsPe::work() {
  const Element& a = left.read();
  const Element& b = rhs_above.read();
  unload(a);
  multiply(a, b);
  right.write(a);
  rhs_below.write(b);
}

// Row r sends r + 1 sums: its own as the token passes, then those of the rows above it, nearest
// first, each one cycle after it came in.
void OsPe::unload(const Element& element) {
  Partial sent;
  if (element.unload) {
    unloading_ = true;
    sent_ = 0;
    sent = {true, element.sums, sum_, element.tag};
  } else if (unloading_) {
    sent = held_;
  }
  held_ = above.read();
  below.write(sent);
  if (!unloading_) return;
  if (place_.last_row) sink_.take(sent, place_.row - sent_, place_.col);
  if (++sent_ > place_.row) unloading_ = false;
}

void OsPe::multiply(const Element& a, const Element& b) {
  if (a.first) sum_ = 0;
  for (std::size_t lane = 0; (a.valid & b.valid) >> lane != 0; ++lane) {
    if ((a.valid & b.valid) >> lane & 1U) {
      sum_ = plus_product(a.type, a.words[lane], b.words[lane], sum_);
    }
  }
  if (a.last && place_.last_row && place_.last_col) sink_.last_product();
}

void OsPe::trace(sc_core::sc_trace_file* file) const {
  const std::string prefix = name();
  sc_core::sc_trace(file, sum_, prefix + ".sum");
  sc_core::sc_trace(file, held_.bits, prefix + ".held");
}

}  // namespace systole
