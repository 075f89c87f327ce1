// SPDX-License-Identifier: Apache-2.0
#include "isa/chip_checks.hpp"

#include "catch.hpp"
#include "chip_fixture.hpp"

using namespace systole;
using namespace systole::testing;
using Catch::Contains;
using Catch::StartsWith;

namespace {

std::string error_set(const std::vector<std::string>& overrides,
                      const std::string& chip = "tiny-4x4") {
  return error_of([&] { load_chip(chip, overrides); });
}

}  // namespace

TEST_CASE("VMEM holds two tiles each of lhs, weights and result") {
  // bf16, 4 x 4: 2 x 3 x 16 x 2 bytes.
  CHECK(error_set({"vmem.size=192 B"}) == "no error");
  CHECK_THAT(error_set({"vmem.size=188 B"}),
             StartsWith("3 --set vmem.size=188 B: found vmem.size 188 B, mxu.rows 4") &&
                 Contains("at least 192 B"));
  // Two int8 MACs per PE double the depth of lhs and weights: 2 x (4 x 8 + 8 x 4 + 4 x 4) bytes.
  const std::vector<std::string> dense{"mxu.macs_bf16=0", "mxu.macs_int8=2"};
  CHECK(error_set({dense[0], dense[1], "vmem.size=160 B"}) == "no error");
  CHECK_THAT(error_set({dense[0], dense[1], "vmem.size=156 B"}), Contains("at least 160 B"));
  // A weight FIFO holds the weights.
  CHECK(error_set({"mxu.weight_fifo=2", "vmem.size=128 B"}) == "no error");
  CHECK_THAT(error_set({"mxu.weight_fifo=2", "vmem.size=124 B"}), Contains("at least 128 B"));
}

TEST_CASE("an MXU multiplies at least one type") {
  CHECK(error_set({"mxu.macs_bf16=0"}) == "no error");
  // fp8 alone is enough: 2 x 3 x 16 bytes are double-buffered.
  CHECK(error_set({"mxu.macs_bf16=0", "mxu.macs_int8=0", "vmem.size=96 B"}) == "no error");
  CHECK_THAT(error_set({"mxu.macs_bf16=0", "mxu.macs_int8=0", "vmem.size=92 B"}),
             Contains("result in fp8_e4m3"));
  CHECK_THAT(error_set({"mxu.macs_bf16=0", "mxu.macs_int8=0", "mxu.macs_fp8=0"}),
             Contains("at least one type"));
}

TEST_CASE("units that are absent have no interval, and others have one") {
  CHECK_THAT(error_set({"vpu.transcendental=false"}), Contains("vpu.transcendental_interval"));
  CHECK_THAT(error_set({"vpu.transcendental_interval=0 cycles"}), StartsWith("3 "));
  CHECK(error_set({"vpu.transcendental=false", "vpu.transcendental_interval=0 cycles"}) ==
        "no error");
  CHECK_THAT(error_set({"xlu.reduce_interval=0 cycles"}), Contains("xlu.reduce_interval"));
  CHECK_THAT(error_set({"xlu.transpose_interval=0 cycles"}), Contains("xlu.transpose_interval"));
  CHECK_THAT(error_set({"xlu.count=0"}), Contains("0 cycles without"));
}

TEST_CASE("a CMEM has ports, banks and a width, and a chip without one has none of them") {
  const std::vector<std::string> one{"cmem.size=1 MiB", "cmem.banks=4", "cmem.ports=1",
                                     "cmem.port_width=32 B"};
  CHECK(error_set(one) == "no error");
  for (std::size_t left_out = 0; left_out < one.size(); ++left_out) {
    std::vector<std::string> others = one;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(left_out));
    CHECK_THAT(error_set(others), Contains("at least 1 with a CMEM, and 0 without"));
  }
  CHECK_THAT(error_set({"cmem.latency=3 cycles"}), Contains("0 cycles, and per_core false"));
  CHECK_THAT(error_set({"cmem.per_core=true"}), Contains("0 cycles, and per_core false"));
  CHECK_THAT(error_set({one[0], "cmem.banks=3", one[2], one[3]}),
             Contains("a multiple of the number of banks"));
}

TEST_CASE("granules, pages and banks fit into each other") {
  CHECK_THAT(error_set({"hbm.interleave=48 B"}), Contains("a multiple of the burst's 32 B"));
  CHECK(error_set({"hbm.interleave=64 B"}) == "no error");
  CHECK(error_set({"hbm.interleave=2 KiB"}) == "no error");
  CHECK_THAT(error_set({"hbm.interleave=96 B"}), Contains("one to be a multiple of the other"));
  CHECK_THAT(error_set({"hbm.page=1000 B"}), Contains("hbm.page 1000 B"));
  CHECK_THAT(error_set({"hbm.bus_bits=65"}), Contains("a multiple of 8"));
  CHECK_THAT(error_set({"vmem.banks=3"}), Contains("a multiple of the number of banks"));
  CHECK_THAT(error_set({"hbm.size=1073741825 B"}), Contains("interleave granules"));
}

TEST_CASE("a DMA request holds a burst") {
  CHECK(error_set({"dma.request=32 B"}) == "no error");
  CHECK_THAT(error_set({"dma.request=31 B"}),
             StartsWith("3 --set dma.request=31 B: found dma.request 31 B, hbm.bus_bits 64") &&
                 Contains("at least the burst's 32 B"));
  // Bursts of DDR3 have 64 bytes.
  CHECK(error_set({"dma.request=64 B"}, "tpu-v1") == "no error");
  CHECK_THAT(error_set({"dma.request=63 B"}, "tpu-v1"), Contains("at least the burst's 64 B"));
}

TEST_CASE("a split memory has as many pseudo-channels for each core") {
  CHECK(error_set({"core.count=2", "hbm.per_core=true"}) == "no error");
  CHECK_THAT(error_set({"core.count=4", "hbm.per_core=true"}), Contains("for each core"));
  CHECK(error_set({"core.count=4"}) == "no error");
}

TEST_CASE("memory timings are in order") {
  CHECK(error_set({"hbm.trfc=3871 ns"}) == "no error");  // with tRP and tRCD 3899
  CHECK_THAT(error_set({"hbm.trfc=3872 ns"}), Contains("together below trefi"));
  CHECK(error_set({"hbm.trfc=0 ns", "hbm.trefi=1 ns"}) == "no error");  // no refresh
  CHECK_THAT(error_set({"hbm.trcd=34 ns"}), Contains("trcd of at most tras"));
  CHECK_THAT(error_set({"hbm.trrd=17 ns"}), Contains("trrd of at most tfaw"));
  CHECK_THAT(error_set({"hbm.tccd_s=5 ns"}), Contains("tccd_s of at most tccd_l"));
  CHECK(error_set({"hbm.twtr_s=9 ns"}) == "no error");
  CHECK_THAT(error_set({"hbm.twtr_s=9.1 ns"}), Contains("twtr_s of at most twtr_l"));
  CHECK(error_set({"hbm.trrd=6 ns"}) == "no error");
  CHECK_THAT(error_set({"hbm.trrd=6.1 ns"}), Contains("trrd of at most trrd_l"));
  CHECK(error_set({"hbm.trcd_wr=33 ns"}) == "no error");
  CHECK_THAT(error_set({"hbm.trcd_wr=33.1 ns"}), Contains("trcd_wr of at most tras"));
}

TEST_CASE("idle power is within the design power") {
  CHECK(error_set({"power.idle=1 W"}) == "no error");
  CHECK_THAT(error_set({"power.idle=1.001 W"}), Contains("idle within tdp"));
}

TEST_CASE("bandwidth and DRAM parameters that are given together differ by at most 1 %") {
  // 128 pins at 2 Gbps give 32 GB/s.
  const auto with = [](const std::string& bandwidth) {
    return error_of([&] {
      parse_chip(replaced(tiny_text(), "bandwidth: 32 GB/s", "bandwidth: " + bandwidth), "f.yaml",
                 {});
    });
  };
  CHECK(with("32.32 GB/s") == "no error");
  CHECK_THAT(with("32.33 GB/s"), StartsWith("3 f.yaml:") && Contains("32.33 GB/s") &&
                                     Contains("within 1 % of 32 GB/s"));
  CHECK(with("31.68 GB/s") == "no error");
  CHECK_THAT(with("31.67 GB/s"), Contains("within 1 % of 32 GB/s"));
  CHECK_THAT(error_set({"hbm.bandwidth=40 GB/s", "hbm.data_rate=2 Gbps"}), Contains("within 1 %"));
  CHECK(error_set({"hbm.bandwidth=40 GB/s", "hbm.data_rate=2.5 Gbps"}) == "no error");
}

TEST_CASE("what refresh leaves of the DRAM bandwidth does not exceed hbm.bandwidth") {
  const auto with = [](const std::string& trfc) {
    std::string text = replaced(tiny_text(), "bandwidth: 32 GB/s", "bandwidth: 31.84 GB/s");
    return error_of([&] { parse_chip(text, "f.yaml", {"hbm.trfc=" + trfc}); });
  };
  // 0.5 % below: refresh has to take 0.5 % of 3900 ns.
  CHECK(with("19.5 ns") == "no error");
  CHECK_THAT(with("19.4 ns"), Contains("left after refresh"));
}

TEST_CASE("bandwidth that is left out is derived from the DRAM parameters") {
  std::string text = tiny_text();
  const std::size_t at = text.find("  bandwidth:");
  text.erase(at, text.find('\n', at) + 1 - at);
  const Chip chip = parse_chip(text, "f.yaml", {});
  CHECK(chip.spec.hbm.bandwidth == 32e9);
  CHECK_THAT(parameter(chip, "hbm.bandwidth").origin, StartsWith("derived from hbm.channels"));
  CHECK_THAT(error_of([&] {
               parse_chip(replaced(text, "  bus_bits: 64", "  # bus_bits: 64"), "f.yaml", {});
             }),
             Contains("no value for hbm.bandwidth, hbm.bus_bits"));
}

TEST_CASE("an override of the bandwidth alone changes the data rate and says so") {
  const Chip chip = load_chip("tpu-v5e", {"hbm.bandwidth=1638.4 GB/s"});
  CHECK(chip.spec.hbm.bandwidth == 1638.4e9);
  CHECK(chip.spec.hbm.data_rate == 6.4e9);
  CHECK(parameter(chip, "hbm.data_rate").origin == "derived from --set hbm.bandwidth");
  CHECK(chip.spec.hbm.tccd_s == Approx(load_chip("tpu-v5e", {}).spec.hbm.tccd_s / 2));
  CHECK(load_chip("tpu-v5e", {"hbm.bandwidth=1638.4 GB/s", "hbm.tccd_s=1 ns"}).spec.hbm.tccd_s ==
        1);
  CHECK(parameter(chip, "hbm.bandwidth").origin == "--set");
  CHECK_THAT(error_set({"hbm.bandwidth=1 MB/s"}), StartsWith("2 ") && Contains("per pin"));
}

TEST_CASE("a file that changes the bandwidth of its base alone changes the data rate") {
  const Chip chip = parse_chip("extends: tiny-4x4\nhbm: {bandwidth: 64 GB/s}\n", "f.yaml", {});
  CHECK(chip.spec.hbm.data_rate == 4e9);
  CHECK(parameter(chip, "hbm.data_rate").origin == "derived from hbm.bandwidth at f.yaml:2");
}

TEST_CASE("an override of the DRAM parameters alone changes the bandwidth") {
  const Chip chip = load_chip("tiny-4x4", {"hbm.channels=4"});
  CHECK(chip.spec.hbm.bandwidth == 128e9);
  CHECK_THAT(parameter(chip, "hbm.bandwidth").origin, StartsWith("derived from"));
}
