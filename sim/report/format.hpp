// SPDX-License-Identifier: Apache-2.0
// Numbers for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace systole {

// 1234567 -> "1,234,567".
std::string grouped(std::int64_t number);

// Three significant digits and a decimal prefix from p to P: 0.00823 "s" -> "8.23 ms".
std::string with_prefix(double value, const std::string& unit);

// Three significant digits, from 100 on a whole number: 542731.4 -> "542,731", 0.1337 -> "0.134".
std::string with_groups(double value);

// Binary prefix: 25165824 -> "24.0 MiB".
std::string bytes_text(double bytes);

// 0.5621 -> "56.2 %".
std::string percent(double share);

// Tenths of a percent of each part that add up to exactly 1000 (largest remainders are rounded
// up first); all 0 where the parts add up to 0. Precondition: no part is
// negative, and their sum is below 2^53.
std::vector<std::int64_t> tenths_of_percent(const std::vector<std::int64_t>& parts);

// Columns padded to their widest cell: the first to the left, numbers (all others but `left`) to
// the right. Rows end without blanks.
std::string table_text(const std::vector<std::vector<std::string>>& rows,
                       const std::vector<std::size_t>& left, const std::string& indent);

}  // namespace systole
