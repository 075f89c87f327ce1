// SPDX-License-Identifier: Apache-2.0
// The edge between what a mapping takes and what it refuses.
#pragma once

#include "isa/error.hpp"
#include "isa/units.hpp"

// The least bytes for which `map` does not throw, at most `enough`.
template <class F>
systole::Bytes least(systole::Bytes enough, F&& map) {
  systole::Bytes refused = 0;
  while (enough - refused > 1) {
    const systole::Bytes middle = (refused + enough) / 2;
    try {
      map(middle);
      enough = middle;
    } catch (const systole::Error&) {
      refused = middle;
    }
  }
  return enough;
}
