// SPDX-License-Identifier: Apache-2.0
// Streams at command level, against the page level.
#include <cmath>

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "sim/timing/hbm_timing.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

Cycles command_cycles(const ChipSpec& chip, const Program& program) {
  const SimulationOptions options{.memory = MemoryModel::kCommand};
  return in_child([&] { return simulate(chip, program, {}, options).cycles; });
}

double bytes_per_ns(const ChipSpec& chip) {
  const double share = chip.hbm.per_core ? static_cast<double>(chip.core.count) : 1;
  return chip.hbm.bandwidth / share * 1e-9;
}

// The first of `least`, twice that, ... that takes the memory `ns` or longer.
Bytes bytes_of(const ChipSpec& chip, Bytes least, double ns) {
  while (static_cast<double>(least) < bytes_per_ns(chip) * ns) least *= 2;
  return least;
}

// 32 MiB, or nine refreshes' worth: they are whole at command level and a rate at page level, so
// that one more or less is within 1 % (a refresh is some 9 % of its interval).
Bytes stream_bytes(const ChipSpec& chip) { return bytes_of(chip, 32 * kMiB, 9 * chip.hbm.trefi); }

// A stream in transfers of `part` that the engines take in turn.
Program stream(const ChipSpec& chip, bool write, Bytes part, Bytes bytes) {
  ProgramBuilder builder;
  builder.loop(bytes / part / chip.dma.engines);
  for (std::int16_t n = 0; n < chip.dma.engines; ++n) {
    const Value address = index(0) * (part * chip.dma.engines) + Affine{n * part};
    if (write) {
      builder.add({UnitKind::kDma, n}, store(address, part));
    } else {
      builder.add({UnitKind::kDma, n}, load(address, part));
    }
  }
  return builder.end().halt();
}

Program stream(const ChipSpec& chip, bool write, Bytes part = 256 * kKiB) {
  return stream(chip, write, part, stream_bytes(chip));
}

double difference(const ChipSpec& chip, const Program& program) {
  const auto page = static_cast<double>(cycles_of(chip, program));
  return static_cast<double>(command_cycles(chip, program)) / page - 1;
}

}  // namespace

TEST_CASE(
    "streams of 32 MiB, or nine refreshes, take what the page level says, to 1 %, on every "
    "preset") {
  for (const std::string& name : chip_names()) {
    const ChipSpec chip = load_chip(name, {}).spec;
    for (const bool write : {false, true}) {
      const double found = difference(chip, stream(chip, write));
      INFO(name << (write ? " written: " : " read: ") << found);
      CHECK(std::abs(found) <= 0.01);
    }
  }
}

// What opening the first rows takes is hidden by none of its transfers, whatever their size.
TEST_CASE("one engine's transfers of 4 MiB, or 5 us, agree to 1 %, on every preset but v7") {
  for (const std::string& name : chip_names()) {
    if (name == "tpu-v7") continue;  // reads: 2.6 %, docs/memory.md says so
    const ChipSpec chip = load_chip(name, {"dma.engines=1"}).spec;
    for (const bool write : {false, true}) {
      const double found = difference(chip, stream(chip, write, bytes_of(chip, 4 * kMiB, 5000)));
      INFO(name << (write ? " written: " : " read: ") << found);
      CHECK(std::abs(found) <= 0.01);
    }
  }
}

// Between them, a row is closed and one is opened, which the page level hides.
TEST_CASE("one engine's transfers of 256 KiB take tRP, tRCD and a little more each") {
  const ChipSpec chip = load_chip("tpu-v5e", {"dma.engines=1"}).spec;
  const Program program = stream(chip, false);
  const auto more = static_cast<double>(command_cycles(chip, program) - cycles_of(chip, program));
  const double each = more / 128 / static_cast<double>(chip.clock) * 1e9;
  INFO(each << " ns");
  CHECK(each >= chip.hbm.trp + chip.hbm.trcd);
  CHECK(each <= chip.hbm.trp + chip.hbm.trcd + 4 * chip.hbm.trrd);
}

// A granule is eight bursts of one bank, tCCD_L apart.
TEST_CASE(
    "a window of one granule costs a stream half of its rate, one of four granules a hundredth") {
  const auto loss = [](const char* queue) {
    const ChipSpec chip = load_chip("tpu-v5e", {std::string("hbm.queue=") + queue}).spec;
    const double more = difference(chip, stream(chip, false));
    return more / (1 + more);  // of the rate
  };
  CHECK(loss("8") == Approx(0.55).margin(0.05));
  CHECK(loss("32") <= 0.02);
  CHECK(loss("64") <= 0);
}

TEST_CASE("streams of 32 MiB take what the page level says, to 1 %, on every device") {
  for (const char* device : {"ddr3", "hbm2", "hbm2e", "hbm3"}) {
    for (const char* base : {"tpu-v5e", "tpu-v4i"}) {
      const ChipSpec chip = load_chip(base, {std::string("hbm.extends=") + device}).spec;
      const double found = difference(chip, stream(chip, false));
      INFO(base << " with " << device << ": " << found);
      CHECK(std::abs(found) <= 0.01);
    }
  }
}

TEST_CASE("streams of 32 MiB agree to 1 % with the closed page policy, too") {
  const ChipSpec chip = load_chip("tpu-v5e", {"hbm.page_policy=closed"}).spec;
  const double found = difference(chip, stream(chip, false));
  INFO(found);
  CHECK(std::abs(found) <= 0.01);
}

TEST_CASE("refresh alone leaves 91 to 93 % of HBM, and no stream has more") {
  for (const char* name : {"tpu-v5e", "tpu-v4i", "tpu-v3"}) {
    const ChipSpec chip = load_chip(name, {}).spec;
    const double left = 1 - chip.hbm.trfc / chip.hbm.trefi;
    CHECK(left >= 0.91);
    CHECK(left <= 0.934);
    const auto cycles = static_cast<double>(command_cycles(chip, stream(chip, false)));
    const double reached = 32.0 * kMiB / cycles / hbm_bytes_per_cycle(chip);
    INFO(name << ": " << reached);
    CHECK(reached <= left);
    CHECK(reached >= left - 0.025);
    CHECK(32.0 * kMiB / cycles <= stream_bytes_per_cycle(chip) * (1 + 1e-9));
  }
}

TEST_CASE("a long stream takes less time with more bandwidth, at command level, too") {
  Cycles last = 1 << 30;
  for (const char* rate : {"200 GB/s", "400 GB/s", "600 GB/s", "819 GB/s", "1000 GB/s"}) {
    const ChipSpec chip = load_chip("tpu-v5e", {std::string("hbm.bandwidth=") + rate}).spec;
    const Cycles cycles = command_cycles(chip, stream(chip, false, 256 * kKiB, 32 * kMiB));
    INFO(rate);
    CHECK(cycles < last);
    last = cycles;
  }
}
