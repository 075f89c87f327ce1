// SPDX-License-Identifier: Apache-2.0
// run --check, with or without --bisect, as a part of the result.
#pragma once

#include "compiler/pipeline.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/report/result.hpp"

namespace systole {

// Arguments as check_values() has them (sim/values/value_check.hpp). Where an output or a cache
// differs, and with `bisect` always, the values after each pass are compared as well.
CheckResult checked_values(const Graph& imported, const Compilation& compilation,
                           const MemoryImage& hbm, bool bisect);

}  // namespace systole
