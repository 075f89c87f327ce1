// SPDX-License-Identifier: Apache-2.0
// Matchers on parts of strings, by one name in Catch2 2 and 3.
#pragma once

#include <string>

#include "catch.hpp"

namespace systole {

#if __has_include(<catch2/catch_all.hpp>)
inline auto contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
#else
inline auto contains(const std::string& part) { return Catch::Matchers::Contains(part); }
#endif

inline auto starts_with(const std::string& part) { return Catch::Matchers::StartsWith(part); }

}  // namespace systole
