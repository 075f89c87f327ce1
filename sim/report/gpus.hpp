// SPDX-License-Identifier: Apache-2.0
// GPUs to compare with: rated figures with their sources, one file each in workloads/gpus.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isa/data_type.hpp"

namespace systole {

struct Gpu {
  std::string name;   // "h100"
  std::string title;  // "NVIDIA H100 SXM5 80 GB"
  std::vector<std::string> aliases;
  double peak_bf16 = 0;  // dense FLOP/s; 0: the GPU does not take the type
  double peak_int8 = 0;  // dense OP/s
  double peak_fp8 = 0;   // dense FLOP/s, of e4m3 and e5m2 alike
  double bandwidth = 0;  // bytes per second
  double memory = 0;     // bytes
  double tdp = 0;        // W
  std::string basis;     // "data sheet", "published table" or "estimate"
  std::vector<std::string> peak_sources, bandwidth_sources, tdp_sources;  // one each at least
  std::string note;

  double peak(DataType type) const;
};

// All GPUs, sorted by name. Errors: kBadInput for a file that is not as described.
std::vector<Gpu> load_gpus();

// One GPU's JSON; `where` names it in messages.
Gpu parse_gpu(std::string_view json, std::string_view where);

// Looks a name or alias up, case-insensitively. Error kUsage with the nearest name.
const Gpu& find_gpu(const std::vector<Gpu>& gpus, std::string_view name);

// "h100,h20": each name looked up once, in this order. Errors: kUsage, also for an empty name or
// one that is given twice.
std::vector<Gpu> select_gpus(const std::vector<Gpu>& gpus, std::string_view list);

}  // namespace systole
