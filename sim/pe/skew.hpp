// SPDX-License-Identifier: Apache-2.0
// `depth` registers in a row: array row r gets its operands through r of them, column c through c.
#pragma once

#include <systemc>
#include <vector>

namespace systole {

template <class T>
class Skew : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Skew);
  Skew(const sc_core::sc_module_name& name, sc_core::sc_event& edge, std::size_t depth,
       sc_core::sc_signal<T>& out)
      : sc_module(name), registers_(depth), out_(out) {
    SC_METHOD(shift);
    sensitive << edge;
    dont_initialize();
  }

  // In this cycle; a skew of no registers is a wire.
  void drive(const T& value) {
    in_ = value;
    if (registers_.empty()) out_.write(in_);
  }

 private:
  void shift() {
    if (registers_.empty()) return;
    for (std::size_t k = registers_.size(); --k > 0;) registers_[k] = registers_[k - 1];
    registers_[0] = in_;
    out_.write(registers_.back());
  }

  std::vector<T> registers_;
  T in_{};
  sc_core::sc_signal<T>& out_;
};

}  // namespace systole
