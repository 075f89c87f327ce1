// SPDX-License-Identifier: Apache-2.0
// The version of the program; the same as the project's in CMakeLists.txt (tests compare them).
#pragma once

#include <string_view>

namespace systole {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace systole
