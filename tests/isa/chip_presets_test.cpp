// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "chip_fixture.hpp"
#include "isa/chip_checks.hpp"
#include "isa/chip_parameters.hpp"

using namespace systole;
using namespace systole::testing;

namespace {

double peak(const ChipSpec& chip, DataType type) {
  return 2.0 * static_cast<double>(peak_macs_per_cycle(chip, type) * chip.clock * chip.core.count);
}

}  // namespace

TEST_CASE("the presets are found by name") {
  for (const char* name : {"tiny-4x4", "gemmini-16x16", "tpu-v1", "tpu-v2", "tpu-v3", "tpu-v4i",
                           "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7"}) {
    const std::vector<std::string> names = chip_names();
    CHECK(std::find(names.begin(), names.end(), name) != names.end());
    CHECK(load_chip(name, {}).spec.name == name);
  }
}

TEST_CASE("every value of every preset names its source") {
  for (const std::string& name : chip_names()) {
    for (const ResolvedParameter& p : load_chip(name, {}).parameters) {
      INFO(name << " " << p.key << " at " << p.origin);
      CHECK(p.source.size() >= 6);
      CHECK((p.origin.rfind("isa/chips/", 0) == 0 || p.origin.rfind("isa/dram/", 0) == 0));
    }
  }
}

TEST_CASE("every line of a preset with a value ends in a comment") {
  for (const std::string& name : chip_names()) {
    std::ifstream file(data_path("isa/chips/" + name + ".yaml"));
    std::string line;
    int lines = 0;
    bool extends = false;
    while (std::getline(file, line)) {
      const std::size_t colon = line.find(": ");
      if (line.empty() || line[0] == '#' || colon == std::string::npos) continue;
      if (line.substr(0, colon).ends_with("extends")) {
        extends = true;
        continue;
      }
      INFO(name << ": " << line);
      CHECK(line.find(" # ", colon) != std::string::npos);
      ++lines;
    }
    if (!extends) CHECK(lines == static_cast<int>(chip_parameters().size()));
  }
}

TEST_CASE("peaks and bandwidths are the published ones, to half a percent") {
  struct Published {
    const char* chip;
    DataType type;
    double tops;
    double gb_per_s;
  };
  for (const Published& p : {Published{"tpu-v1", DataType::kInt8, 92, 34},
                             Published{"tpu-v3", DataType::kBf16, 123, 900},
                             Published{"tpu-v4i", DataType::kBf16, 138, 614},
                             Published{"tpu-v4i", DataType::kInt8, 138, 614},
                             Published{"tpu-v5e", DataType::kBf16, 197, 819},
                             Published{"tpu-v5e", DataType::kInt8, 393, 819},
                             Published{"tpu-v2", DataType::kBf16, 46, 700},
                             Published{"tpu-v4", DataType::kBf16, 275, 1200},
                             Published{"tpu-v4", DataType::kInt8, 275, 1200},
                             Published{"tpu-v5p", DataType::kBf16, 459, 2765},
                             Published{"tpu-v5p", DataType::kInt8, 918, 2765},
                             Published{"tpu-v7", DataType::kBf16, 2307, 7380},
                             Published{"tpu-v7", DataType::kFp8E5m2, 4614, 7380},
                             Published{"tpu-v6e", DataType::kBf16, 918, 1640},
                             Published{"tpu-v6e", DataType::kInt8, 1836, 1640},
                             Published{"tpu-v6e", DataType::kFp8E4m3, 918, 1640}}) {
    const ChipSpec chip = load_chip(p.chip, {}).spec;
    INFO(p.chip << " " << name_of(p.type));
    CHECK(peak(chip, p.type) == Approx(p.tops * 1e12).epsilon(0.005));
    CHECK(chip.hbm.bandwidth == p.gb_per_s * 1e9);
    CHECK(dram_bandwidth(chip.hbm) == Approx(p.gb_per_s * 1e9).epsilon(0.005));
  }
}

TEST_CASE("the published vector peak of TPU v3 is 4 TFLOP/s") {
  const ChipSpec chip = load_chip("tpu-v3", {}).spec;
  const double peak = static_cast<double>(chip.vpu.lanes * chip.vpu.sublanes * chip.vpu.alus *
                                          chip.clock * chip.core.count);
  CHECK(peak == Approx(4e12).epsilon(0.05));
}

TEST_CASE("TPU v4i and v4 have a CMEM of 128 MiB, which the cores of v4 share, and others none") {
  for (const std::string& name : chip_names()) {
    const ChipSpec chip = load_chip(name, {}).spec;
    INFO(name);
    const bool has = name == "tpu-v4i" || name == "tpu-v4";
    CHECK(chip.cmem.size == (has ? 128 * kMiB : 0));
    CHECK(cmem_count(chip, chip.core.count) == (has ? 1 : 0));
  }
}

TEST_CASE("the cores of TPU v2, v3 and v7 have HBM of their own, those of v4 and v5p share it") {
  for (const char* name : {"tpu-v2", "tpu-v3", "tpu-v7"}) {
    const ChipSpec chip = load_chip(name, {}).spec;
    CHECK(chip.core.count == 2);
    CHECK(hbm_shares(chip, 2) == 2);
    CHECK(hbm_base(chip, 1) == chip.hbm.size / 2);
  }
  for (const char* name : {"tpu-v4", "tpu-v5p"}) {
    const ChipSpec chip = load_chip(name, {}).spec;
    CHECK(chip.core.count == 2);
    CHECK(hbm_shares(chip, 2) == 1);
    CHECK(hbm_base(chip, 1) == 0);
  }
}

TEST_CASE("one DMA engine keeps enough requests in flight for a core's bandwidth") {
  for (const std::string& name : chip_names()) {
    const ChipSpec chip = load_chip(name, {}).spec;
    const double share = chip.hbm.per_core ? static_cast<double>(chip.core.count) : 1;
    const double seconds = (chip.hbm.latency + chip.hbm.trcd + chip.hbm.tcl) * 1e-9;
    INFO(name);
    CHECK(static_cast<double>(chip.dma.outstanding * chip.dma.request) >=
          chip.hbm.bandwidth / share * seconds);
  }
}

TEST_CASE("the fixed part of a copy on later TPUs is the 0.58 us measured on TPU v4") {
  for (const char* name :
       {"tpu-v2", "tpu-v3", "tpu-v4i", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7"}) {
    const ChipSpec chip = load_chip(name, {}).spec;
    const double setup =
        static_cast<double>(chip.dma.setup) * 1e9 / static_cast<double>(chip.clock);
    INFO(name);
    CHECK(setup + chip.hbm.latency + chip.hbm.trcd + chip.hbm.tcl == Approx(580).margin(5));
  }
}

TEST_CASE("column-to-column times are those of the interface clock") {
  for (const std::string& name : chip_names()) {
    const ChipSpec chip = load_chip(name, {}).spec;
    const double burst_ns = static_cast<double>(chip.hbm.burst) / chip.hbm.data_rate * 1e9;
    INFO(name);
    CHECK(chip.hbm.tccd_s == Approx(burst_ns).epsilon(0.001));
  }
}

TEST_CASE("a resolved chip is printed with value, origin and source of every parameter") {
  const Chip chip = load_chip("tpu-v1", {"mxu.rows=128"});
  const std::string text = chip_text(chip);
  CHECK(text.rfind("chip tpu-v1, hash " + hash_hex(chip) + "\n", 0) == 0);
  for (const ParameterRow& row : chip_parameters()) {
    CHECK(text.find("\n" + std::string(row.key) + " ") != std::string::npos);
  }
  CHECK(text.find("Jouppi et al., ISCA 2017, Table 2") != std::string::npos);
  CHECK(text.find("--set") != std::string::npos);
}

TEST_CASE("a chip in JSON has numbers in base units beside their text") {
  const auto json = chip_json(load_chip("tpu-v5e", {}));
  CHECK(json["name"] == "tpu-v5e");
  CHECK(json["clock"]["value"] == 1500000000);
  CHECK(json["clock"]["unit"] == "Hz");
  CHECK(json["clock"]["text"] == "1.5 GHz");
  CHECK(json["mxu.rows"]["value"] == 128);
  CHECK_FALSE(json["mxu.rows"].contains("unit"));
  CHECK(json["mxu.shadow_weights"]["value"] == true);
  CHECK(json["hbm.kind"]["value"] == "hbm2");
  CHECK(json["hbm.tccd_s"]["value"] == 1.25);
  CHECK(json["hbm.tccd_s"]["unit"] == "ns");
  CHECK(json["vmem.size"]["value"] == 134217728);
  CHECK(json.size() == chip_parameters().size() + 2);
}

TEST_CASE("the reference names every parameter with its bounds") {
  const std::string page = chip_reference();
  for (const ParameterRow& row : chip_parameters()) {
    CHECK(page.find("| `" + std::string(row.key) + "` |") != std::string::npos);
    CHECK(page.find(row.doc) != std::string::npos);
  }
  CHECK(page.find("1 to 1024") != std::string::npos);
}

TEST_CASE("docs/chip.md is the reference of the parameter table") {
  const std::string path = SYSTOLE_SOURCE_ROOT "/docs/chip.md";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << chip_reference();
  std::ifstream file(path);
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  CHECK(page == chip_reference());
}
