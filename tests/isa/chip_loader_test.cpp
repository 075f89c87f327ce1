// SPDX-License-Identifier: Apache-2.0
#include "isa/chip_loader.hpp"

#include <random>

#include "catch.hpp"
#include "chip_fixture.hpp"
#include "isa/chip_parameters.hpp"

using namespace systole;
using namespace systole::testing;
using Catch::Contains;
using Catch::StartsWith;

namespace {

// Error of tiny-4x4 with one piece of its text replaced.
std::string error_with(const std::string& from, const std::string& to) {
  return error_of([&] { parse_chip(replaced(tiny_text(), from, to), "f.yaml", {}); });
}
std::string error_set(const std::vector<std::string>& overrides) {
  return error_of([&] { load_chip("tiny-4x4", overrides); });
}

}  // namespace

TEST_CASE("a chip's values reach the members that they are named after") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  CHECK(chip.name == "tpu-v5e");
  CHECK(chip.clock == 1500000000);
  CHECK(chip.mxu.rows == 128);
  CHECK(chip.mxu.shadow_weights);
  CHECK(chip.mxu.dataflow == Dataflow::kWeightStationary);
  CHECK(chip.vmem.size == 128 * kMiB);
  CHECK(chip.hbm.size == 16 * kGiB);
  CHECK(chip.hbm.bandwidth == 819e9);
  CHECK(chip.hbm.kind == HbmKind::kHbm2);
  CHECK(chip.hbm.trefi == 3900);
}

TEST_CASE("each parameter sets its own member") {
  for (const ParameterRow& row : chip_parameters()) {
    ChipSpec chip;
    row.set(chip, row.most);
    INFO(row.key);
    CHECK(row.get(chip) == row.most);
    for (const ParameterRow& other : chip_parameters()) {
      if (other.key != row.key) CHECK(other.get(chip) == other.get(ChipSpec{}));
    }
  }
}

TEST_CASE("bounds are part of the range") {
  for (const ParameterRow& row : chip_parameters()) {
    INFO(row.key);
    CHECK(std::holds_alternative<double>(parse_parameter(row, print_parameter(row, row.least))));
    CHECK(std::holds_alternative<double>(parse_parameter(row, print_parameter(row, row.most))));
  }
  const ParameterRow& rows = *find_parameter("mxu.rows");
  CHECK(std::holds_alternative<Complaint>(parse_parameter(rows, "0")));
  CHECK(std::holds_alternative<double>(parse_parameter(rows, "1")));
  CHECK(std::holds_alternative<double>(parse_parameter(rows, "1024")));
  CHECK(std::holds_alternative<Complaint>(parse_parameter(rows, "1025")));
}

TEST_CASE("every value keeps the line that gave it and that line's comment") {
  const Chip chip = parse_chip(tiny_text(), "dir/f.yaml", {"mxu.rows=8"});
  CHECK(chip.spec.name == "f");
  CHECK(parameter(chip, "clock").origin == "dir/f.yaml:4");
  CHECK_THAT(parameter(chip, "clock").source, StartsWith("estimate: chosen for teaching"));
  CHECK(parameter(chip, "clock").value == "1 GHz");
  CHECK(parameter(chip, "mxu.rows").origin == "--set");
  CHECK(parameter(chip, "mxu.rows").source.empty());
  CHECK(parameter(load_chip("tiny-4x4", {}), "clock").origin == "isa/chips/tiny-4x4.yaml:4");
}

TEST_CASE("an unknown key is an error with the nearest name") {
  CHECK(error_with("  rows: 4 ", "  rowz: 4 ") ==
        "3 f.yaml:15:3: found unknown key 'mxu.rowz'; expected a parameter of a chip; did you mean "
        "'mxu.rows'?");
  CHECK_THAT(error_with("technology:", "technologie:"), Contains("unknown key 'technologie'"));
}

TEST_CASE("a group is a map and a parameter is a value") {
  CHECK_THAT(error_with("clock: 1 GHz", "clock: {x: 1}"), Contains("a map for 'clock'"));
  CHECK_THAT(error_of([] { parse_chip("mxu: 4\n", "f.yaml", {}); }),
             StartsWith("3 f.yaml:1:6: found a value for 'mxu'"));
}

TEST_CASE("a dotted key in a file is the nested one") {
  const std::string text = "extends: tiny-4x4\nmxu.rows: 8\n";
  CHECK(parse_chip(text, "f.yaml", {}).spec.mxu.rows == 8);
  CHECK_THAT(error_of([&] { parse_chip(text + "mxu: {rows: 4}\n", "f.yaml", {}); }),
             StartsWith("3 f.yaml:3:7: found duplicate key 'mxu.rows'"));
}

TEST_CASE("a duplicate key is an error") {
  CHECK_THAT(error_with("  rows: 4 ", "  rows: 8\n  rows: 4 "),
             StartsWith("3 f.yaml:16:3: found duplicate key 'rows'"));
}

TEST_CASE("a missing parameter is an error that names it") {
  const std::string line = tiny_text().substr(tiny_text().find("  rows: 4"));
  const std::string whole = line.substr(0, line.find('\n') + 1);
  CHECK_THAT(error_with(whole, ""), StartsWith("3 f.yaml: found no value for mxu.rows;"));
  CHECK_THAT(error_of([] { parse_chip("clock: 1 GHz\n", "f.yaml", {}); }), Contains("more"));
}

TEST_CASE("a missing value, a missing unit and a wrong unit are errors with their place") {
  CHECK_THAT(error_with("rows: 4 ", "rows: "), StartsWith("3 f.yaml:15:3: found no value"));
  CHECK_THAT(error_with("clock: 1 GHz", "clock: 1"),
             StartsWith("3 f.yaml:4:8: found '1' without a unit; expected a frequency"));
  CHECK_THAT(error_with("size: 64 KiB", "size: 64 Kib"),
             Contains("for vmem.size; did you mean 'KiB'?"));
  CHECK_THAT(error_with("rows: 4 ", "rows: 0 "),
             StartsWith("3 f.yaml:15:9: found '0'; expected 1 to 1024 for mxu.rows"));
  CHECK_THAT(error_with("rows: 4 ", "rows: 010 "), Contains("found '010'"));
}

TEST_CASE("only true and false are booleans, and only known names are choices") {
  for (const char* text : {"yes", "no", "on", "1", "True", "TRUE"}) {
    CHECK_THAT(error_with("shadow_weights: true", std::string("shadow_weights: ") + text),
               Contains("expected false or true for mxu.shadow_weights"));
  }
  CHECK_THAT(error_with("kind: hbm2", "kind: hbm9"), Contains("ddr3 or hbm2 or hbm2e or hbm3"));
  CHECK_THAT(error_with("dataflow: weight_stationary", "dataflow: row_stationary"),
             Contains("expected weight_stationary or output_stationary or input_stationary"));
}

TEST_CASE("a chip extends a preset or a file, and keeps the origin of what it inherits") {
  const TemporaryFolder folder;
  folder.write("base/wide.yaml", "extends: tiny-4x4\nmxu: {cols: 8}  # wide\n");
  const std::string path = folder.write("top.yaml", "extends: base/wide.yaml\nmxu: {rows: 16}\n");
  const Chip chip = load_chip(path, {});
  CHECK(chip.spec.name == "top");
  CHECK(chip.spec.mxu.rows == 16);
  CHECK(chip.spec.mxu.cols == 8);
  CHECK(chip.spec.vmem.size == 64 * kKiB);
  CHECK(parameter(chip, "mxu.rows").origin == path + ":2");
  CHECK_THAT(parameter(chip, "mxu.cols").origin, Catch::EndsWith("base/wide.yaml:2"));
  CHECK(parameter(chip, "mxu.cols").source == "wide");
  CHECK_THAT(parameter(chip, "vmem.size").origin, StartsWith("isa/chips/tiny-4x4.yaml:"));
}

TEST_CASE("a circle of extends is an error that shows it") {
  const TemporaryFolder folder;
  const std::string a = folder.write("a.yaml", "extends: ./b.yaml\n");
  folder.write("b.yaml", "extends: sub/../a.yaml\n");
  folder.write("sub/keep", "");
  CHECK_THAT(error_of([&] { load_chip(a, {}); }),
             Contains("b.yaml:1:10: found extends in a circle: ") && StartsWith("3 "));
  const std::string self = folder.write("self.yaml", "extends: ./self.yaml\n");
  CHECK_THAT(error_of([&] { load_chip(self, {}); }), Contains("circle"));
}

TEST_CASE("a chain of sixteen files is read, one of seventeen is not") {
  const TemporaryFolder folder;
  folder.write("1.yaml", tiny_text());
  for (int i = 2; i <= 17; ++i) {
    folder.write(std::to_string(i) + ".yaml", "extends: ./" + std::to_string(i - 1) + ".yaml\n");
  }
  const std::string last = folder.write("keep", "");
  const std::string stem = last.substr(0, last.size() - 4);
  CHECK(load_chip(stem + "16.yaml", {}).spec.mxu.rows == 4);
  CHECK_THAT(error_of([&] { load_chip(stem + "17.yaml", {}); }), Contains("more than 16 files"));
}

TEST_CASE("what cannot be extended is an error at its place") {
  const auto extends = [](const std::string& base) {
    return error_of([&] { parse_chip("extends: " + base + "\n", "f.yaml", {}); });
  };
  CHECK_THAT(extends("tpu-v5"), StartsWith("3 f.yaml:1:10: found 'tpu-v5'; expected one of"));
  CHECK_THAT(extends("tpu-v5"), Contains("did you mean 'tpu-v5e'"));
  CHECK_THAT(extends("nowhere/at-all.yaml"), StartsWith("3 "));
  CHECK_THAT(extends("{a: 1}"), StartsWith("3 f.yaml:1:10: found a map"));
}

TEST_CASE("an unknown preset is a usage error, a missing file is bad input") {
  CHECK_THAT(error_of([] { load_chip("tpu-v5", {}); }),
             StartsWith("2 found chip 'tpu-v5'") && Contains("did you mean 'tpu-v5e'"));
  CHECK_THAT(error_of([] { load_chip("no/such.yaml", {}); }), StartsWith("3 "));
  CHECK_THAT(error_of([] { load_chip("../chips/tpu-v5e", {}); }), StartsWith("3 "));
  CHECK_THAT(error_of([] { load_chip("", {}); }), StartsWith("2 "));
  CHECK_THAT(error_of([] { load_chip("/", {}); }), StartsWith("3 "));
}

TEST_CASE("a bad override is a usage error") {
  CHECK_THAT(error_set({"mxu.row=8"}),
             StartsWith("2 found --set mxu.row=8") && Contains("did you mean 'mxu.rows'"));
  CHECK_THAT(error_set({"mxu.rows"}), StartsWith("2 ") && Contains("key=value"));
  CHECK_THAT(error_set({"mxu.rows="}), StartsWith("2 "));
  CHECK_THAT(error_set({"mxu.rows=0"}), StartsWith("2 ") && Contains("1 to 1024"));
  CHECK_THAT(error_set({"clock=700"}), StartsWith("2 ") && Contains("without a unit"));
  CHECK_THAT(error_set({"mxu=4"}), StartsWith("2 "));
  CHECK_THAT(error_set({"=4"}), StartsWith("2 "));
  CHECK_THAT(error_set({""}), StartsWith("2 "));
}

TEST_CASE("a later override wins") {
  CHECK(load_chip("tiny-4x4", {"mxu.rows=8", "mxu.rows=16"}).spec.mxu.rows == 16);
  CHECK(load_chip("tiny-4x4", {" mxu.rows = 8 "}).spec.mxu.rows == 8);
}

TEST_CASE("the hash follows values, not names or spellings") {
  const std::uint64_t hash = load_chip("tiny-4x4", {}).hash;
  CHECK(hash != 0);
  CHECK(parse_chip(tiny_text(), "other.yaml", {}).hash == hash);
  CHECK(load_chip("tiny-4x4", {"clock=1000 MHz"}).hash == hash);
  CHECK(load_chip("tiny-4x4", {"clock=1001 MHz"}).hash != hash);
  CHECK(load_chip("tiny-4x4", {"power.tdp=2 W"}).hash != hash);
}

TEST_CASE("every truncation of a chip file ends in a chip or an error with status 3") {
  const std::string text = tiny_text();
  for (std::size_t length = 0; length < text.size(); length += 3) {
    const std::string result = error_of([&] { parse_chip(text.substr(0, length), "f.yaml", {}); });
    CHECK((result == "no error" || result.rfind("3 f.yaml", 0) == 0));
  }
}

TEST_CASE("a chip file with any byte changed ends in a chip or an error with status 3") {
  std::mt19937 random(11);
  for (int round = 0; round < 1500; ++round) {
    std::string text = tiny_text();
    for (int change = 0; change < 3; ++change) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    const std::string result = error_of([&] { parse_chip(text, "f.yaml", {}); });
    INFO(result);
    CHECK((result == "no error" || result.rfind("3 ", 0) == 0));
  }
}
