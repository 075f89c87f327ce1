// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/chip_variant.hpp"

#include <stdexcept>

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"

using namespace systole;

TEST_CASE("a variant is the chip that its flags load") {
  ChipVariant chip = preset_variant("tiny-4x4");
  CHECK(flags_of(chip) == "--chip tiny-4x4");
  chip = with(chip, "mxu.rows", 3);
  chip = with(chip, "core.semaphore_latency", 9);
  chip = with(chip, "mxu.dataflow", std::string{"output_stationary"});
  CHECK(flags_of(chip) ==
        "--chip tiny-4x4 --set mxu.rows=3 --set 'core.semaphore_latency=9 cycles' --set "
        "mxu.dataflow=output_stationary");
  const ChipSpec loaded = load_chip(chip.base, chip.overrides).spec;
  CHECK(loaded.mxu.rows == 3);
  CHECK(chip.spec.mxu.rows == 3);
  CHECK(loaded.core.semaphore_latency == chip.spec.core.semaphore_latency);
  CHECK(loaded.mxu.dataflow == chip.spec.mxu.dataflow);
}

TEST_CASE("an override replaces an earlier one of the same key only") {
  ChipVariant chip = with(preset_variant("tiny-4x4"), "mxu.weight_fifo", 2);
  chip = with(chip, "mxu.weight_rows_per_cycle", 2);
  chip = with(chip, "mxu.weight_fifo", 3);
  CHECK(chip.overrides ==
        std::vector<std::string>{"mxu.weight_rows_per_cycle=2", "mxu.weight_fifo=3"});
  CHECK(chip.spec.mxu.weight_fifo == 3);
}

TEST_CASE("a variant whose parameters do not fit together is refused, and an unknown key is ours") {
  const ChipVariant tiny = preset_variant("tiny-4x4");
  CHECK_THROWS_AS(
      with(with(with(tiny, "mxu.macs_int8", std::int64_t{0}), "mxu.macs_bf16", std::int64_t{0}),
           "mxu.macs_fp8", std::int64_t{0}),
      Error);
  CHECK_THROWS_AS(with(tiny, "mxu.rowz", 3), std::logic_error);
  CHECK_THROWS_AS(with(tiny, "mxu.rows", std::string{"many"}), std::logic_error);
}
