// SPDX-License-Identifier: Apache-2.0
// The result for people, in the order: how long, how busy, what bound it, where each unit's cycles
// went, bytes and joules, GPUs; then each op against its bound, the one that lost most first.
#pragma once

#include <string>

#include "sim/report/result.hpp"

namespace systole {

std::string report_text(const RunResult& result);

// One line per op, in program order, with a header line; RFC 4180.
std::string ops_csv(const RunResult& result);

}  // namespace systole
