// SPDX-License-Identifier: Apache-2.0
// From a case whose values are wrong to the smallest one that is found in which they still are.
#pragma once

#include <functional>

#include "sim/values/value_case.hpp"

namespace systole {

// Whether a case still shows what is looked for. It is asked about verified graphs only.
using StillWrongCase = std::function<bool(const ValueCase&)>;

// Drops outputs and ops (what an op computed becomes an input), takes sections apart, shrinks
// dimensions, takes attributes, views, scales and the chip's overrides back; until nothing of that
// keeps `wrong` true. Precondition: `wrong` is true of `found`.
ValueCase reduced(ValueCase found, const StillWrongCase& wrong);

}  // namespace systole
