// SPDX-License-Identifier: Apache-2.0
// The resources that can bind a run or an op, in one table.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace systole {

enum class Resource : std::uint8_t { kMxu, kVpu, kXlu, kHbm, kLatency };

struct ResourceRow {
  Resource value;
  std::string_view name;
  std::string_view demand;  // what it is that takes the cycles of its demand
};
inline constexpr std::array<ResourceRow, 5> kResources{{
    {Resource::kMxu, "mxu", "useful MACs at the peak of the cores in use"},
    {Resource::kVpu, "vpu", "vector instructions"},
    {Resource::kXlu, "xlu", "XLU instructions, spread over the XLUs,"},
    {Resource::kHbm, "hbm", "HBM bytes at the rate of a long stream"},
    {Resource::kLatency, "latency", "waiting"},
}};
constexpr std::string_view name_of(Resource resource) {
  return kResources[static_cast<std::size_t>(resource)].name;
}

// The demand of HBM where every command is simulated: a run may end before the first refresh.
inline constexpr std::string_view kHbmPinsDemand = "HBM bytes at the peak of the data pins";

// Below this share of the run's cycles the largest demand is no explanation: latency is.
inline constexpr double kBoundShare = 0.5;

// Cycles that each resource would need on its own.
struct Demand {
  double mxu = 0;
  double vpu = 0;
  double xlu = 0;
  double hbm = 0;

  double largest() const;
  Resource binding() const;  // the resource of largest(); kLatency where nothing is needed
};

// The kind of a unit by its name: "core0.mxu1" -> "mxu", "hbm.ch3" -> "hbm",
// "cmem.port0" -> "cmem".
std::string unit_kind(std::string_view unit);

}  // namespace systole
