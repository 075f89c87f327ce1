// SPDX-License-Identifier: Apache-2.0
#include "sim/report/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "isa/error.hpp"

namespace systole {
namespace {

double rated_seconds(const Gpu& gpu, const SourceOp& op) {
  // What stays in this chip's VMEM is moved by a GPU.
  const double bytes = static_cast<double>(op.read_bytes) + static_cast<double>(op.write_bytes) +
                       static_cast<double>(op.kept_bytes);
  const double memory = bytes / gpu.bandwidth;
  if (op.macs == 0) return memory;
  const double peak = gpu.peak(op.type);
  if (peak == 0) {
    usage_error(fmt::format("op '{}' with MACs of type {} for GPU '{}'", op.name, name_of(op.type),
                            gpu.name),
                "a GPU with a rated peak for that type");
  }
  return std::max(2 * static_cast<double>(op.macs) / peak, memory);
}

// "NVIDIA H100 SXM5 80 GB, bf16 989.4 TFLOPS dense, 3352 GB/s, TDP 700 W (data sheet)".
std::string figures_text(const Gpu& gpu, const std::set<DataType>& types) {
  std::string peaks;
  for (const DataType type : types) {
    peaks += fmt::format("{} {:g} {} dense, ", name_of(type), gpu.peak(type) / 1e12,
                         row_of(type).integer ? "TOPS" : "TFLOPS");
  }
  return fmt::format("{}, {}{:g} GB/s, TDP {:g} W ({})", gpu.title, peaks, gpu.bandwidth / 1e9,
                     gpu.tdp, gpu.basis);
}

std::string source_text(const Gpu& gpu, const std::string& figures) {
  const auto from = [&](const std::vector<std::string>& sources) {
    return sources == gpu.peak_sources ? "as the peak"
                                       : fmt::format("{}", fmt::join(sources, "; "));
  };
  std::string text = fmt::format(
      "{}: roofline per op at 100 % of these figures, energy = time x TDP. Peak: {}. Bandwidth: "
      "{}. TDP: {}.",
      figures, fmt::join(gpu.peak_sources, "; "), from(gpu.bandwidth_sources),
      from(gpu.tdp_sources));
  if (!gpu.note.empty()) text += fmt::format(" Note: {}.", gpu.note);
  return text;
}

std::vector<std::string> distinct_sources(const Gpu& gpu) {
  std::vector<std::string> all;
  for (const auto* sources : {&gpu.peak_sources, &gpu.bandwidth_sources, &gpu.tdp_sources}) {
    for (const std::string& source : *sources) {
      if (std::find(all.begin(), all.end(), source) == all.end()) all.push_back(source);
    }
  }
  return all;
}

}  // namespace

BaselineResult rated_baseline(const Gpu& gpu, const std::vector<SourceOp>& ops) {
  double seconds = 0;
  std::set<DataType> types;
  for (const SourceOp& op : ops) {
    seconds += rated_seconds(gpu, op);
    if (op.macs > 0) types.insert(op.type);
  }
  BaselineResult result{gpu.name, "rated", seconds * 1e6, seconds * gpu.tdp, {}};
  result.figures = figures_text(gpu, types);
  result.source = source_text(gpu, result.figures);
  result.sources = distinct_sources(gpu);
  return result;
}

}  // namespace systole
