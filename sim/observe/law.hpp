// SPDX-License-Identifier: Apache-2.0
// What no run may break: the table of conservation laws, and the account of how often each was
// checked. A law that is broken is our bug.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isa/units.hpp"

namespace systole {

enum class Law : std::uint8_t {
  kTime,
  kFeed,
  kArray,
  kWeights,
  kWeightsReady,
  kSums,
  kUnload,
  kTransfer,
  kLatency,
  kOperandRead,
  kOpRead,
  kOpWrite,
  kServed,
  kBursts,
  kChannels,
  kCmem,
  kCmemPorts,
};

// How what was found must compare with its bound.
enum class Relation : std::uint8_t { kAtLeast, kAtMost, kEqual };

constexpr std::string_view name_of(Relation relation) {
  switch (relation) {
    case Relation::kAtLeast: return "at least";
    case Relation::kAtMost: return "at most";
    case Relation::kEqual: return "equal to";
  }
  return {};
}

struct LawRow {
  Law value;
  std::string_view name;
  Relation relation;
  std::string_view unit;
  std::string_view doc;
};
inline constexpr std::array<LawRow, 17> kLaws{{
    {Law::kTime, "unit_time", Relation::kEqual, "cycles",
     "the intervals of each unit follow each other without gap or overlap from 0 to the run's end"},
    {Law::kFeed, "mxu_feed", Relation::kEqual, "cycles",
     "each MXU feeds for as long as the rows of its matmuls, or the steps of its multiplies, take"},
    {Law::kArray, "mxu_matmul", Relation::kEqual, "cycles",
     "each matmul and multiply lasts for its fill, its compute and its drain"},
    {Law::kWeights, "weights_loaded", Relation::kEqual, "matmuls",
     "each matmul's weights lie within the tile loaded before it in its queue, of the same type"},
    {Law::kWeightsReady, "weights_ready", Relation::kAtLeast, "cycles",
     "from the completion of a weight load to the start of each matmul that uses it"},
    {Law::kSums, "sums_multiplied", Relation::kEqual, "unloads",
     "each unload's sums lie within those that the multiplies before it left in the array"},
    {Law::kUnload, "mxu_unload", Relation::kEqual, "cycles",
     "each unload lasts for the wavefront and one cycle per row of the array"},
    {Law::kTransfer, "transfer_time", Relation::kAtLeast, "cycles",
     "each transfer takes its setup, the memory's latency and its bytes at the engine's port"},
    {Law::kLatency, "transfer_latency", Relation::kAtLeast, "cycles",
     "each transfer completes the memory's latency after its engine is free for the next one"},
    {Law::kOperandRead, "operand_read", Relation::kAtLeast, "bytes",
     "of each operand of each op, every byte that the op needs is asked for"},
    {Law::kOpRead, "op_read", Relation::kAtLeast, "bytes",
     "each op reads its compulsory bytes from HBM"},
    {Law::kOpWrite, "op_write", Relation::kAtLeast, "bytes",
     "each op writes its compulsory bytes to HBM"},
    {Law::kServed, "hbm_served", Relation::kAtLeast, "bytes",
     "HBM moves every byte that the DMA engines ask for"},
    {Law::kBursts, "hbm_bursts", Relation::kAtMost, "bytes",
     "HBM moves no more than what was asked for, each run rounded out to whole bursts"},
    {Law::kChannels, "hbm_channels", Relation::kEqual, "bytes",
     "the channels together move what HBM moves"},
    {Law::kCmem, "cmem_served", Relation::kEqual, "bytes",
     "CMEM moves the bytes that the DMA engines ask for, and no others"},
    {Law::kCmemPorts, "cmem_ports", Relation::kEqual, "bytes",
     "the ports together move what CMEM moves"},
}};
constexpr const LawRow& row_of(Law law) { return kLaws[static_cast<std::size_t>(law)]; }
constexpr std::string_view name_of(Law law) { return row_of(law).name; }

static_assert([] {
  for (std::size_t i = 0; i < kLaws.size(); ++i) {
    if (static_cast<std::size_t>(kLaws[i].value) != i) return false;
  }
  return true;
}());

constexpr bool holds(Relation relation, std::int64_t found, std::int64_t bound) {
  switch (relation) {
    case Relation::kAtLeast: return found >= bound;
    case Relation::kAtMost: return found <= bound;
    case Relation::kEqual: return found == bound;
  }
  return false;
}

// Where a law was checked, as far as it has a place. Indices as in Interval; `operand` is valid
// during the check only.
struct Site {
  std::int32_t unit = -1;
  std::int32_t op = -1;
  Cycles at = -1;
  std::string_view operand;
};

// The first check of a law that failed.
struct Breach {
  std::int64_t found = 0;
  std::int64_t bound = 0;
  Site site;            // but for its operand,
  std::string operand;  // which is here
};

// All checks of a law: their number, and the sums of what was found and of its bounds.
struct LawResult {
  Law law = Law::kTime;
  std::int64_t checks = 0;
  std::int64_t found = 0;
  std::int64_t bound = 0;
  std::optional<Breach> breach;

  bool holds() const { return !breach; }
};

class LawLedger {
 public:
  LawLedger() {
    for (const LawRow& row : kLaws) results_[index(row.value)].law = row.value;
  }
  void check(Law law, std::int64_t found, std::int64_t bound, const Site& site) {
    LawResult& result = results_[index(law)];
    ++result.checks;
    result.found += found;
    result.bound += bound;
    if (!systole::holds(row_of(law).relation, found, bound)) fail(law, found, bound, site);
  }
  void fail(Law law, std::int64_t found, std::int64_t bound, const Site& site) {
    LawResult& result = results_[index(law)];
    if (result.breach) return;
    result.breach = Breach{found, bound, site, std::string{site.operand}};
    result.breach->site.operand = {};
  }
  const LawResult& of(Law law) const { return results_[index(law)]; }
  std::vector<LawResult> results() const { return {results_.begin(), results_.end()}; }

 private:
  static constexpr std::size_t index(Law law) { return static_cast<std::size_t>(law); }
  std::array<LawResult, kLaws.size()> results_{};
};

// "law transfer_time (each transfer ...) is broken by core0.dma0, op fc, at cycle 10: found 3
// cycles; expected at least 91". Precondition: the result has a breach.
std::string describe(const LawResult& result, const std::vector<std::string>& unit_names,
                     const std::vector<std::string>& op_names);

}  // namespace systole
