// SPDX-License-Identifier: Apache-2.0
// Who makes the arrays of a run that is stepped cycle by cycle. No SystemC in this header.
#pragma once

#include <functional>
#include <memory>

namespace systole {

class CycleArray;
struct ArraySite;  // sim/pe/cycle_mxu.hpp

// Makes the array of one MXU. Throws Error (kBadInput) where it has none for the site's chip.
using ArrayFactory = std::function<std::unique_ptr<CycleArray>(const ArraySite&)>;

// A SystemC module per PE, for any chip.
ArrayFactory pe_arrays();

}  // namespace systole
