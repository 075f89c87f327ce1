// SPDX-License-Identifier: Apache-2.0
#include "sim/report/trace_time.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "isa/mul_div.hpp"

namespace systole {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000'000;  // in picoseconds
constexpr std::int64_t kMicrosecond = 1'000'000;
constexpr std::int64_t kNanosecond = 1000;

std::int64_t nearest(std::int64_t ps) { return (ps + kNanosecond / 2) / kNanosecond; }

}  // namespace

std::int64_t TraceTime::exact(Cycles at) const { return mul_div(at, kSecond, clock_); }

std::int64_t TraceTime::ts(Cycles at) const {
  const std::int64_t ps = exact(at);
  const std::int64_t part = ps % kNanosecond;
  if (part == kNanosecond / 2) return ps - 1;
  if (part != 0) return ps;
  // 1.005 * 1000 is 1004.99... in floating point.
  const double product = static_cast<double>(ps) / static_cast<double>(kMicrosecond) * 1000.0;
  return static_cast<std::int64_t>(product) == ps / kNanosecond ? ps : ps + 1;
}

std::int64_t TraceTime::dur(Cycles begin, Cycles end) const {
  const std::int64_t from = ts(begin);
  const std::int64_t to = ts(end);
  const std::int64_t by_nearest = (nearest(to) - nearest(from)) * kNanosecond + kNanosecond / 2 - 1;
  const std::int64_t by_whole =
      (to / kNanosecond - from / kNanosecond) * kNanosecond + kNanosecond - 1;
  return std::min({exact(end - begin), by_nearest, by_whole});
}

void append_us(std::string& text, std::int64_t picoseconds) {
  const fmt::format_int whole(picoseconds / kMicrosecond);
  text.append(whole.data(), whole.size());
  std::int64_t part = picoseconds % kMicrosecond;
  if (part == 0) return;
  // The digits of 1,000,000 + part behind its 1, zeros in front included.
  std::size_t digits = 6;
  for (; part % 10 == 0; part /= 10) --digits;
  std::int64_t one = 1;
  for (std::size_t i = 0; i < digits; ++i) one *= 10;
  const fmt::format_int fraction(one + part);
  text += '.';
  text.append(fraction.data() + 1, digits);
}

}  // namespace systole
