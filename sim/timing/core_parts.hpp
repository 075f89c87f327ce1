// SPDX-License-Identifier: Apache-2.0
// What a core is built from where that is a choice. By default every unit is the block-level one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sim/timing/queued_unit.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

// What the MXU number `number` of a core is constructed with.
struct MxuSite : CoreSite {
  std::string name;
  std::int16_t number = 0;
};

struct CoreParts {
  std::function<std::unique_ptr<QueuedUnit>(const MxuSite&)> mxu;  // empty: Mxu
  Effects* effects = nullptr;                                      // told of every start
  std::function<void()> assembled;  // called once, before time starts; empty: nothing
};

}  // namespace systole
