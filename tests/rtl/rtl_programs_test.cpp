// SPDX-License-Identifier: Apache-2.0
// Whole programs on a core whose MXUs are in RTL: the cycles, completions and reasons of the block
// level and of the PE level, and the values of the functional model.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "isa/error.hpp"
#include "pe/compare.hpp"
#include "rtl/orders.hpp"
#include "sim/rtl/rtl_array.hpp"

using namespace systole;

namespace {

void check_rtl(const ChipSpec& chip, const Program& program) {
  check_same(chip, program, 1, {{"rtl", rtl_arrays()}, {"pe", pe_arrays()}});
}

ChipSpec rtl_chip(const RtlModel& model, bool shadow = true) {
  ChipSpec chip = pe_chip(model.rows, model.cols);
  chip.mxu.macs_int8 = model.macs;
  chip.mxu.shadow_weights = shadow;
  if (model.output_stationary) chip.mxu.dataflow = Dataflow::kOutputStationary;
  return chip;
}

}  // namespace

TEST_CASE("programs of weight-stationary MXUs take the same cycles in RTL") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : rtl_models()) {
    if (model.output_stationary) continue;
    const std::int64_t rows = model.rows;
    const std::int64_t cols = model.cols;
    for (const bool shadow : {true, false}) {
      INFO(describe(model));
      const ChipSpec chip = rtl_chip(model, shadow);
      MxuBench bench(chip);
      bench.wload(rows, cols).matmul(rows + 2, rows, cols).wloadt(rows, cols, 512);
      bench.matmul(2, rows, cols, false).matmul(1, 1, 1, false, 1).wload(1, cols, 1024);
      bench.matmul(9, 1, cols, true, 20).matmul(9, 1, cols, false, 20);
      check_rtl(chip, bench.finish());
    }
  }
}

TEST_CASE("programs of output-stationary MXUs take the same cycles in RTL") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : rtl_models()) {
    if (!model.output_stationary) continue;
    const std::int64_t rows = model.rows;
    const std::int64_t cols = model.cols;
    for (const bool shadow : {true, false}) {
      INFO(describe(model));
      const ChipSpec chip = rtl_chip(model, shadow);
      MxuBench bench(chip, DataType::kInt8);
      bench.multiply(rows, 5, cols).unload(rows, cols).multiply(rows, 17, cols);
      bench.multiply(rows, 1, cols, false).unload(rows, cols, false);
      bench.multiply<MultiplyTransposed>(rows, 3, 1).unload(1, 1, true, 20);
      check_rtl(chip, bench.finish());
    }
  }
}

TEST_CASE("operands wider than the port enter the RTL as the formulas say") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : rtl_models()) {
    if (model.output_stationary) continue;
    ChipSpec chip = rtl_chip(model);
    chip.vmem.port_width = 3;
    MxuBench bench(chip);
    bench.wload(model.rows, model.cols).matmul(4, model.rows, model.cols);
    bench.wload(model.rows, model.cols, 512).matmul(3, (model.rows + 1) / 2, model.cols, false);
    check_rtl(chip, bench.finish());
  }
}

TEST_CASE("two MXUs are two arrays in RTL") {
  if (!rtl_is_there()) return;
  const RtlModel& model = rtl_models().front();
  const ChipSpec chip = rtl_chip(model);
  const std::int64_t rows = model.rows;
  const std::int64_t cols = model.cols;
  MxuBench bench(chip);
  bench.wload(rows, cols).wload(rows, cols, 512, kMxu1).matmul(5, rows, cols);
  bench.matmul(7, rows, cols, true, 0, 8192, kMxu1).wload(rows, cols, 1024);
  bench.matmul(2, rows, cols, false);
  check_rtl(chip, bench.finish());
}

TEST_CASE("a chip without an array in RTL is refused with the arrays that there are") {
  ChipSpec chip = pe_chip(5, 7);
  chip.name = "odd";
  const std::string wanted = "found no array in RTL for an MXU that is weight-stationary 5 x 7";
  CHECK(why_no_rtl(chip).find(wanted) == 0);
  try {
    rtl_model_of(chip);
    FAIL("it fits");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    const std::string text = error.what();
    CHECK(text == "chip odd: " + why_no_rtl(chip));
    for (const RtlModel& model : rtl_models()) CHECK(text.find(describe(model)) != text.npos);
    CHECK((text.find("scripts/setup test") != text.npos) == !rtl_built());
  }
}

TEST_CASE("a model in RTL fits chips up to its MACs, lines and accumulators") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : rtl_models()) {
    const auto fits = [&](const ChipSpec& chip) {
      return why_no_rtl(chip).empty() && &rtl_model_of(chip) == &model;
    };
    ChipSpec chip = chip_of(model, true, std::max<std::int64_t>(1, model.lines_per_cycle));
    CHECK(fits(chip));
    chip.mxu.acc_depth = model.acc_depth + 1;
    CHECK_FALSE(fits(chip));
    chip.mxu.acc_depth = model.acc_depth - 1;
    chip.mxu.macs_bf16 = model.macs + 1;
    CHECK_FALSE(fits(chip));
    chip.mxu.macs_bf16 = model.macs;
    CHECK(fits(chip));
    ++chip.mxu.weight_rows_per_cycle;
    // More lines than the array has, at once, are all of them.
    const bool all = model.lines_per_cycle >= std::max(model.rows, model.cols);
    CHECK(fits(chip) == (model.output_stationary || all));
  }
}

TEST_CASE("a waveform shows the pins of an array in RTL") {
  if (!rtl_is_there()) return;
  const RtlModel& model = rtl_models().front();
  const ChipSpec chip = rtl_chip(model);
  const std::string path = "rtl_waves_test";
  const Program program =
      MxuBench(chip).wload(model.rows, model.cols).matmul(3, model.rows, model.cols).finish();
  MemoryImage hbm = bench_hbm(1);
  simulate_cycles(chip, program, {}, rtl_arrays(), {.waves = path}, hbm);
  std::ifstream file(path + ".vcd");
  const std::string vcd{std::istreambuf_iterator<char>(file), {}};
  for (const char* pin : {"matmul_i", "lhs_row_o", "loaded_o", "write_sum_o(3)"}) {
    INFO(pin);
    CHECK(vcd.find(pin) != std::string::npos);
  }
  std::filesystem::remove(path + ".vcd");
}
