// SPDX-License-Identifier: Apache-2.0
// The output-stationary array in RTL, alone: its cycles are those of the formulas, its sums those
// of plain loops.
#include "catch.hpp"
#include "rtl/orders.hpp"

using namespace systole;

namespace {

std::vector<RtlModel> os_models() { return rtl_models_of(true); }

void check(const ChipSpec& chip, const Orders& orders) { CHECK(difference(chip, orders) == ""); }

}  // namespace

TEST_CASE("a multiply in RTL takes K + R + C - 2 cycles, its unload R more after its last step") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : os_models()) {
    const ChipSpec chip = chip_of(model);
    for (const std::int64_t k : {1, 2, 5, 16}) {
      Orders orders(chip, DataType::kBf16);
      orders.multiply(model.rows, k, model.cols).unload(model.rows, model.cols);
      RtlBench bench(chip);
      const RtlRun run = bench.run(orders.list());
      const Cycles drain = model.rows + model.cols - 2;
      CHECK(run.told[0] == Told{0, k, k + drain});
      CHECK(run.told[1] == Told{k, k + model.rows, k + model.rows + drain});
    }
  }
}

TEST_CASE("an unload in RTL hides behind the next multiply, with shadow registers") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : os_models()) {
    for (const bool shadow : {true, false}) {
      const ChipSpec chip = chip_of(model, shadow);
      for (const DataType type : kOperandTypes) {
        for (const std::int64_t k : {std::int64_t{1}, model.rows, model.rows + 1,
                                     std::max<std::int64_t>(1, model.rows - 1)}) {
          Orders orders(chip, type);
          for (int tile = 0; tile < 4; ++tile) {
            orders.multiply(model.rows, k, model.cols);
            orders.unload(model.rows, model.cols, 3 * tile, tile % 2 == 0);
          }
          check(chip, orders);
        }
      }
    }
  }
}

TEST_CASE("sums in RTL go on where a multiply is not the first") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : os_models()) {
    const ChipSpec chip = chip_of(model);
    for (const DataType type : kOperandTypes) {
      Orders orders(chip, type);
      const std::int64_t rows = std::min<std::int64_t>(2, model.rows);
      const std::int64_t cols = std::min<std::int64_t>(2, model.cols);
      orders.multiply(rows, 3, cols).multiply(rows, 1, cols, false);
      orders.multiply(rows, 4, cols, false).unload(rows, cols);
      orders.multiply(1, 1, 1).multiply(1, 1, 1, false).unload(1, 1, 0, true);
      check(chip, orders);
    }
  }
}

TEST_CASE("partial unloads in RTL write no row and no column beyond theirs") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : os_models()) {
    const ChipSpec chip = chip_of(model);
    for (std::int64_t rows = 1; rows <= model.rows; ++rows) {
      const std::int64_t cols = 1 + rows % model.cols;
      Orders orders(chip, DataType::kInt8);
      orders.multiply(model.rows, 5, model.cols).unload(rows, cols, 2);
      check(chip, orders.multiply(rows, 2, cols).unload(rows, cols, 2, true));
    }
  }
}

TEST_CASE("steps in RTL enter in the last cycle of their interval") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : os_models()) {
    for (const Cycles interval : {2, 3, 7}) {
      for (const bool shadow : {true, false}) {
        const ChipSpec chip = chip_of(model, shadow);
        Orders orders(chip, DataType::kBf16);
        orders.multiply(model.rows, 3, model.cols, true, interval).unload(model.rows, model.cols);
        orders.multiply(model.rows, 2, model.cols).unload(model.rows, model.cols, 0, true);
        check(chip, orders);
      }
    }
  }
}

TEST_CASE("a missing element of a step in RTL is not multiplied") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : os_models()) {
    ChipSpec chip = chip_of(model);
    chip.mxu.macs_bf16 = model.macs;
    Orders orders(chip, DataType::kBf16);
    check(chip, orders.multiply(1, 2 * model.macs - 1, model.cols).unload(1, model.cols));
  }
}

TEST_CASE("random multiplies and unloads take the formulas' cycles in RTL") {
  if (!rtl_is_there()) return;
  const std::uint64_t seed = GENERATE(1, 2, 3, 4);
  for (const RtlModel& model : os_models()) {
    for (std::uint64_t n = 0; n < 25; ++n) {
      INFO("seed " << seed << ", program " << n << ", " << describe(model));
      Orders pick(ChipSpec{}, DataType::kInt8, seed * 1000 + n);
      const ChipSpec chip = chip_of(model, pick.draw(0, 2) > 0);
      Orders orders(chip, kOperandTypes[static_cast<std::size_t>(pick.draw(0, 3))], n);
      for (int k = 0; k < 6; ++k) {
        const std::int64_t rows = pick.draw(1, model.rows);
        const std::int64_t cols = pick.draw(1, model.cols);
        const std::int64_t parts = pick.draw(1, 3);
        for (std::int64_t part = 0; part < parts; ++part) {
          const Cycles interval = pick.draw(1, 2) * pick.draw(1, 2);
          orders.multiply(rows, pick.draw(1, 9), cols, part == 0, interval);
        }
        orders.unload(pick.draw(1, rows), pick.draw(1, cols), 4 * k, pick.draw(0, 1) == 0);
      }
      check(chip, orders);
    }
  }
}

TEST_CASE("each mistake that is planted in the output-stationary RTL is found") {
  if (!rtl_is_there()) return;
  // 1 sums never start from 0, 2 missing elements count, 3 sums are overwritten, 4 without shadow
  // registers a multiply is taken before the sums are out, 5 rows of rhs come without skew
  const int fault = GENERATE(0, 1, 2, 3, 4, 5);
  const RtlModel model = os_models().front();
  const ChipSpec chip = chip_of(model, fault != 4);
  Orders orders(chip, DataType::kInt8);
  for (int tile = 0; tile < 2; ++tile) {
    orders.multiply(model.rows, 2 * model.macs - 1, model.cols);
    orders.unload(model.rows, model.cols, tile, tile > 0);
  }
  INFO("mistake " << fault);
  CHECK(difference(chip, orders, fault).empty() == (fault == 0));
}
