// SPDX-License-Identifier: Apache-2.0
// A chip small enough to state limits in one's head, and programs run against it.
#pragma once

#include <string>
#include <string_view>

#include "catch.hpp"
#include "isa/assembly.hpp"
#include "isa/chip.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"

namespace systole::test {

// Catch2's matcher of a part of a string, by its name in version 2.
#if CATCH_VERSION_MAJOR >= 3
inline auto Contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
#else
using Catch::Matchers::Contains;
#endif

// Two MXUs of 4x4 with 16 accumulator rows of 16 bytes, two weight FIFO places of 16 bytes, 4 KiB
// of VMEM, 64 KiB of HBM, two DMA engines.
inline ChipSpec small_chip() {
  ChipSpec chip;
  chip.name = "small";
  chip.clock = 1'000'000'000;
  chip.core = {.count = 1,
               .issue_interval = 1,
               .queue_depth = 4,
               .semaphore_latency = 0,
               .signal_latency = 0};
  chip.mxu = {.count = 2,
              .rows = 4,
              .cols = 4,
              .macs_bf16 = 1,
              .macs_int8 = 2,
              .macs_fp8 = 2,
              .shadow_weights = true,
              .weight_rows_per_cycle = 1,
              .transposed_load = true,
              .acc_depth = 16,
              .weight_fifo = 2};
  chip.vpu = {.lanes = 4,
              .sublanes = 4,
              .alus = 1,
              .transcendental_interval = 4,
              .transcendental = true,
              .load_ports = 1,
              .store_ports = 1,
              .latency = 2};
  chip.xlu = {.count = 1, .reduce_interval = 1, .transpose_interval = 1, .latency = 2};
  chip.vmem = {.size = 4096, .banks = 1, .port_width = 16};
  chip.dma = {.engines = 2, .setup = 1, .outstanding = 4, .request = 64};
  chip.hbm.size = 65536;
  return chip;
}

inline constexpr std::uint64_t kSmallHash = 0x5a;

// Two tables, three semaphores, one symbol of each role, and one op, for programs in tests.
inline constexpr std::string_view kHeader = R"(.systole 1
.workload test tokens=0
.chip any
.table rows 3 0 7 2
.table sizes 4 2
.semaphore a initial=0
.semaphore b initial=0
.semaphore c initial=2
.symbol x role=input type=bf16 address=0 rows=16 cols=64 pitch=128
.symbol w role=weight type=bf16 address=2048 rows=16 cols=64 pitch=128
.symbol y role=output type=bf16 address=8192 rows=16 cols=64 pitch=128
.symbol s role=scratch type=fp32 address=16384 rows=16 cols=64 pitch=256
.op gemm kind=gemm type=bf16 count=1 macs=0 read=0 write=0
.stream
)";

inline Program program_of(std::string_view instructions) {
  return parse_program(std::string(kHeader) + std::string(instructions) + "\nhalt\n", "t.sasm");
}

// What the verifier finds in these instructions on the small chip; empty where it passes them.
inline std::string finding(const Program& program, const ChipSpec& chip = small_chip()) {
  try {
    verify_program(chip, kSmallHash, program, "t.sasm");
  } catch (const Error& error) {
    if (error.code() != ExitCode::kBadInput) throw;
    return error.what();
  }
  return {};
}
inline std::string finding(std::string_view instructions, const ChipSpec& chip = small_chip()) {
  return finding(program_of(instructions), chip);
}

}  // namespace systole::test
