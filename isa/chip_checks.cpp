// SPDX-License-Identifier: Apache-2.0
#include "isa/chip_checks.hpp"

#include <fmt/format.h>

#include <cmath>

#include "isa/chip_parameters.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

using Origin = std::function<std::string(std::string_view)>;

// Share by which the given bandwidth may differ from the DRAM parameters' (data sheets round).
constexpr double kBandwidthTolerance = 0.01;

class Checker {
 public:
  Checker(const ChipSpec& chip, const Origin& origin) : chip_(chip), origin_(origin) {}

  // Where `holds` is false: the first of `keys` tells the place, all of them what was found.
  void rule(bool holds, std::initializer_list<std::string_view> keys,
            const std::string& expected) const {
    if (holds) return;
    std::string found;
    for (const std::string_view key : keys) {
      const ParameterRow& row = *find_parameter(key);
      found += fmt::format("{}{} {}", found.empty() ? "" : ", ", key,
                           print_parameter(row, row.get(chip_)));
      if (key != *keys.begin() && origin_(key) != origin_(*keys.begin())) {
        found += fmt::format(" ({})", origin_(key));
      }
    }
    bad_input(origin_(*keys.begin()), found, expected);
  }

 private:
  const ChipSpec& chip_;
  const Origin& origin_;
};

void check_mxu(const ChipSpec& chip, const Checker& check) {
  const MxuParams& mxu = chip.mxu;
  check.rule(mxu.macs_bf16 > 0 || mxu.macs_int8 > 0 || mxu.macs_fp8 > 0,
             {"mxu.macs_bf16", "mxu.macs_int8", "mxu.macs_fp8"},
             "at least one type that the MXU multiplies");
  // The smallest tiling that can be double-buffered: two lhs tiles of rows x rows, two tiles of
  // weights unless a FIFO holds them, two results, all in the native type.
  const DataType type = native_type(mxu);
  const std::int64_t depth = weight_tile_depth(mxu, type);
  const std::int64_t weights = mxu.weight_fifo > 0 ? 0 : depth * mxu.cols;
  const Bytes least = 2 * size_of(type) * (mxu.rows * depth + weights + mxu.rows * mxu.cols);
  check.rule(
      chip.vmem.size >= least, {"vmem.size", "mxu.rows", "mxu.cols"},
      fmt::format("at least {} of VMEM: two tiles each of lhs, weights and result in {}",
                  print_quantity(static_cast<double>(least), Measure::kBytes), name_of(type)));
  check.rule(chip.vmem.size % chip.vmem.banks == 0, {"vmem.size", "vmem.banks"},
             "a size that is a multiple of the number of banks");
}

void check_vector_units(const ChipSpec& chip, const Checker& check) {
  check.rule(chip.vpu.transcendental == (chip.vpu.transcendental_interval > 0),
             {"vpu.transcendental_interval", "vpu.transcendental"},
             "an interval of at least 1 cycle with a transcendental unit, and 0 cycles without");
  const bool has_xlu = chip.xlu.count > 0;
  check.rule(has_xlu == (chip.xlu.reduce_interval > 0), {"xlu.reduce_interval", "xlu.count"},
             "an interval of at least 1 cycle with an XLU, and 0 cycles without");
  check.rule(has_xlu == (chip.xlu.transpose_interval > 0), {"xlu.transpose_interval", "xlu.count"},
             "an interval of at least 1 cycle with an XLU, and 0 cycles without");
}

void check_cmem(const ChipSpec& chip, const Checker& check) {
  const CmemParams& cmem = chip.cmem;
  const bool has = cmem.size > 0;
  const std::string expected = "at least 1 with a CMEM, and 0 without";
  check.rule(has == (cmem.banks > 0), {"cmem.banks", "cmem.size"}, expected);
  check.rule(has == (cmem.ports > 0), {"cmem.ports", "cmem.size"}, expected);
  check.rule(has == (cmem.port_width > 0), {"cmem.port_width", "cmem.size"}, expected);
  check.rule(has || (cmem.latency == 0 && !cmem.per_core),
             {"cmem.latency", "cmem.per_core", "cmem.size"},
             "0 cycles, and per_core false, without a CMEM");
  check.rule(!has || cmem.size % cmem.banks == 0, {"cmem.size", "cmem.banks"},
             "a size that is a multiple of the number of banks");
}

void check_hbm_shape(const ChipSpec& chip, const Checker& check) {
  const HbmParams& hbm = chip.hbm;
  check.rule(hbm.bus_bits % 8 == 0, {"hbm.bus_bits"}, "a multiple of 8");
  const Bytes burst = burst_bytes(hbm);
  const std::string burst_text = print_quantity(static_cast<double>(burst), Measure::kBytes);
  check.rule(hbm.interleave % burst == 0, {"hbm.interleave", "hbm.bus_bits", "hbm.burst"},
             "a multiple of the burst's " + burst_text);
  check.rule(hbm.page % burst == 0, {"hbm.page", "hbm.bus_bits", "hbm.burst"},
             "a multiple of the burst's " + burst_text);
  check.rule(hbm.page % hbm.interleave == 0 || hbm.interleave % hbm.page == 0,
             {"hbm.interleave", "hbm.page"}, "one to be a multiple of the other");
  check.rule(chip.dma.request >= burst, {"dma.request", "hbm.bus_bits", "hbm.burst"},
             "a request of at least the burst's " + burst_text);
  const std::int64_t all = hbm.channels * hbm.pseudo_channels;
  check.rule(!hbm.per_core || all % chip.core.count == 0,
             {"hbm.per_core", "hbm.channels", "hbm.pseudo_channels", "core.count"},
             "as many pseudo-channels for each core");
  const std::int64_t cores = hbm.per_core ? chip.core.count : 1;
  check.rule(hbm.size % (cores * hbm.interleave) == 0,
             {"hbm.size", "hbm.per_core", "core.count", "hbm.interleave"},
             "a whole number of interleave granules for each core");
}

void check_hbm_rate(const ChipSpec& chip, const Checker& check) {
  const HbmParams& hbm = chip.hbm;
  check.rule(hbm.trfc == 0 || hbm.trp + hbm.trfc + hbm.trcd < hbm.trefi,
             {"hbm.trfc", "hbm.trp", "hbm.trcd", "hbm.trefi"},
             "trp, trfc and trcd together below trefi");
  check.rule(hbm.trcd <= hbm.tras, {"hbm.trcd", "hbm.tras"}, "trcd of at most tras");
  check.rule(hbm.trrd <= hbm.tfaw, {"hbm.trrd", "hbm.tfaw"}, "trrd of at most tfaw");
  check.rule(hbm.tccd_s <= hbm.tccd_l, {"hbm.tccd_s", "hbm.tccd_l"}, "tccd_s of at most tccd_l");
  check.rule(hbm.twtr_s <= hbm.twtr_l, {"hbm.twtr_s", "hbm.twtr_l"}, "twtr_s of at most twtr_l");
  check.rule(hbm.trrd <= hbm.trrd_l, {"hbm.trrd", "hbm.trrd_l"}, "trrd of at most trrd_l");
  check.rule(hbm.trcd_wr <= hbm.tras, {"hbm.trcd_wr", "hbm.tras"}, "trcd_wr of at most tras");

  const double derived = dram_bandwidth(hbm);
  const std::string derived_text =
      fmt::format("{:.6g} GB/s, which channels x pseudo_channels x bus_bits / 8 x data_rate give",
                  derived / 1e9);
  check.rule(std::abs(hbm.bandwidth - derived) <= kBandwidthTolerance * derived,
             {"hbm.bandwidth", "hbm.data_rate"}, "within 1 % of " + derived_text);
  // No run may beat a roofline that is drawn with hbm.bandwidth.
  const double refreshed = derived * (1 - hbm.trfc / hbm.trefi);
  check.rule(refreshed <= hbm.bandwidth * (1 + 1e-9),
             {"hbm.bandwidth", "hbm.data_rate", "hbm.trfc", "hbm.trefi"},
             fmt::format("at least the {:.6g} GB/s that are left after refresh", refreshed / 1e9));
}

}  // namespace

double dram_bandwidth(const HbmParams& hbm) {
  return static_cast<double>(hbm.channels * hbm.pseudo_channels * hbm.bus_bits) / 8 * hbm.data_rate;
}

void check_chip(const ChipSpec& chip, const Origin& origin) {
  const Checker check(chip, origin);
  check_mxu(chip, check);
  check_vector_units(chip, check);
  check_cmem(chip, check);
  check_hbm_shape(chip, check);
  check_hbm_rate(chip, check);
  check.rule(chip.power.idle <= chip.power.tdp, {"power.idle", "power.tdp"}, "idle within tdp");
}

}  // namespace systole
