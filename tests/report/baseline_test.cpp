// SPDX-License-Identifier: Apache-2.0
#include "sim/report/baseline.hpp"

#include "catch.hpp"
#include "isa/error.hpp"

using namespace systole;

namespace {

Gpu sample_gpu() {
  Gpu gpu;
  gpu.name = "gpu";
  gpu.title = "A GPU";
  gpu.peak_bf16 = 2e12;
  gpu.bandwidth = 1e12;
  gpu.tdp = 500;
  gpu.basis = "data sheet";
  gpu.peak_sources = {"by hand", "a table"};
  gpu.bandwidth_sources = {"a table"};
  gpu.tdp_sources = {"by hand", "a table"};
  return gpu;
}

SourceOp op(std::int64_t macs, Bytes read, Bytes write) {
  SourceOp result;
  result.name = "op";
  result.macs = macs;
  result.read_bytes = read;
  result.write_bytes = write;
  return result;
}

}  // namespace

TEST_CASE("an op takes the longer of its MACs at peak and its bytes at full bandwidth") {
  const Gpu gpu = sample_gpu();
  CHECK(rated_baseline(gpu, {op(1'000'000, 600'000, 400'000)}).time_us == Approx(1));
  CHECK(rated_baseline(gpu, {op(2'000'000, 600'000, 400'000)}).time_us == Approx(2));
  CHECK(rated_baseline(gpu, {op(1'000'000, 600'000, 2'400'000)}).time_us == Approx(3));
}

TEST_CASE("bytes that stay in VMEM are moved by a GPU") {
  SourceOp kept = op(1'000'000, 600'000, 400'000);
  kept.kept_bytes = 500'000;
  CHECK(rated_baseline(sample_gpu(), {kept}).time_us == Approx(1.5));
}

TEST_CASE("ops run one after another, each at its own limit") {
  const BaselineResult both =
      rated_baseline(sample_gpu(), {op(2'000'000, 0, 0), op(0, 1'000'000, 0)});
  CHECK(both.time_us == Approx(3));
  CHECK(both.energy_j == Approx(3e-6 * 500));
}

TEST_CASE("a rated baseline says so, with its efficiency and its sources") {
  const BaselineResult result = rated_baseline(sample_gpu(), {op(1, 1, 1)});
  CHECK(result.kind == "rated");
  CHECK(result.source.find("100 %") != std::string::npos);
  CHECK(result.source.find("by hand") != std::string::npos);
  CHECK(result.source.find("bf16 2 TFLOPS") != std::string::npos);
  CHECK(result.source.find("Bandwidth: a table. TDP: as the peak.") != std::string::npos);
  CHECK(result.figures == "A GPU, bf16 2 TFLOPS dense, 1000 GB/s, TDP 500 W (data sheet)");
  CHECK(result.sources == std::vector<std::string>{"by hand", "a table"});
  Gpu gpu = sample_gpu();
  gpu.peak_int8 = 4e12;
  SourceOp integers = op(1, 1, 1);
  integers.type = DataType::kInt8;
  CHECK(rated_baseline(gpu, {integers}).figures.find(", int8 4 TOPS dense, ") != std::string::npos);
  gpu.peak_fp8 = 8e12;
  SourceOp small = op(1, 1, 1);
  small.type = DataType::kFp8E5m2;
  CHECK(rated_baseline(gpu, {small}).figures.find(", fp8_e5m2 8 TFLOPS dense, ") !=
        std::string::npos);
  CHECK(rated_baseline(gpu, {op(0, 1, 1)}).figures == "A GPU, 1000 GB/s, TDP 500 W (data sheet)");
}

TEST_CASE("MACs of a type without a rated peak are refused, bytes of any type are not") {
  SourceOp integers = op(1, 1'000'000, 0);
  integers.type = DataType::kInt8;
  try {
    rated_baseline(sample_gpu(), {integers});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kUsage);
    CHECK(std::string{error.what()}.find("int8") != std::string::npos);
  }
  integers.macs = 0;
  CHECK(rated_baseline(sample_gpu(), {integers}).time_us == Approx(1));
}
