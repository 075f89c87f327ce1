// SPDX-License-Identifier: Apache-2.0
// Compiled GEMMs against the closed forms that SCALE-Sim v3 follows, per dataflow: with shadow
// weights off, and accumulators and VMEM that hold M (or all of K), the array's cycles are the form
// plus one, which counts cycles where SCALE-Sim's report names the last one's index.
#include <fmt/format.h>

#include "catch.hpp"
#include "compiler/import.hpp"
#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "sim/observe/array_times.hpp"
#include "sim/timing/simulate.hpp"
#include "timing/in_child.hpp"

using namespace systole;

namespace {

struct Gemm {
  std::int64_t m, k, n;
};

Cycles closed_form(Dataflow dataflow, const Gemm& g, std::int64_t r, std::int64_t c) {
  switch (dataflow) {
    case Dataflow::kWeightStationary:
      return ceil_div(g.k, r) * ceil_div(g.n, c) * (2 * r + c + g.m - 2) - 1;
    case Dataflow::kInputStationary:
      return ceil_div(g.k, r) * ceil_div(g.m, c) * (2 * r + c + g.n - 2) - 1;
    case Dataflow::kOutputStationary:
      return ceil_div(g.m, r) * ceil_div(g.n, c) * (r + c + g.k - 2) - 1;
  }
  return -1;
}

constexpr std::array<std::pair<Dataflow, const char*>, 3> kDataflows{
    {{Dataflow::kWeightStationary, "weight_stationary"},
     {Dataflow::kOutputStationary, "output_stationary"},
     {Dataflow::kInputStationary, "input_stationary"}}};

// Of all MXUs together.
Cycles array_cycles(const Chip& chip, const Gemm& g) {
  const Program program =
      compile(import_gemm(fmt::format("gemm:{}x{}x{}", g.m, g.k, g.n), DataType::kBf16), chip)
          .program;
  return in_child([&] {
    ArrayTimes times(program.streams[0]);
    const SimulationResult run = simulate(chip.spec, program, {&times});
    Cycles sum = 0;
    for (std::size_t u = 0; u < run.units.size(); ++u) {
      sum += times.of_unit(static_cast<std::int32_t>(u));
    }
    return sum;
  });
}

void check_forms(const std::string& preset, std::vector<std::string> overrides,
                 const std::vector<Gemm>& gemms) {
  overrides.insert(overrides.end(), {"mxu.shadow_weights=false", "mxu.count=1"});
  for (const auto& [dataflow, name] : kDataflows) {
    std::vector<std::string> all = overrides;
    all.push_back(fmt::format("mxu.dataflow={}", name));
    const Chip chip = load_chip(preset, all);
    for (const Gemm& g : gemms) {
      INFO(fmt::format("{} of {}: {}x{}x{}", name, preset, g.m, g.k, g.n));
      CHECK(array_cycles(chip, g) ==
            closed_form(dataflow, g, chip.spec.mxu.rows, chip.spec.mxu.cols) + 1);
    }
  }
}

}  // namespace

TEST_CASE("without shadow weights an array's cycles are SCALE-Sim's closed form, for any shape") {
  std::vector<Gemm> gemms;
  for (const std::int64_t m : {1, 3, 4, 5, 37}) {
    for (const std::int64_t k : {1, 4, 29}) {
      for (const std::int64_t n : {1, 4, 6, 53}) gemms.push_back({m, k, n});
    }
  }
  gemms.insert(gemms.end(), {{500, 3, 2}, {2, 500, 3}, {3, 2, 500}, {200, 200, 7}});
  check_forms("tiny-4x4", {"mxu.acc_depth=8192", "vmem.size=64 MiB"}, gemms);
}

TEST_CASE("arrays that are not square take the closed forms, too") {
  const std::vector<Gemm> gemms{{1, 1, 1}, {7, 9, 11}, {16, 16, 15}, {33, 100, 20}, {100, 5, 64}};
  for (const auto& [rows, cols] : {std::pair{"8", "3"}, std::pair{"3", "8"}, std::pair{"1", "5"}}) {
    check_forms("tiny-4x4",
                {fmt::format("mxu.rows={}", rows), fmt::format("mxu.cols={}", cols),
                 "mxu.acc_depth=4096", "vmem.size=16 MiB"},
                gemms);
  }
}

TEST_CASE("what DMA and memory cost is not part of the array's cycles") {
  const Gemm gemm{61, 40, 30};
  for (const char* slow : {"dma.setup=1000 cycles", "dma.engines=1", "hbm.latency=2 us"}) {
    check_forms("tiny-4x4", {slow, "mxu.acc_depth=4096", "vmem.size=16 MiB"}, {gemm});
  }
}

TEST_CASE("on 128 x 128 the counts of 512, 1024 and 2048 cubed are SCALE-Sim's") {
  CHECK(closed_form(Dataflow::kWeightStationary, {512, 512, 512}, 128, 128) == 14303);
  CHECK(closed_form(Dataflow::kWeightStationary, {1024, 1024, 1024}, 128, 128) == 89983);
  CHECK(closed_form(Dataflow::kWeightStationary, {2048, 2048, 2048}, 128, 128) == 622079);
  check_forms("tpu-v5e", {},
              {{512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}, {300, 129, 1000}});
}
