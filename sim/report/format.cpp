// SPDX-License-Identifier: Apache-2.0
#include "sim/report/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace systole {
namespace {

// Three significant digits from 1 to 1000, at least.
std::string three_digits(double value) {
  const double size = std::abs(value);
  if (size < 0.9995) return fmt::format("{:#.3g}", value);
  if (size >= 100) return fmt::format("{:.0f}", value);
  if (size >= 10) return fmt::format("{:.1f}", value);
  return fmt::format("{:.2f}", value);
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  const std::ptrdiff_t first = number < 0 ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string with_prefix(double value, const std::string& unit) {
  struct Prefix {
    double factor;
    const char* name;
  };
  constexpr std::array<Prefix, 10> kPrefixes{{{1e15, "P"},
                                              {1e12, "T"},
                                              {1e9, "G"},
                                              {1e6, "M"},
                                              {1e3, "k"},
                                              {1, ""},
                                              {1e-3, "m"},
                                              {1e-6, "u"},
                                              {1e-9, "n"},
                                              {1e-12, "p"}}};
  if (value == 0) return "0 " + unit;
  for (const Prefix& prefix : kPrefixes) {
    // What would round to 1000 of one prefix is 1 of the next.
    if (std::abs(value) >= 0.9995 * prefix.factor) {
      return fmt::format("{} {}{}", three_digits(value / prefix.factor), prefix.name, unit);
    }
  }
  return fmt::format("{} {}{}", three_digits(value / kPrefixes.back().factor),
                     kPrefixes.back().name, unit);
}

std::string with_groups(double value) {
  constexpr double kLargest = 1e15;  // whole numbers are exact up to here
  const double size = std::abs(value);
  if (size >= 99.95 && size < kLargest) return grouped(std::llround(value));
  return fmt::format("{:#.3g}", value);
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t step = 0;
  while (bytes >= 999.5 && step + 1 < kNames.size()) {
    bytes /= 1024;
    ++step;
  }
  return step == 0 ? fmt::format("{:.0f} B", bytes)
                   : fmt::format("{} {}", three_digits(bytes), kNames[step]);
}

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100); }

std::vector<std::int64_t> tenths_of_percent(const std::vector<std::int64_t>& parts) {
  constexpr std::int64_t kWhole = 1000;
  const std::int64_t sum = std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
  std::vector<std::int64_t> shares(parts.size(), 0);
  if (sum == 0) return shares;
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::int64_t given = 0;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    shares[k] = parts[k] * kWhole / sum;
    given += shares[k];
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return parts[a] * kWhole % sum > parts[b] * kWhole % sum;
  });
  for (std::size_t k = 0; given < kWhole; ++k, ++given) ++shares[order[k]];
  return shares;
}

std::string table_text(const std::vector<std::vector<std::string>>& rows,
                       const std::vector<std::size_t>& left, const std::string& indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = indent;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const bool to_left = c == 0 || std::find(left.begin(), left.end(), c) != left.end();
      const std::string padding(widths[c] - row[c].size(), ' ');
      if (c > 0) line += "  ";
      line += to_left ? row[c] + padding : padding + row[c];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace systole
