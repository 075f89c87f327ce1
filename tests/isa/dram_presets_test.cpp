// SPDX-License-Identifier: Apache-2.0
#include "isa/dram_presets.hpp"

#include <fstream>

#include "catch.hpp"
#include "chip_fixture.hpp"
#include "isa/chip_parameters.hpp"

using namespace systole;
using namespace systole::testing;
using Catch::Contains;
using Catch::StartsWith;

TEST_CASE("there is a device of each standard") {
  CHECK(dram_names() == std::vector<std::string>{"ddr3", "hbm2", "hbm2e", "hbm3"});
  for (const std::string& name : dram_names()) {
    const Chip chip = load_chip("tiny-4x4", {"hbm.extends=" + name});
    CHECK(parameter(chip, "hbm.kind").value == name);
  }
}

TEST_CASE("a device gives all parameters of a DRAM, each with its source, and none of the chip's") {
  for (const std::string& name : dram_names()) {
    const Layer layer = dram_layer(name);
    CHECK(layer.settings.size() == dram_keys().size());
    for (const Setting& setting : layer.settings) {
      INFO(name << " " << setting.key);
      CHECK(setting.source.size() >= 6);
      CHECK_THAT(setting.origin, StartsWith("isa/dram/" + name + ".yaml:"));
    }
  }
  const std::vector<std::string> keys = dram_keys();
  CHECK(keys.size() == 26);
  for (const char* key : {"hbm.channels", "hbm.size", "hbm.queue", "mxu.rows"}) {
    CHECK(std::find(keys.begin(), keys.end(), key) == keys.end());
  }
}

TEST_CASE("a chip that extends a device takes its parameters and keeps its own") {
  const Chip base = load_chip("tpu-v5e", {});
  const Chip chip = load_chip("tpu-v5e", {"hbm.extends=hbm3"});
  CHECK(chip.spec.hbm.kind == HbmKind::kHbm3);
  CHECK(chip.spec.hbm.trcd == 19.375);
  CHECK(chip.spec.hbm.channels == base.spec.hbm.channels);
  CHECK(chip.spec.hbm.latency == base.spec.hbm.latency);
  CHECK(chip.spec.hbm.bandwidth == Approx(16 * 2 * 4 * 6.4e9));  // what the device gives
  CHECK_THAT(parameter(chip, "hbm.trcd").origin, StartsWith("isa/dram/hbm3.yaml:"));
  CHECK_THAT(parameter(chip, "hbm.size").origin, StartsWith("isa/chips/tpu-v5e.yaml:"));
}

TEST_CASE("settings beside a device win over it, wherever they stand") {
  for (const std::vector<std::string>& overrides :
       {std::vector<std::string>{"hbm.extends=hbm3", "hbm.trcd=11 ns"},
        std::vector<std::string>{"hbm.trcd=11 ns", "hbm.extends=hbm3"}}) {
    const ChipSpec chip = load_chip("tpu-v5e", overrides).spec;
    CHECK(chip.hbm.trcd == 11);
    CHECK(chip.hbm.trp == 16.25);
  }
  // A later device replaces an earlier one.
  CHECK(load_chip("tpu-v5e", {"hbm.extends=hbm3", "hbm.extends=hbm2e"}).spec.hbm.kind ==
        HbmKind::kHbm2e);
  const ChipSpec file =
      parse_chip("extends: tpu-v5e\nhbm:\n  trcd: 11 ns\n  extends: hbm3\n", "f.yaml", {}).spec;
  CHECK(file.hbm.trcd == 11);
  CHECK(file.hbm.kind == HbmKind::kHbm3);
  CHECK(file.hbm.bandwidth == Approx(819.2e9));
}

TEST_CASE("a bandwidth beside a device sets its data rate and its column distances") {
  const ChipSpec chip = load_chip("tpu-v5e", {"hbm.extends=hbm3", "hbm.bandwidth=409.6 GB/s"}).spec;
  CHECK(chip.hbm.data_rate == 3.2e9);
  CHECK(chip.hbm.tccd_s == 2.5);
  CHECK(chip.hbm.tccd_l == 5);
}

TEST_CASE("an unknown device is an error with the nearest name and its place") {
  const auto error = [](const std::string& text) {
    return error_of([&] { parse_chip(text, "f.yaml", {}); });
  };
  CHECK_THAT(error("extends: tpu-v5e\nhbm:\n  extends: hbm4\n"),
             StartsWith("3 f.yaml:3:12: found 'hbm4'") && Contains("ddr3, hbm2, hbm2e, hbm3") &&
                 Contains("did you mean"));
  CHECK_THAT(error("extends: tpu-v5e\nhbm:\n  extends:\n    a: b\n"),
             StartsWith("3 f.yaml:4:5: found a map"));
  CHECK_THAT(error("extends: tpu-v5e\nmxu:\n  extends: hbm3\n"), Contains("mxu.extends"));
  CHECK_THAT(error_of([] { load_chip("tpu-v5e", {"hbm.extends=hbn3"}); }),
             StartsWith("2 ") && Contains("did you mean 'hbm3'"));
  CHECK_THROWS_AS(dram_layer("hbm4"), std::logic_error);
}

TEST_CASE("every line of a device with a value ends in a comment") {
  for (const std::string& name : dram_names()) {
    std::ifstream file(data_path("isa/dram/" + name + ".yaml"));
    std::string line;
    std::size_t lines = 0;
    while (std::getline(file, line)) {
      const std::size_t colon = line.find(": ");
      if (line.empty() || line[0] == '#' || colon == std::string::npos) continue;
      INFO(name << ": " << line);
      CHECK(line.find(" # ", colon) != std::string::npos);
      ++lines;
    }
    CHECK(lines == dram_keys().size());
  }
}
