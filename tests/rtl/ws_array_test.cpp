// SPDX-License-Identifier: Apache-2.0
// The weight-stationary array in RTL, alone: its cycles are those of the formulas, its sums those
// of plain loops.
#include <array>
#include <csignal>

#include "catch.hpp"
#include "rtl/orders.hpp"
#include "timing/in_child.hpp"

using namespace systole;

namespace {

std::vector<RtlModel> ws_models() { return rtl_models_of(false); }

void check(const ChipSpec& chip, const Orders& orders) { CHECK(difference(chip, orders) == ""); }

class Deaf : public ArrayListener {
  void loaded() override {}
  void fed() override {}
  void multiplied() override {}
  void shifted() override {}
  void unloaded() override {}
};

}  // namespace

TEST_CASE("a matmul in RTL takes M + R + C - 2 cycles after its weights' R") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : ws_models()) {
    const ChipSpec chip = chip_of(model);
    for (const std::int64_t m : {1, 2, 5, 16}) {
      Orders orders(chip, DataType::kInt8);
      RtlBench bench(chip);
      const RtlRun run = bench.run(orders.load().matmul(m).list());
      const Cycles end = model.rows + m + model.rows + model.cols - 2;
      CHECK(run.told[0] == Told{0, model.rows, model.rows});
      CHECK(run.told[1] == Told{model.rows, model.rows + m, end});
    }
  }
}

TEST_CASE("back-to-back matmuls in RTL hide a weight load behind at least R rows") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : ws_models()) {
    for (const bool shadow : {true, false}) {
      const ChipSpec chip = chip_of(model, shadow);
      for (const DataType type : kOperandTypes) {
        for (const std::int64_t m : {std::int64_t{1}, model.rows, model.rows + 1,
                                     std::max<std::int64_t>(1, model.rows - 1)}) {
          Orders orders(chip, type);
          for (int tile = 0; tile < 4; ++tile) {
            orders.load().matmul(m, orders.depth(), model.cols, tile * (m + 1));
          }
          orders.matmul(1, orders.depth(), model.cols, 60).matmul(2);
          check(chip, orders);
        }
      }
    }
  }
}

TEST_CASE("the swap of a matmul in RTL comes in its first cycle, not with its first row") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : ws_models()) {
    const ChipSpec chip = chip_of(model, true, model.lines_per_cycle);
    Orders orders(chip, DataType::kBf16);
    // With an interval of 40, the next weights are all in the array before the first row enters.
    for (int tile = 0; tile < 3; ++tile) {
      orders.load().matmul(1, orders.depth(), model.cols, tile, false, 40);
    }
    check(chip, orders);
  }
}

TEST_CASE("partial tiles in RTL write no column beyond theirs") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : ws_models()) {
    const ChipSpec chip = chip_of(model);
    for (const DataType type : kOperandTypes) {
      const std::int64_t depth = weight_tile_depth(chip.mxu, type);
      for (std::int64_t d = 1; d <= depth; ++d) {
        const std::int64_t cols = 1 + d % model.cols;
        Orders orders(chip, type);
        check(chip, orders.load(d, cols).matmul(3, d, cols).matmul(2, 1, 1, 1, true));
      }
    }
  }
}

TEST_CASE("a missing element in RTL is not multiplied, whatever its weight") {
  if (!rtl_is_there()) return;
  const ChipSpec chip = chip_of(ws_models().front());
  Orders orders(chip, DataType::kBf16);
  orders.load();
  constexpr Word kInfinity = 0x7F80;
  auto& weights = std::get<WeightOrder>(orders.list().back()).weights;
  std::fill(weights.end() - chip.mxu.cols, weights.end(), kInfinity);  // of the last array row
  orders.matmul(2, orders.depth() - 1, chip.mxu.cols);
  check(chip, orders);
}

TEST_CASE("lines of weights in RTL come one to four at a time, as rows or as columns") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : ws_models()) {
    for (std::int64_t lines = 1; lines <= model.lines_per_cycle; ++lines) {
      for (const bool shadow : {true, false}) {
        for (const Cycles interval : {1, 3}) {
          const ChipSpec chip = chip_of(model, shadow, lines);
          Orders orders(chip, DataType::kInt8);
          const std::int64_t depth = orders.depth();
          const std::int64_t cols = model.cols;
          orders.load(depth, cols, true, interval).matmul(2);
          orders.load(depth, cols, false, interval).matmul(1, depth, cols, 2);
          orders.load(depth - 1, (cols + 1) / 2, true, interval).matmul(3, 1, 1, 3);
          orders.load(1, 1).load(depth, cols, true).matmul(2, depth, cols, 6);
          check(chip, orders);
        }
      }
    }
  }
}

TEST_CASE("rows in RTL enter in the last cycle of their interval") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : ws_models()) {
    for (const Cycles interval : {2, 3, 7}) {
      const ChipSpec chip = chip_of(model);
      Orders orders(chip, DataType::kBf16);
      orders.load().matmul(3, orders.depth(), model.cols, 0, false, interval);
      orders.load().matmul(2, orders.depth(), model.cols, 1, true, 1);
      check(chip, orders);
    }
  }
}

TEST_CASE("a chain in RTL adds to the sums of the cycle before") {
  if (!rtl_is_there()) return;
  for (const RtlModel& model : ws_models()) {
    for (const DataType type : kOperandTypes) {
      const ChipSpec chip = chip_of(model);
      Orders orders(chip, type);
      orders.load().matmul(1);
      for (int k = 0; k < 6; ++k) orders.matmul(1, orders.depth(), model.cols, 0, true);
      check(chip, orders);
    }
  }
}

TEST_CASE("sums that another unit has written are added to in RTL") {
  if (!rtl_is_there()) return;
  const ChipSpec chip = chip_of(ws_models().front());
  Orders orders(chip, DataType::kInt8);
  orders.load().matmul(3, orders.depth(), chip.mxu.cols, 5, true);
  constexpr std::uint32_t kBefore = 1000;
  ExpectedSums expected(chip);
  RtlBench bench(chip);
  for (std::int64_t c = 0; c < chip.mxu.cols; ++c) expected.sums().write(6, c, kBefore);
  const RtlRun run = bench.run(orders.list(), [&](Cycles now) {
    if (now != 2) return;
    for (std::int64_t c = 0; c < chip.mxu.cols; ++c) bench.sums().write(6, c, kBefore);
    bench.array().accumulators_changed(5, 2);
  });
  CHECK(first_difference(chip, run, ExpectedTimes(chip).of(orders.list()),
                         expected.after(orders.list())) == "");
}

TEST_CASE("random orders take the formulas' cycles in RTL") {
  if (!rtl_is_there()) return;
  const std::uint64_t seed = GENERATE(1, 2, 3, 4);
  for (const RtlModel& model : ws_models()) {
    for (std::uint64_t n = 0; n < 25; ++n) {
      INFO("seed " << seed << ", program " << n << ", " << describe(model));
      Orders pick(ChipSpec{}, DataType::kInt8, seed * 1000 + n);
      const ChipSpec chip =
          chip_of(model, pick.draw(0, 2) > 0, pick.draw(1, model.lines_per_cycle));
      Orders orders(chip, kOperandTypes[static_cast<std::size_t>(pick.draw(0, 3))], n);
      std::int64_t depth = 0;
      std::int64_t cols = 0;
      for (int k = 0; k < 12; ++k) {
        if (k == 0 || pick.draw(0, 2) == 0) {
          depth = pick.draw(1, orders.depth());
          cols = pick.draw(1, model.cols);
          orders.load(depth, cols, pick.draw(0, 1) == 0, pick.draw(1, 2) * pick.draw(1, 2));
        } else {
          orders.matmul(pick.draw(1, 9), pick.draw(1, depth), pick.draw(1, cols), 4 * k,
                        pick.draw(0, 1) == 0, pick.draw(1, 2) * pick.draw(1, 2));
        }
      }
      check(chip, orders);
    }
  }
}

TEST_CASE("the RTL stops at an order that it cannot take") {
  if (!rtl_is_there()) return;
  // Two matmuls of two rows, the second one `later` cycles after the first.
  const auto two_matmuls = [](Cycles later) {
    std::signal(SIGABRT, SIG_DFL);  // in a child: Catch's handler would report it
    const ChipSpec chip = chip_of(ws_models().front());
    SumTable sums(chip.mxu.acc_depth, chip.mxu.cols);
    Deaf listener;
    const auto array = rtl_model_of(chip).make(chip, sums, listener);
    Orders orders(chip, DataType::kInt8);
    const MatmulOrder matmul = std::get<MatmulOrder>(orders.matmul(2).list().front());
    array->order(matmul);
    for (Cycles n = 0; n < later; ++n) array->clock();
    array->order(matmul);
    array->clock();
    return 0;
  };
  CHECK_THROWS(in_child([&] { return two_matmuls(1); }));
  CHECK_NOTHROW(in_child([&] { return two_matmuls(2); }));
}

TEST_CASE("each mistake that is planted in the weight-stationary RTL is found") {
  if (!rtl_is_there()) return;
  // 1 a late swap, 2 missing elements count, 3 sums are overwritten, 4 a matmul is taken during a
  // load, 5 lines of weights come without skew
  const int fault = GENERATE(0, 1, 2, 3, 4, 5);
  const ChipSpec chip = chip_of(ws_models().front());
  Orders orders(chip, DataType::kInt8);
  orders.load().matmul(1, orders.depth(), chip.mxu.cols, 10).load().matmul(6);
  orders.matmul(3, orders.depth() - 1, chip.mxu.cols, 2, true);
  INFO("mistake " << fault);
  CHECK(difference(chip, orders, fault).empty() == (fault == 0));
}
