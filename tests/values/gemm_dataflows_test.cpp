// SPDX-License-Identifier: Apache-2.0
// Products with and without epilogues have the same values on arrays of every dataflow.
#include "catch.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

const std::vector<std::string> kDataflows{"weight_stationary", "output_stationary",
                                          "input_stationary"};

Chip chip_of(const std::string& name, const std::string& dataflow,
             std::vector<std::string> overrides = {}) {
  overrides.push_back("mxu.dataflow=" + dataflow);
  return load_chip(name, overrides);
}

std::string shape(std::int64_t m, std::int64_t k, std::int64_t n) {
  return "gemm:" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n);
}

std::string wrong(const std::string& ops, const Chip& chip) {
  return run_wrong(parse_graph("graph \"g\"\n" + ops, "g.sgr"), chip).value_or("");
}

}  // namespace

TEST_CASE("a gemm of any shape equals the evaluator on arrays of every dataflow") {
  for (const std::string& dataflow : kDataflows) {
    for (const char* shadow : {"true", "false"}) {
      const Chip chip =
          chip_of("tiny-4x4", dataflow, {std::string("mxu.shadow_weights=") + shadow});
      for (const std::int64_t m : {1, 4, 5, 31}) {
        for (const std::int64_t k : {1, 4, 37}) {
          for (const std::int64_t n : {1, 7, 18}) {
            INFO(dataflow << " " << shadow << " " << shape(m, k, n));
            for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
              CHECK(run_wrong(import_gemm(shape(m, k, n), type), chip).value_or("") == "");
            }
          }
        }
      }
    }
  }
}

TEST_CASE("any number of MXUs of any dataflow computes the same gemm, from little VMEM as well") {
  for (const std::string& dataflow : kDataflows) {
    for (const char* count : {"1", "2", "3", "4", "6"}) {
      for (const char* size : {"6 KiB", "64 KiB"}) {
        INFO(dataflow << " " << count << " " << size);
        const Chip chip = chip_of("tiny-4x4", dataflow,
                                  {std::string("mxu.count=") + count,
                                   std::string("vmem.size=") + size, "mxu.acc_depth=24"});
        CHECK(run_wrong(import_gemm(shape(61, 90, 45), DataType::kBf16), chip).value_or("") == "");
      }
    }
  }
}

TEST_CASE("gemms around the array's size equal the evaluator on arrays that are not square") {
  for (const std::string& dataflow : kDataflows) {
    const Chip chip = chip_of("tpu-v5e", dataflow, {"mxu.rows=64", "mxu.cols=32"});
    for (const std::int64_t m : {63, 64, 65}) {
      for (const std::int64_t n : {31, 32, 33}) {
        INFO(dataflow << " " << shape(m, 300, n));
        CHECK(run_wrong(import_gemm(shape(m, 300, n), DataType::kBf16), chip).value_or("") == "");
      }
    }
    CHECK(run_wrong(import_gemm(shape(77, 1001, 300), DataType::kInt8), chip).value_or("") == "");
  }
}

TEST_CASE("chips with a weight FIFO run gemms of every dataflow") {
  for (const std::string& dataflow : kDataflows) {
    INFO(dataflow);
    const Chip chip = chip_of("tpu-v1", dataflow);
    CHECK(run_wrong(import_gemm(shape(300, 700, 600), DataType::kInt8), chip).value_or("") == "");
  }
}

TEST_CASE("epilogues with rows, columns and whole operands equal the evaluator on each dataflow") {
  for (const std::string& dataflow : kDataflows) {
    for (const char* count : {"1", "2"}) {
      INFO(dataflow << " " << count);
      const Chip chip = chip_of("tiny-4x4", dataflow, {std::string("mxu.count=") + count});
      CHECK(wrong("input %x bf16[13, 22]\nweight %w bf16[22, 17]\nweight %b bf16[1, 17]\n"
                  "input %c fp32[13, 1]\ninput %r bf16[13, 17]\n%p = matmul(%x, %w)\n"
                  "%q = add(%p, %b)\n%s = mul(%q, %c)\n%t = gelu_tanh(%s)\n%y = add(%t, %r)\n"
                  "output %y\n",
                  chip) == "");
      CHECK(wrong("input %x int8[13, 22] scale=127\nweight %w int8[22, 17] scale=127\n"
                  "weight %b int32[1, 17] scale=999\n%p = matmul(%x, %w)\n%q = add(%p, %b)\n"
                  "%r = relu(%q)\n%y = quantize(%r) {factor=0.001}\noutput %y\n",
                  chip) == "");
    }
  }
}

TEST_CASE("a transposed rhs equals the evaluator on each dataflow") {
  for (const std::string& dataflow : kDataflows) {
    for (const char* overrides : {"vmem.size=64 KiB", "vmem.size=4 KiB"}) {
      INFO(dataflow << " " << overrides);
      const Chip chip = chip_of("tiny-4x4", dataflow, {overrides});
      CHECK(wrong("input %x bf16[13, 50]\nweight %w bf16[19, 50]\nweight %b bf16[1, 19]\n"
                  "%p = matmul(%x, %w) {transpose_rhs=1}\n%y = add(%p, %b)\noutput %y\n",
                  chip) == "");
    }
  }
}

TEST_CASE("chains, repeated layers and elementwise ops run on each dataflow") {
  const std::string ops =
      "input %x bf16[9, 10]\ninput %z bf16[9, 10]\nweight %w bf16[10, 10] scale=0.3\n"
      "%s = matmul(%x, %w)\nrepeat 3 {\nweight %u bf16[10, 10] scale=0.3\n"
      "weight %b bf16[1, 10]\ncarry %k = %s -> %l\n%d = matmul(%k, %u)\n"
      "%e = add(%d, %b)\n%f = tanh(%e)\n%g = mul(%f, %k)\nyield %g\n}\n"
      "%h = add(%z, %l)\n%i = exp(%h)\n%y = matmul(%i, %w)\noutput %y, %h\n";
  for (const std::string& dataflow : kDataflows) {
    INFO(dataflow);
    CHECK(wrong(ops, chip_of("tiny-4x4", dataflow)) == "");
  }
}

TEST_CASE("a value carried through two repeated sections ends as the evaluator's") {
  for (const std::string first : {"1", "2", "3"}) {
    for (const std::string between : {"", "%seen = relu(%l)\n"}) {
      const std::string ops =
          "input %x bf16[9, 10]\nweight %w bf16[10, 10] scale=0.3\n%s = matmul(%x, %w)\nrepeat " +
          first +
          " {\nweight %u bf16[10, 10] scale=0.3\ncarry %k = %s -> %l\n%d = matmul(%k, %u)\n"
          "yield %d\n}\n" +
          between +
          "repeat 3 {\nweight %v bf16[10, 14] scale=0.3\nweight %t bf16[14, 10] scale=0.3\n"
          "carry %a = %l -> %z\n%b = matmul(%a, %v)\n%c = matmul(%b, %t)\n%e = add(%c, %a)\n"
          "yield %e\n}\n%y = relu(%z)\noutput %y" +
          (between.empty() ? "\n" : ", %seen\n");
      for (const std::string& dataflow : kDataflows) {
        INFO(dataflow << ops);
        CHECK(wrong(ops, chip_of("tiny-4x4", dataflow)) == "");
      }
    }
  }
}

TEST_CASE("elementwise ops with rows and columns run on each dataflow") {
  for (const std::string& dataflow : kDataflows) {
    for (const std::int64_t m : {1, 9}) {
      INFO(dataflow << " " << m);
      const std::string rows = std::to_string(m);
      CHECK(wrong("input %x bf16[" + rows + ", 10]\nweight %w bf16[10, 7]\nweight %b bf16[1, 7]\n" +
                      "input %c fp32[" + rows +
                      ", 1]\n%p = matmul(%x, %w)\n%q = add(%p, %b)\n"
                      "%r = mul(%p, %c)\n%y = max(%q, %r)\noutput %y, %p\n",
                  chip_of("tiny-4x4", dataflow)) == "");
    }
  }
}

TEST_CASE("norms and softmax follow products on output-stationary arrays") {
  CHECK(wrong("input %x bf16[9, 10]\nweight %w bf16[10, 12]\nweight %g bf16[1, 12]\n"
              "%p = matmul(%x, %w)\n%n = rmsnorm(%p, %g) {eps=1e-5}\n%y = softmax(%n)\n"
              "output %y\n",
              chip_of("tiny-4x4", "output_stationary")) == "");
}

TEST_CASE("every gemm of a list is computed on each dataflow, one after another") {
  const std::string list = "Layer,M,N,K\nfirst,17,33,65\nsecond,1,9,100\nthird,64,4,4\n";
  for (const std::string& dataflow : kDataflows) {
    const Chip chip = chip_of("tiny-4x4", dataflow);
    CHECK(run_wrong(import_gemm_list(list, "list.csv", DataType::kBf16), chip).value_or("") == "");
  }
}

TEST_CASE("an operand whose rows repeat is added after the product") {
  const std::string ops =
      "input %x bf16[12, 8]\nweight %w bf16[8, 8]\nweight %p bf16[4, 8]\n%a = matmul(%x, %w)\n"
      "%y = add(%a, %p)\noutput %y\n";
  CHECK(wrong(ops, chip_of("tiny-4x4", "weight_stationary")) == "");
  CHECK(wrong(ops, chip_of("tiny-4x4", "output_stationary")) == "");
}
