// SPDX-License-Identifier: Apache-2.0
#include "isa/chip_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <type_traits>

namespace systole {
namespace {

constexpr std::array<std::string_view, 2> kBooleans{"false", "true"};
constexpr std::array<std::string_view, 3> kDataflows{"weight_stationary", "output_stationary",
                                                     "input_stationary"};
constexpr std::array<std::string_view, 4> kHbmKinds{"ddr3", "hbm2", "hbm2e", "hbm3"};
constexpr std::array<std::string_view, 2> kPagePolicies{"open", "closed"};

static_assert(static_cast<int>(HbmKind::kDdr3) == 0 && static_cast<int>(HbmKind::kHbm2) == 1 &&
              static_cast<int>(HbmKind::kHbm2e) == 2 && static_cast<int>(HbmKind::kHbm3) == 3);
static_assert(static_cast<int>(PagePolicy::kOpen) == 0 &&
              static_cast<int>(PagePolicy::kClosed) == 1);

template <class Member>
constexpr std::span<const std::string_view> choices_of() {
  if constexpr (std::is_same_v<Member, bool>) return kBooleans;
  if constexpr (std::is_same_v<Member, Dataflow>) return kDataflows;
  if constexpr (std::is_same_v<Member, HbmKind>) return kHbmKinds;
  if constexpr (std::is_same_v<Member, PagePolicy>) return kPagePolicies;
  return {};
}

constexpr bool whole(Measure measure) {
  return measure == Measure::kCount || measure == Measure::kCycles ||
         measure == Measure::kFrequency || measure == Measure::kBytes ||
         measure == Measure::kLength;
}

// A row for member `kMember` of group `kGroup`. That an integer member has a whole measure is
// checked when the table is compiled.
template <auto kGroup, auto kMember>
constexpr ParameterRow row(std::string_view key, Measure measure, double least, double most,
                           std::string_view doc) {
  using Member = std::remove_cvref_t<decltype(std::declval<ChipSpec&>().*kGroup.*kMember)>;
  if (choices_of<Member>().empty() && std::is_integral_v<Member> != whole(measure)) {
    throw std::logic_error("measure does not suit the member's type");
  }
  return {key,
          measure,
          choices_of<Member>(),
          least,
          most,
          doc,
          [](const ChipSpec& chip) { return static_cast<double>(chip.*kGroup.*kMember); },
          [](ChipSpec& chip, double value) { chip.*kGroup.*kMember = static_cast<Member>(value); }};
}

// A row for an enumeration or boolean.
template <auto kGroup, auto kMember>
constexpr ParameterRow choice(std::string_view key, std::string_view doc) {
  using Member = std::remove_cvref_t<decltype(std::declval<ChipSpec&>().*kGroup.*kMember)>;
  const auto most = static_cast<double>(choices_of<Member>().size()) - 1;
  ParameterRow result = row<kGroup, kMember>(key, Measure::kCount, 0, most, doc);
  if (result.choices.empty()) throw std::logic_error("not an enumeration");
  return result;
}

using S = ChipSpec;
using M = Measure;
constexpr double kMega = 1e6, kGiga = 1e9, kTera = 1e12;
constexpr double kLargestMemory = 16.0 * 1024 * kGiB;

constexpr std::array kTable{
    ParameterRow{"clock",
                 M::kFrequency,
                 {},
                 kMega,
                 100 * kGiga,
                 "core clock; all cycles are counted in it",
                 [](const S& chip) { return static_cast<double>(chip.clock); },
                 [](S& chip, double value) { chip.clock = static_cast<std::int64_t>(value); }},

    row<&S::core, &CoreParams::count>(
        "core.count", M::kCount, 1, 64,
        "TensorCores on the chip; a program has a stream for each that it uses"),
    row<&S::core, &CoreParams::issue_interval>("core.issue_interval", M::kCycles, 1, 1e6,
                                               "between two instructions that a sequencer issues"),
    row<&S::core, &CoreParams::queue_depth>("core.queue_depth", M::kCount, 1, 65536,
                                            "instructions that each unit's queue holds"),
    row<&S::core, &CoreParams::semaphore_latency>(
        "core.semaphore_latency", M::kCycles, 1, 1e6,
        "from a signal to the earliest start of the unit that waits for it"),
    row<&S::core, &CoreParams::signal_latency>(
        "core.signal_latency", M::kCycles, 1, 1e6,
        "from a signal to the earliest start of a unit of another core that waits for it"),

    row<&S::mxu, &MxuParams::count>("mxu.count", M::kCount, 1, 64, "MXUs per core"),
    row<&S::mxu, &MxuParams::rows>("mxu.rows", M::kCount, 1, 1024, "height of the array, K side"),
    row<&S::mxu, &MxuParams::cols>("mxu.cols", M::kCount, 1, 1024, "width of the array, N side"),
    choice<&S::mxu, &MxuParams::dataflow>("mxu.dataflow", "which operand stays in the PEs"),
    row<&S::mxu, &MxuParams::macs_bf16>("mxu.macs_bf16", M::kCount, 0, kMostMacs,
                                        "bf16 MACs per PE and cycle; 0: bf16 is not supported"),
    row<&S::mxu, &MxuParams::macs_int8>("mxu.macs_int8", M::kCount, 0, kMostMacs,
                                        "int8 MACs per PE and cycle; 0: int8 is not supported"),
    row<&S::mxu, &MxuParams::macs_fp8>(
        "mxu.macs_fp8", M::kCount, 0, kMostMacs,
        "fp8 (e4m3 or e5m2) MACs per PE and cycle; 0: fp8 is not supported"),
    choice<&S::mxu, &MxuParams::shadow_weights>(
        "mxu.shadow_weights", "a second weight register per PE, so that loading overlaps compute"),
    row<&S::mxu, &MxuParams::weight_rows_per_cycle>(
        "mxu.weight_rows_per_cycle", M::kCount, 1, 1024,
        "lines of the array that a weight load shifts in per cycle"),
    choice<&S::mxu, &MxuParams::transposed_load>("mxu.transposed_load",
                                                 "weights can be loaded transposed"),
    row<&S::mxu, &MxuParams::acc_depth>("mxu.acc_depth", M::kCount, 1, 1e6,
                                        "accumulator rows per MXU, each mxu.cols x 32 bits"),
    row<&S::mxu, &MxuParams::weight_fifo>("mxu.weight_fifo", M::kCount, 0, 1024,
                                          "tiles in the weight FIFO; 0: weights come from VMEM"),

    row<&S::vpu, &VpuParams::lanes>("vpu.lanes", M::kCount, 1, 4096, "lanes, along columns"),
    row<&S::vpu, &VpuParams::sublanes>("vpu.sublanes", M::kCount, 1, 1024, "sublanes, along rows"),
    row<&S::vpu, &VpuParams::alus>("vpu.alus", M::kCount, 1, 64,
                                   "ALU operations per lane, sublane and cycle"),
    row<&S::vpu, &VpuParams::transcendental_interval>(
        "vpu.transcendental_interval", M::kCycles, 0, 1e6,
        "per block of lanes x sublanes transcendentals; 0 where there is no such unit"),
    choice<&S::vpu, &VpuParams::transcendental>(
        "vpu.transcendental", "a unit for exp, tanh, reciprocal and reciprocal square root"),
    row<&S::vpu, &VpuParams::load_ports>("vpu.load_ports", M::kCount, 1, 64,
                                         "blocks read from VMEM or accumulators per cycle"),
    row<&S::vpu, &VpuParams::store_ports>("vpu.store_ports", M::kCount, 1, 64,
                                          "blocks written per cycle"),
    row<&S::vpu, &VpuParams::latency>("vpu.latency", M::kCycles, 0, 1e6,
                                      "from the last block read to its result written"),

    row<&S::xlu, &XluParams::count>("xlu.count", M::kCount, 0, 64,
                                    "cross-lane units per core; 0: no reductions, no softmax"),
    row<&S::xlu, &XluParams::reduce_interval>("xlu.reduce_interval", M::kCycles, 0, 1e6,
                                              "per block of lanes x sublanes that is reduced"),
    row<&S::xlu, &XluParams::transpose_interval>("xlu.transpose_interval", M::kCycles, 0, 1e6,
                                                 "per block of lanes x sublanes transposed"),
    row<&S::xlu, &XluParams::latency>("xlu.latency", M::kCycles, 0, 1e6,
                                      "from the last block read to its result written"),

    row<&S::vmem, &VmemParams::size>("vmem.size", M::kBytes, 1, kLargestMemory, "VMEM per core"),
    row<&S::vmem, &VmemParams::banks>("vmem.banks", M::kCount, 1, 65536,
                                      "banks of VMEM; energy per access follows the bank's size"),
    row<&S::vmem, &VmemParams::port_width>("vmem.port_width", M::kBytes, 1, kMiB,
                                           "per cycle of each unit's port"),

    row<&S::cmem, &CmemParams::size>("cmem.size", M::kBytes, 0, kLargestMemory,
                                     "on-chip memory between HBM and VMEM; 0 B: none"),
    choice<&S::cmem, &CmemParams::per_core>(
        "cmem.per_core", "each core has one of its own; otherwise the cores share one"),
    row<&S::cmem, &CmemParams::banks>("cmem.banks", M::kCount, 0, 65536,
                                      "banks of a CMEM; energy per access follows the bank's size"),
    row<&S::cmem, &CmemParams::ports>("cmem.ports", M::kCount, 0, 64,
                                      "transfers that a CMEM serves at a time"),
    row<&S::cmem, &CmemParams::port_width>("cmem.port_width", M::kBytes, 0, kMiB,
                                           "per cycle of each port"),
    row<&S::cmem, &CmemParams::latency>("cmem.latency", M::kCycles, 0, 1e6,
                                        "from a transfer's last byte to its completion"),

    row<&S::dma, &DmaParams::engines>("dma.engines", M::kCount, 1, 256, "DMA engines per core"),
    row<&S::dma, &DmaParams::setup>("dma.setup", M::kCycles, 0, 1e6, "preparation of a transfer"),
    row<&S::dma, &DmaParams::outstanding>("dma.outstanding", M::kCount, 1, 1e6,
                                          "requests in flight per engine"),
    row<&S::dma, &DmaParams::request>("dma.request", M::kBytes, 1, kMiB,
                                      "of one request, at least a burst of HBM"),

    choice<&S::hbm, &HbmParams::kind>("hbm.kind", "standard; selects the energy per bit"),
    row<&S::hbm, &HbmParams::size>("hbm.size", M::kBytes, 1, kLargestMemory, "whole chip"),
    row<&S::hbm, &HbmParams::bandwidth>(
        "hbm.bandwidth", M::kBandwidth, kMega, 1000 * kTera,
        "whole chip; may be left out: channels x pseudo_channels x bus_bits / 8 x data_rate"),
    choice<&S::hbm, &HbmParams::per_core>("hbm.per_core",
                                          "each core reaches only its share of the channels"),
    row<&S::hbm, &HbmParams::channels>("hbm.channels", M::kCount, 1, 1024, "whole chip"),
    row<&S::hbm, &HbmParams::pseudo_channels>("hbm.pseudo_channels", M::kCount, 1, 16,
                                              "per channel"),
    row<&S::hbm, &HbmParams::bus_bits>("hbm.bus_bits", M::kCount, 8, 4096,
                                       "data pins per pseudo-channel"),
    row<&S::hbm, &HbmParams::data_rate>("hbm.data_rate", M::kDataRate, kMega, 1000 * kGiga,
                                        "transfers per second and pin"),
    row<&S::hbm, &HbmParams::burst>("hbm.burst", M::kCount, 1, 64, "transfers per burst"),
    row<&S::hbm, &HbmParams::bank_groups>("hbm.bank_groups", M::kCount, 1, 64,
                                          "per pseudo-channel"),
    row<&S::hbm, &HbmParams::banks>("hbm.banks", M::kCount, 1, 256, "per bank group"),
    row<&S::hbm, &HbmParams::page>("hbm.page", M::kBytes, 1, kMiB, "row buffer per bank"),
    row<&S::hbm, &HbmParams::interleave>("hbm.interleave", M::kBytes, 1, kMiB,
                                         "consecutive bytes on one pseudo-channel"),
    row<&S::hbm, &HbmParams::trcd>("hbm.trcd", M::kTime, 0, 1e6, "activate to read"),
    row<&S::hbm, &HbmParams::trcd_wr>("hbm.trcd_wr", M::kTime, 0, 1e6, "activate to write"),
    row<&S::hbm, &HbmParams::trp>("hbm.trp", M::kTime, 0, 1e6, "precharge to activate"),
    row<&S::hbm, &HbmParams::tcl>("hbm.tcl", M::kTime, 0, 1e6, "read to first data"),
    row<&S::hbm, &HbmParams::tcwl>("hbm.tcwl", M::kTime, 0, 1e6, "write to first data"),
    row<&S::hbm, &HbmParams::tras>("hbm.tras", M::kTime, 0, 1e6, "activate to precharge"),
    row<&S::hbm, &HbmParams::trtp>("hbm.trtp", M::kTime, 0, 1e6, "read to precharge"),
    row<&S::hbm, &HbmParams::twr>("hbm.twr", M::kTime, 0, 1e6, "end of written data to precharge"),
    row<&S::hbm, &HbmParams::tccd_s>("hbm.tccd_s", M::kTime, 0, 1e6,
                                     "column to column, other bank group"),
    row<&S::hbm, &HbmParams::tccd_l>("hbm.tccd_l", M::kTime, 0, 1e6,
                                     "column to column, same bank group"),
    row<&S::hbm, &HbmParams::twtr_s>("hbm.twtr_s", M::kTime, 0, 1e6,
                                     "end of written data to read, other bank group"),
    row<&S::hbm, &HbmParams::twtr_l>("hbm.twtr_l", M::kTime, 0, 1e6,
                                     "end of written data to read, same bank group"),
    row<&S::hbm, &HbmParams::trrd>("hbm.trrd", M::kTime, 0, 1e6,
                                   "activate to activate, other bank group"),
    row<&S::hbm, &HbmParams::trrd_l>("hbm.trrd_l", M::kTime, 0, 1e6,
                                     "activate to activate, same bank group"),
    row<&S::hbm, &HbmParams::tfaw>("hbm.tfaw", M::kTime, 0, 1e6, "window of four activations"),
    row<&S::hbm, &HbmParams::trefi>("hbm.trefi", M::kTime, 1, 1e9, "between refreshes"),
    row<&S::hbm, &HbmParams::trfc>("hbm.trfc", M::kTime, 0, 1e9, "that a refresh takes; 0: none"),
    row<&S::hbm, &HbmParams::turnaround>("hbm.turnaround", M::kTime, 0, 1e6,
                                         "data bus idle where reads change to writes or back"),
    row<&S::hbm, &HbmParams::latency>("hbm.latency", M::kTime, 0, 1e6,
                                      "controller, PHY and on-chip path, there and back"),
    choice<&S::hbm, &HbmParams::page_policy>(
        "hbm.page_policy", "rows stay open, or close with their last waiting access"),
    row<&S::hbm, &HbmParams::queue>("hbm.queue", M::kCount, 4, 1024,
                                    "bursts that a pseudo-channel's controller chooses from, of "
                                    "reads and of writes each"),

    row<&S::technology, &TechnologyParams::node>("technology.node", M::kLength, 1, 1000,
                                                 "process; selects the energy table's column"),
    row<&S::technology, &TechnologyParams::voltage>(
        "technology.voltage", M::kVoltage, 0.1, 5,
        "supply; energy of logic and SRAM goes with its square"),

    row<&S::power, &PowerParams::idle>("power.idle", M::kPower, 0, 1e5,
                                       "whole chip: leakage, clock tree, PHY and DRAM background"),
    row<&S::power, &PowerParams::tdp>("power.tdp", M::kPower, 0.001, 1e5, "thermal design power"),
};

static_assert([] {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].least > kTable[i].most) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (kTable[i].key == kTable[j].key) return false;
    }
  }
  return true;
}());

}  // namespace

std::span<const ParameterRow> chip_parameters() { return kTable; }

const ParameterRow* find_parameter(std::string_view key) {
  const auto* found = std::find_if(kTable.begin(), kTable.end(),
                                   [&](const ParameterRow& row) { return row.key == key; });
  return found == kTable.end() ? nullptr : found;
}

std::vector<std::string> parameter_keys() {
  std::vector<std::string> keys;
  for (const ParameterRow& row : kTable) keys.emplace_back(row.key);
  return keys;
}

std::string describe(const ParameterRow& row) {
  return row.choices.empty() ? describe(row.measure)
                             : fmt::format("{}", fmt::join(row.choices, " or "));
}

std::variant<double, Complaint> parse_parameter(const ParameterRow& row, std::string_view text) {
  if (!row.choices.empty()) {
    const auto found = std::find(row.choices.begin(), row.choices.end(), text);
    if (found != row.choices.end()) return static_cast<double>(found - row.choices.begin());
    return Complaint{fmt::format("'{}'", text.substr(0, 64)), describe(row)};
  }
  std::variant<double, Complaint> parsed = parse_quantity(text, row.measure);
  const double* value = std::get_if<double>(&parsed);
  if (value != nullptr && (*value < row.least || *value > row.most)) {
    return Complaint{fmt::format("'{}'", text),
                     fmt::format("{} to {}", print_quantity(row.least, row.measure),
                                 print_quantity(row.most, row.measure))};
  }
  return parsed;
}

std::string print_parameter(const ParameterRow& row, double value) {
  if (!row.choices.empty()) return std::string(row.choices[static_cast<std::size_t>(value)]);
  return print_quantity(value, row.measure);
}

}  // namespace systole
