// SPDX-License-Identifier: Apache-2.0
#include "sim/report/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "isa/error.hpp"

namespace systole {
namespace {

double rated_seconds(const Gpu& gpu, const SourceOp& op) {
  const double bytes = static_cast<double>(op.read_bytes) + static_cast<double>(op.write_bytes);
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

std::string source_text(const Gpu& gpu, const std::set<DataType>& types) {
  std::string peaks;
  for (const DataType type : types) {
    peaks += fmt::format("{}{} {:g} TFLOPS dense", peaks.empty() ? "" : ", ", name_of(type),
                         gpu.peak(type) / 1e12);
  }
  std::string text = fmt::format(
      "{}: roofline per op at 100 % of its rated figures ({}), energy = time x TDP; {}{}{:g} GB/s, "
      "{:g} W.",
      gpu.title, gpu.basis, peaks, peaks.empty() ? "" : ", ", gpu.bandwidth / 1e9, gpu.tdp);
  text += " Peak: " + gpu.peak_source + ".";
  const bool same = gpu.bandwidth_source == gpu.peak_source;
  text += " Bandwidth: " + (same ? "as the peak" : gpu.bandwidth_source) + ".";
  text += " TDP: " + (gpu.tdp_source == gpu.peak_source ? "as the peak" : gpu.tdp_source) + ".";
  if (!gpu.note.empty()) text += fmt::format(" Note: {}.", gpu.note);
  return text;
}

}  // namespace

BaselineResult rated_baseline(const Gpu& gpu, const std::vector<SourceOp>& ops) {
  double seconds = 0;
  std::set<DataType> types;
  for (const SourceOp& op : ops) {
    seconds += rated_seconds(gpu, op);
    if (op.macs > 0) types.insert(op.type);
  }
  return {gpu.name, "rated", seconds * 1e6, seconds * gpu.tdp, source_text(gpu, types)};
}

}  // namespace systole
