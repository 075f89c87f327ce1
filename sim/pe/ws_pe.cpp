// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/ws_pe.hpp"

#include "sim/pe/arithmetic.hpp"

namespace systole {

WsPe::WsPe(const sc_core::sc_module_name& name, sc_core::sc_event& edge, std::int64_t col,
           bool shadow, WsSink* sink)
    : sc_module(name), col_(col), shadow_(shadow), sink_(sink) {
  SC_METHOD(work);
  sensitive << edge;
  dont_initialize();
}

void WsPe::work() {
  if (left.read().swap) weights_ = shadow_weights_;
  const Partial partial = sum();
  if (sink_ != nullptr) {
    sink_->take(partial, col_);
  } else {
    below.write(partial);
  }
  right.write(left.read());
  pass_on(lines_above, lines_below);
  pass_on(lines_left, lines_right);
}

// k upwards: lane after lane, and the rows above come before.
Partial WsPe::sum() const {
  Partial partial = above.read();
  const Element& element = left.read();
  for (std::size_t lane = 0; element.valid >> lane != 0; ++lane) {
    if ((element.valid >> lane & 1U) == 0) continue;
    partial.bits = plus_product(element.type, element.words[lane], weights_[lane], partial.bits);
  }
  return partial;
}

void WsPe::pass_on(const sc_core::sc_in<Lines>& in, sc_core::sc_out<Lines>& out) {
  Lines onwards;
  for (const LinePart& part : in.read().parts) {
    if (part.hops > 0) {
      onwards.parts.push_back({part.hops - 1, part.words});
    } else {
      (shadow_ ? shadow_weights_ : weights_) = part.words;
    }
  }
  out.write(onwards);
}

void WsPe::trace(sc_core::sc_trace_file* file) const {
  const std::string prefix = name();
  sc_core::sc_trace(file, weights_[0], prefix + ".weight");
  if (shadow_) sc_core::sc_trace(file, shadow_weights_[0], prefix + ".shadow_weight");
}

}  // namespace systole
