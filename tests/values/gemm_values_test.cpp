// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

std::string shape(std::int64_t m, std::int64_t k, std::int64_t n) {
  return "gemm:" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n);
}

}  // namespace

TEST_CASE("a gemm of any shape on the 4x4 chip equals the evaluator") {
  const Chip chip = load_chip("tiny-4x4", {});
  for (const std::int64_t m : {1, 4, 5, 31}) {
    for (const std::int64_t k : {1, 3, 4, 9, 37}) {
      for (const std::int64_t n : {1, 4, 7, 18}) {
        INFO(shape(m, k, n));
        for (const DataType type :
             {DataType::kBf16, DataType::kInt8, DataType::kFp8E4m3, DataType::kFp8E5m2}) {
          const auto wrong = run_wrong(import_gemm(shape(m, k, n), type), chip);
          CHECK(wrong.value_or("") == "");
        }
      }
    }
  }
}

TEST_CASE("gemms at one below, at and one above the array's size equal the evaluator") {
  const Chip chip = load_chip("tpu-v5e", {});
  for (const std::int64_t m : {127, 128, 129}) {
    for (const std::int64_t k : {127, 128, 129}) {
      for (const std::int64_t n : {511, 512, 513}) {
        INFO(shape(m, k, n));
        CHECK(run_wrong(import_gemm(shape(m, k, n), DataType::kBf16), chip).value_or("") == "");
      }
    }
  }
}

TEST_CASE("int8 gemms with two MACs per PE equal the evaluator to the bit") {
  const Chip chip = load_chip("tpu-v5e", {});
  for (const std::int64_t k : {255, 256, 257, 1000}) {
    INFO(k);
    CHECK(run_wrong(import_gemm(shape(77, k, 300), DataType::kInt8), chip).value_or("") == "");
  }
}

TEST_CASE("fp8 gemms with two MACs per PE equal the evaluator, through a weight FIFO, too") {
  for (const char* fifo : {"0", "2"}) {
    const Chip chip =
        load_chip("tpu-v5e", {"mxu.macs_fp8=2", std::string("mxu.weight_fifo=") + fifo});
    for (const DataType type : {DataType::kFp8E4m3, DataType::kFp8E5m2}) {
      for (const std::int64_t k : {255, 256, 257, 1000}) {
        INFO(k << " " << name_of(type));
        CHECK(run_wrong(import_gemm(shape(77, k, 300), type), chip).value_or("") == "");
      }
    }
  }
}

TEST_CASE("gemms through a weight FIFO equal the evaluator to the bit") {
  const Chip chip = load_chip("tpu-v1", {});
  for (const std::int64_t k : {1, 256, 257, 1500}) {
    INFO(k);
    CHECK(run_wrong(import_gemm(shape(300, k, 600), DataType::kInt8), chip).value_or("") == "");
  }
}

TEST_CASE("places of a weight FIFO hold tiles of either type") {
  for (const char* depth : {"2", "4"}) {
    INFO(depth);
    const Chip chip = load_chip("tpu-v5e", {std::string("mxu.weight_fifo=") + depth});
    for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
      CHECK(run_wrong(import_gemm(shape(300, 700, 600), type), chip).value_or("") == "");
    }
  }
}

TEST_CASE("a gemm whose lhs panel does not stay in VMEM equals the evaluator") {
  const Chip chip = load_chip("tpu-v5e", {"vmem.size=1 MiB"});
  CHECK(run_wrong(import_gemm(shape(700, 3000, 900), DataType::kBf16), chip).value_or("") == "");
}

TEST_CASE("any number of MXUs computes the same gemm") {
  for (const char* count : {"1", "2", "3", "5", "6", "8"}) {
    INFO(count);
    const Chip chip = load_chip("tpu-v5e", {std::string("mxu.count=") + count});
    CHECK(run_wrong(import_gemm(shape(333, 260, 900), DataType::kBf16), chip).value_or("") == "");
  }
}

TEST_CASE("any number of DMA engines serves a gemm") {
  for (const char* engines : {"1", "2", "3", "7"}) {
    INFO(engines);
    const Chip chip = load_chip("tiny-4x4", {std::string("dma.engines=") + engines});
    CHECK(run_wrong(import_gemm(shape(33, 26, 90), DataType::kBf16), chip).value_or("") == "");
  }
}

TEST_CASE("every gemm of a list is computed, one after another") {
  const std::string list = "Layer,M,N,K\nfirst,17,33,65\nsecond,1,9,100\nthird,64,4,4\n";
  const Chip chip = load_chip("tiny-4x4", {});
  CHECK(run_wrong(import_gemm_list(list, "list.csv", DataType::kBf16), chip).value_or("") == "");
}
