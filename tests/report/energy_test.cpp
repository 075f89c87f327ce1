// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/energy.hpp"

#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "isa/data_path.hpp"
#include "isa/error.hpp"

using namespace systole;
using Catch::Contains;

namespace {

ChipSpec spec(const std::string& name, const std::vector<std::string>& overrides = {}) {
  return load_chip(name, overrides).spec;
}
double pj(const EnergyTable& table, ActionId id) {
  return table.actions[static_cast<std::size_t>(id)].pj;
}
std::string table_text() {
  std::ifstream file(data_path("sim/energy/energy.yaml"));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
std::string error_of(const std::string& text, const ChipSpec& chip) {
  try {
    parse_energy_table(chip, text, "t.yaml");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    return error.what();
  }
  return "no error";
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}
// A chip at the anchor: 7 nm, 0.75 V, VMEM banks of 1 MiB, accumulator banks of 32 KiB.
const std::vector<std::string> kAnchor{"mxu.acc_depth=8192"};

// The text from line `from` on, up to but without line `to`, taken out.
std::string without(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find("\n" + from + "\n");
  REQUIRE(at != std::string::npos);
  return text.erase(at, text.find("\n" + to, at) - at);
}

}  // namespace

TEST_CASE("at 7 nm the coefficients are the published ones") {
  const EnergyTable table = load_energy_table(spec("tpu-v5e", kAnchor));
  CHECK(pj(table, ActionId::kMacInt8) == Approx(0.10));
  CHECK(pj(table, ActionId::kMacBf16) == Approx(0.59));
  // An estimate: the multiplier of 4 x 4 bits on the line through 8 x 8 and 11 x 11, and the adder.
  const double per_bit = (0.34 - 0.21) / (11 * 11 - 8 * 8);
  CHECK(pj(table, ActionId::kMacFp8) == Approx(0.21 - 48 * per_bit + 0.38).epsilon(0.01));
  CHECK(pj(table, ActionId::kVmemReadBytes) == Approx(14.0 / 8));
  CHECK(pj(table, ActionId::kVmemWriteBytes) == Approx(14.0 / 8 * 1.18));
  CHECK(pj(table, ActionId::kAccReadBytes) == Approx(8.5 / 8));
  CHECK(pj(table, ActionId::kWeightLoadBytes) == Approx(0.031 * 129 / 2));
  CHECK(table.static_watts == 60);
}

TEST_CASE("joules are counts times coefficients, and static watts times seconds") {
  const EnergyTable table = load_energy_table(spec("tpu-v5e", kAnchor));
  std::vector<std::int64_t> counts(kActions.size(), 0);
  const auto count = [&](ActionId id) -> std::int64_t& {
    return counts[static_cast<std::size_t>(id)];
  };
  count(ActionId::kMacBf16) = 1000000000;
  count(ActionId::kVmemReadBytes) = 2000000;
  count(ActionId::kAccReadBytes) = 4000000;
  count(ActionId::kHbmReadBytes) = 256 * 1000;
  count(ActionId::kHbmActivate) = 1000;
  count(ActionId::kIssue) = 5;
  const auto joules = energy_joules(table, counts, 2.0);
  std::map<std::string, double> by_name(joules.begin(), joules.end());
  REQUIRE(by_name.size() == joules.size());
  CHECK(by_name.at("mxu") == Approx(0.59e-3));
  CHECK(by_name.at("vmem") == Approx(2e6 * 1.75e-12));
  CHECK(by_name.at("acc") == Approx(4e6 * 1.0625e-12));
  CHECK(by_name.at("hbm") == Approx(256e3 * 8 * 3.92e-12));
  CHECK(by_name.at("sequencer") == Approx(1e-9));
  CHECK(by_name.at("vpu") == 0);
  CHECK(by_name.at("fifo") == 0);
  CHECK(by_name.at("static") == 120);
  CHECK(joules.back().first == "static");
}

TEST_CASE("every action costs something and is spent by one component") {
  const EnergyTable table = load_energy_table(spec("tpu-v1"));
  for (const ActionRow& action : kActions) {
    INFO(action.name);
    CHECK(pj(table, action.value) > 0);
    std::vector<std::int64_t> counts(kActions.size(), 0);
    counts[static_cast<std::size_t>(action.value)] = 1000;
    double sum = 0;
    for (const auto& [component, joules] : energy_joules(table, counts, 0)) sum += joules;
    CHECK(sum == Approx(pj(table, action.value) * 1e-9));
  }
}

TEST_CASE("every coefficient of every preset says where it comes from and how sure it is") {
  for (const std::string& name : chip_names()) {
    for (const EnergyCoefficient& row : load_energy_table(spec(name)).actions) {
      INFO(name << " " << row.name);
      CHECK(row.origin.size() > 10);
      CHECK((row.confidence == "high" || row.confidence == "medium" || row.confidence == "low"));
      CHECK(row.component == row.name.substr(0, row.name.find('.')));
    }
  }
}

TEST_CASE("activations are part of the published energy per bit and counted once") {
  // At the row use of the average, bytes and activations together cost the published figure.
  const EnergyTable hbm2 = load_energy_table(spec("tpu-v3"));
  CHECK(256 * pj(hbm2, ActionId::kHbmReadBytes) + pj(hbm2, ActionId::kHbmActivate) ==
        Approx(256 * 8 * 3.92));
  const EnergyTable ddr3 = load_energy_table(spec("tpu-v1"));
  CHECK(1024 * pj(ddr3, ActionId::kHbmWriteBytes) + pj(ddr3, ActionId::kHbmActivate) ==
        Approx(1024 * 8 * 20.3));
  // Half a page is half an activation.
  const EnergyTable half = load_energy_table(spec("tpu-v3", {"hbm.page=512 B"}));
  CHECK(pj(half, ActionId::kHbmActivate) == Approx(pj(hbm2, ActionId::kHbmActivate) / 2));
}

TEST_CASE("SRAM energy follows the bank's size by the power law between published sizes") {
  const auto vmem = [](const std::string& banks) {
    return 8 * pj(load_energy_table(spec("tpu-v5e", {"vmem.banks=" + banks})),
                  ActionId::kVmemReadBytes);
  };
  CHECK(vmem("4096") == Approx(8.5));   // 32 KiB
  CHECK(vmem("128") == Approx(14));     // 1 MiB
  CHECK(vmem("32") == Approx(15.9));    // 4 MiB
  CHECK(vmem("1") == Approx(120));      // 128 MiB
  CHECK(vmem("16384") == Approx(7.5));  // 8 KiB
  CHECK(vmem("65536") == Approx(7.5));  // 2 KiB: that of 8 KiB is an upper bound
  // 256 KiB lies three fifths of the way from 32 KiB to 1 MiB in powers of two.
  CHECK(vmem("512") == Approx(8.5 * std::pow(14 / 8.5, 0.6)));
}

TEST_CASE("a bank larger than the table's largest is refused") {
  CHECK_THAT(error_of(table_text(), spec("tpu-v5e", {"vmem.banks=1", "vmem.size=129 MiB"})),
             Contains("a bank of 129 MiB") && Contains("at most 128 MiB"));
}

TEST_CASE("node and voltage scale logic and SRAM but not the memory chips") {
  const EnergyTable base = load_energy_table(spec("tpu-v5e"));
  const EnergyTable older =
      load_energy_table(spec("tpu-v5e", {"technology.node=28 nm", "technology.voltage=0.9 V"}));
  CHECK(pj(older, ActionId::kMacBf16) == Approx(0.59 * 2.19));
  CHECK(pj(older, ActionId::kVmemReadBytes) == Approx(60.6 / 8));
  CHECK(pj(older, ActionId::kHbmReadBytes) == pj(base, ActionId::kHbmReadBytes));
  const EnergyTable doubled = load_energy_table(spec("tpu-v5e", {"technology.voltage=1.5 V"}));
  CHECK(pj(doubled, ActionId::kMacBf16) == Approx(4 * 0.59));
  CHECK(pj(doubled, ActionId::kVmemReadBytes) == Approx(4 * pj(base, ActionId::kVmemReadBytes)));
  CHECK(pj(doubled, ActionId::kHbmReadBytes) == pj(base, ActionId::kHbmReadBytes));
}

TEST_CASE("a coarser node never costs less") {
  double last = 0;
  for (const char* node : {"3 nm", "5 nm", "7 nm", "16 nm", "28 nm", "45 nm"}) {
    // At the same voltage over nominal: each node's own.
    const std::map<std::string, std::string> nominal{{"3 nm", "0.75 V"}, {"5 nm", "0.75 V"},
                                                     {"7 nm", "0.75 V"}, {"16 nm", "0.8 V"},
                                                     {"28 nm", "0.9 V"}, {"45 nm", "0.9 V"}};
    const EnergyTable table =
        load_energy_table(spec("tpu-v5e", {std::string("technology.node=") + node,
                                           "technology.voltage=" + nominal.at(node)}));
    CHECK(pj(table, ActionId::kMacBf16) > last);
    last = pj(table, ActionId::kMacBf16);
  }
}

TEST_CASE("a table that lacks an action is refused, whichever it is") {
  for (std::size_t i = 0; i < kActions.size(); ++i) {
    const std::string name(kActions[i].name);
    const std::string next =
        i + 1 < kActions.size() ? "  " + std::string(kActions[i + 1].name) + ":" : "sram_write:";
    CHECK_THAT(error_of(without(table_text(), "  " + name + ":", next), spec("tpu-v5e")),
               Contains("no energy for action '" + name + "'"));
  }
}

TEST_CASE("an unknown action is refused with the nearest name") {
  CHECK_THAT(error_of(replaced(table_text(), "  vpu.alu:", "  vpu.alo:"), spec("tpu-v5e")),
             Contains("unknown key 'vpu.alo'") && Contains("did you mean 'vpu.alu'"));
}

TEST_CASE("an unknown node or memory is refused by name") {
  CHECK_THAT(
      error_of(table_text(), spec("tpu-v5e", {"technology.node=12 nm"})),
      Contains("technology.node 12 nm") && Contains("45 nm, 28 nm, 16 nm, 7 nm, 5 nm, 3 nm"));
  CHECK_THAT(error_of(without(table_text(), "  hbm2:", "  hbm2e:"), spec("tpu-v5e")),
             Contains("hbm.kind hbm2"));
}

TEST_CASE("a damaged table is refused") {
  const ChipSpec chip = spec("tpu-v5e");
  CHECK(error_of(table_text(), chip) == "no error");
  CHECK_THAT(error_of(replaced(table_text(), "energy: 0.59 pJ", "energy: 0.59"), chip),
             Contains("without a unit"));
  CHECK_THAT(error_of(replaced(table_text(), "model: logic", "model: magic"), chip),
             Contains("'magic'"));
  CHECK_THAT(error_of(replaced(table_text(), "array: acc ", "energy: 1 pJ "), chip),
             Contains("unknown key 'energy'"));
  CHECK_THAT(error_of(replaced(table_text(), "32 KiB: 8.5 pJ", "4 KiB: 8.5 pJ"), chip),
             Contains("ascending"));
  CHECK_THAT(error_of(replaced(table_text(), "confidence: medium", "confidence: sure"), chip),
             Contains("low, medium or high"));
  CHECK_THAT(error_of(replaced(table_text(), "activate: 909 pJ", "activate: 90 nJ"), chip),
             Contains("a share of the energy per bit"));
  CHECK_THAT(error_of("actions: 3\n", chip), Contains("t.yaml"));
  // What follows HBM2 in the file, this chip has no need of.
  for (std::size_t length = 0; length < table_text().find("  hbm2e:") - 20; length += 97) {
    CHECK_THAT(error_of(table_text().substr(0, length), chip), Catch::StartsWith("t.yaml"));
  }
}

TEST_CASE("counts that are not one per action, or negative, are our own bug") {
  const EnergyTable table = load_energy_table(spec("tpu-v5e"));
  std::vector<std::int64_t> counts(kActions.size(), 0);
  counts[3] = -1;
  CHECK_THROWS_AS(energy_joules(table, counts, 0), std::logic_error);
  counts.pop_back();
  CHECK_THROWS_AS(energy_joules(table, counts, 0), std::logic_error);
}
