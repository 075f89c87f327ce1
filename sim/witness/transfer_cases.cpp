// SPDX-License-Identifier: Apache-2.0
// DMA engines in an idle memory. What the memory serves is counted here byte by byte, by the
// address map's definition, and not as the simulator does it.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "isa/hbm_channels.hpp"
#include "isa/timing.hpp"
#include "sim/timing/hbm_timing.hpp"
#include "sim/witness/case_program.hpp"
#include "sim/witness/table_case.hpp"

namespace systole {
namespace {

struct Runs {
  std::string shape;
  std::int64_t rows;
  Bytes row_bytes, pitch;
};

constexpr std::int64_t kInput = 0, kOutput = 1 << 20;  // addresses in HBM
constexpr std::int64_t kRegion = 1 << 18;              // bytes of each

// Cycles until the busiest channel has served rows that begin at `begins`.
Cycles service(const ChipSpec& chip, const std::vector<std::int64_t>& begins, Bytes row_bytes) {
  const std::int64_t channels = channels_per_core(chip);
  const HbmChannels map(channels);
  const HbmTiming timing(chip);
  std::vector<ChannelLoad> loads(static_cast<std::size_t>(channels));
  std::vector<std::int64_t> open(loads.size(), -1);
  const Bytes burst = burst_bytes(chip.hbm);
  for (const std::int64_t begin : begins) {
    std::int64_t last_burst = -1;
    for (std::int64_t byte = begin; byte < begin + row_bytes; ++byte) {
      const std::int64_t block = byte / chip.hbm.interleave;
      const auto channel = static_cast<std::size_t>(map.channel(block));
      const std::int64_t within =
          block / channels * chip.hbm.interleave + byte % chip.hbm.interleave;
      if (byte / burst != last_burst) ++loads[channel].bursts;
      last_burst = byte / burst;
      if (within / chip.hbm.page != open[channel]) ++loads[channel].activates;
      open[channel] = within / chip.hbm.page;
    }
  }
  Cycles longest = 0;
  for (const ChannelLoad& load : loads) {
    longest = std::max(longest, timing.service_cycles(load, false));
  }
  return longest;
}

class Writer {
 public:
  Writer(const ChipVariant& chip, std::vector<TableCase>& cases) : chip_(chip), cases_(cases) {}

  void run() {
    const Bytes burst = burst_bytes(chip_.spec.hbm);
    const Bytes block = chip_.spec.hbm.interleave;
    const std::vector<Runs> all{{"one byte", 1, 1, 1},
                                {"below a burst", 1, burst - 1, burst - 1},
                                {"a burst", 1, burst, burst},
                                {"above a burst", 1, burst + 1, burst + 1},
                                {"a block", 1, block, block},
                                {"8 KiB", 32, 256, 256},
                                {"8 KiB in rows, a page apart", 32, 256, 1024},
                                {"rows of a burst, 3 blocks apart", 16, burst, 3 * block}};
    for (const Runs& runs : all) {
      add("load", runs, {});
      add("store", runs, {});
    }
    // Row numbers that go back and forth, and one twice.
    for (const Runs& runs : all) {
      if (runs.rows == 1) continue;
      std::vector<std::int64_t> rows;
      for (std::int64_t r = 0; r < runs.rows; ++r) rows.push_back(r * 7 % runs.rows);
      add("gather", runs, rows);
      add("scatter", runs, rows);
    }
  }

 private:
  void add(const std::string& instruction, const Runs& runs,
           const std::vector<std::int64_t>& rows) {
    const bool write = instruction == "store" || instruction == "scatter";
    const std::int64_t address = write ? kOutput : kInput;
    CaseProgram program("case");
    Symbol symbol;
    symbol.name = write ? "y" : "x";
    symbol.role = write ? SymbolRole::kOutput : SymbolRole::kInput;
    symbol.type = DataType::kInt8;
    symbol.address = address;
    symbol.rows = 1;
    symbol.cols = symbol.pitch = kRegion;
    symbol.scale = 127;
    program.symbol(symbol);
    const Tile remote = tile_of(Space::kHbm, address, runs.pitch, DataType::kInt8);
    const Tile local = tile_of(Space::kVmem, 0, runs.row_bytes, DataType::kInt8);
    const RowIndex index{rows.empty() ? 0 : program.table(rows), 0};
    Body body;
    if (instruction == "load") body = Load{local, remote, runs.rows, runs.row_bytes};
    if (instruction == "store") body = Store{remote, local, runs.rows, runs.row_bytes};
    if (instruction == "gather") body = Gather{local, remote, index, runs.rows, runs.row_bytes};
    if (instruction == "scatter") body = Scatter{remote, local, index, runs.rows, runs.row_bytes};
    TableCase c;
    c.from = c.to = program.add(unit_of(UnitKind::kDma), std::move(body));
    c.instruction = instruction;
    c.shape = runs.shape;
    c.chip = chip_;
    c.program = program.halt();
    c.formula = formula(runs, address, rows);
    cases_.push_back(std::move(c));
  }

  Cycles formula(const Runs& runs, std::int64_t address,
                 const std::vector<std::int64_t>& rows) const {
    const ChipSpec& chip = chip_.spec;
    std::vector<std::int64_t> begins;
    for (std::int64_t r = 0; r < runs.rows; ++r) {
      begins.push_back(address +
                       (rows.empty() ? r : rows[static_cast<std::size_t>(r)]) * runs.pitch);
    }
    const Bytes request = chip.dma.request;
    const std::int64_t requests = rows.empty()
                                      ? dma_requests(runs.rows, runs.row_bytes, runs.pitch, request)
                                      : runs.rows * ceil_div(runs.row_bytes, request);
    const Cycles own = dma_data_cycles(chip, runs.rows * runs.row_bytes, requests);
    return chip.dma.setup + std::max(own, service(chip, begins, runs.row_bytes)) +
           memory_latency_cycles(chip);
  }

  const ChipVariant& chip_;
  std::vector<TableCase>& cases_;
};

}  // namespace

void add_transfer_cases(const TableOptions& options, std::vector<TableCase>& cases) {
  const ChipVariant tiny = preset_variant("tiny-4x4");
  std::vector<ChipVariant> chips{tiny};
  if (options.all_chips) {
    chips.push_back(with(tiny, "vmem.port_width", 5));
    chips.push_back(with(with(tiny, "dma.outstanding", 1), "dma.setup", std::int64_t{0}));
  }
  for (const ChipVariant& chip : chips) Writer(chip, cases).run();
}

}  // namespace systole
