// SPDX-License-Identifier: Apache-2.0
// One unit of SystemC's time is one core cycle; nothing in the model converts.
#pragma once

#include <systemc>

#include "isa/units.hpp"

namespace systole {

inline Cycles now_cycles() { return static_cast<Cycles>(sc_core::sc_time_stamp().value()); }

inline sc_core::sc_time cycles_time(Cycles cycles) {
  return sc_core::sc_time::from_value(static_cast<sc_core::sc_time::value_type>(cycles));
}

// Notifies `event` at cycle `at`, in a later delta cycle where that is now.
inline void notify_at(sc_core::sc_event& event, Cycles at) {
  const Cycles now = now_cycles();
  event.notify(at > now ? cycles_time(at - now) : sc_core::SC_ZERO_TIME);
}

}  // namespace systole
