// SPDX-License-Identifier: Apache-2.0
#include "sim/report/trace_counters.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "report/sample.hpp"
#include "trace_file.hpp"

using namespace systole;

namespace {

// Counters of these events in a run of `cycles` cycles at 1 GHz, where a byte per cycle is a GB/s.
TraceFile counted(const std::vector<Interval>& intervals, const std::vector<Action>& actions,
                  Cycles cycles) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("systole-counters-" + std::to_string(::getpid()) + ".json.gz");
  const ChipSpec chip = sample_chip().spec;
  ActionBins bins;
  for (const Interval& interval : intervals) bins.on(interval);
  for (const Action& action : actions) bins.on(action);
  bins.cover(cycles);
  GzipFile file{path};
  TraceWriter writer{file, TraceTime{chip.clock}};
  writer.name_process(2, "hbm");
  writer.name_process(3, "chip");
  write_counters(writer, {2, 3}, chip, sample_energy(), bins, cycles);
  writer.close({{"clock_hz", chip.clock}});
  file.commit();
  TraceFile trace{path.string()};
  std::filesystem::remove(path);
  CHECK(trace.fault().empty());
  return trace;
}

Interval moved(Cycles begin, Cycles end, Bytes bytes, bool write) {
  return {4, Reason::kBusy, -1, 0, begin, end, bytes, write};
}

const std::string kBandwidth{kBandwidthCounter};
const std::string kPower{kPowerCounter};

}  // namespace

TEST_CASE("bandwidth is bytes by time, and its integral is the bytes") {
  // 2500 cycles: bins of 4 cycles.
  const TraceFile trace = counted(
      {moved(0, 8, 80, false), moved(6, 8, 20, true), moved(2499, 2500, 7, true)}, {}, 2500);
  const auto& samples = trace.samples(kBandwidth);
  REQUIRE(samples.size() == 2500 / 4 + 1);
  CHECK(samples[0].values.at("read") == Approx(10));
  CHECK(samples[0].values.at("write") == 0);
  CHECK(samples[1].at == 4);
  CHECK(samples[1].values.at("write") == Approx(5));
  CHECK(samples[2].values.at("read") == 0);
  CHECK(samples.back().at == 2500);
  CHECK(samples.back().values.at("write") == 0);
  const auto bytes = trace.integral(kBandwidth);
  CHECK(std::llround(bytes.at("read") * 1e9) == 80);
  CHECK(std::llround(bytes.at("write") * 1e9) == 27);
}

TEST_CASE("power is the table's energy by time, plus static power") {
  // 1 pJ per MAC, 10 pJ per HBM byte, 2 W of static power: 1000 MACs per ns are 1 W.
  const TraceFile trace =
      counted({moved(0, 4, 400, false)}, {{ActionId::kMacBf16, 0, 4000, 0, 4}}, 2003);
  const auto& samples = trace.samples(kPower);
  CHECK(samples.front().values.size() == kEnergyComponents.size());
  CHECK(samples.front().values.at("mxu") == Approx(1));
  CHECK(samples.front().values.at("hbm") == Approx(1));
  CHECK(samples.front().values.at("static") == Approx(2));
  CHECK(samples[1].values.at("mxu") == 0);
  CHECK(samples[1].values.at("static") == Approx(2));
  CHECK(samples.back().values.at("static") == 0);
  const auto joules = trace.integral(kPower);
  CHECK(joules.at("mxu") == Approx(4e-9));
  CHECK(joules.at("hbm") == Approx(4e-9));
  CHECK(joules.at("static") == Approx(2 * 2003e-9));
}

TEST_CASE("a last bin that is cut short by the end is shorter, not emptier") {
  // Bins of 4 cycles; the last one has 3.
  const TraceFile trace =
      counted({moved(2000, 2003, 60, false)}, {{ActionId::kMacBf16, 0, 3000, 2000, 2003}}, 2003);
  const auto& samples = trace.samples(kPower);
  REQUIRE(samples.size() == 502);
  CHECK(samples[500].at == 2000);
  CHECK(samples[500].values.at("mxu") == Approx(1));
  CHECK(trace.samples(kBandwidth)[500].values.at("read") == Approx(20));
}

TEST_CASE("an action after the end of the run is an error of ours") {
  const auto at = [](Cycles begin) {
    return std::vector<Action>{{ActionId::kMacBf16, 0, 1, begin, begin + 1}};
  };
  CHECK_NOTHROW(counted({}, at(99), 100));
  CHECK_THROWS_AS(counted({}, at(100), 100), std::logic_error);
}
