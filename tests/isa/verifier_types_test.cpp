// SPDX-License-Identifier: Apache-2.0
// fp8 operands. Other types are met in verifier_test.cpp.
#include "catch.hpp"
#include "isa/test_chip.hpp"
#include "isa/verifier.hpp"

using namespace systole;
using namespace systole::test;

namespace {

// Two fp8 MACs per PE: a weight tile of the small chip is eight rows deep.
std::string load(const std::string& type, int depth) {
  return "mxu0 wload src=vmem[0, pitch=4]:" + type + " depth=" + std::to_string(depth) + " cols=4";
}
std::string product(const std::string& weights, const std::string& lhs, const std::string& acc) {
  return load(weights, 8) + "\nmxu0 matmul dst=acc0[0, pitch=16]:" + acc +
         " lhs=vmem[32, pitch=8]:" + lhs + " rows=4 depth=8 cols=4";
}
std::string vector(const std::string& op, const std::string& dst, const std::string& a) {
  return finding("vpu0 vector op=" + op + " dst=" + dst + " a=" + a + " rows=1 cols=1");
}

}  // namespace

TEST_CASE("fp8 operands of one format accumulate in fp32, where the chip multiplies them") {
  for (const std::string type : {"fp8_e4m3", "fp8_e5m2"}) {
    INFO(type);
    const std::string other = type == "fp8_e4m3" ? "fp8_e5m2" : "fp8_e4m3";
    CHECK(finding(load(type, 8)) == "");
    CHECK_THAT(finding(load(type, 9)), Contains("9 x 4"));
    CHECK(finding(product(type, type, "fp32")) == "");
    CHECK_THAT(finding(product(type, type, "int32")),
               Contains(type + " accumulated in int32; expected fp32"));
    CHECK_THAT(finding(product(type, other, "fp32")), Contains("weights"));
    CHECK_THAT(finding(product(type, "bf16", "fp32")), Contains("weights"));
    ChipSpec chip = small_chip();
    chip.mxu.macs_fp8 = 0;
    CHECK_THAT(finding(load(type, 8), chip), Contains("operands of type " + type));
  }
}

TEST_CASE("fp8 is converted by vector operations, at any byte, and is no type of accumulators") {
  for (const std::string type : {"fp8_e4m3", "fp8_e5m2"}) {
    INFO(type);
    CHECK(vector("copy", "vmem[1]:" + type, "vmem[4]:fp32") == "");
    CHECK(vector("copy", "vmem[4]:bf16", "vmem[1]:" + type) == "");
    CHECK(vector("add", "vmem[3]:" + type, "vmem[1]:" + type + " b=vmem[2]:bf16") == "");
    CHECK_THAT(vector("copy", "acc0[0, pitch=16]:" + type, "vmem[0]:fp32"),
               Contains(type + " in accumulators; expected int32 or fp32"));
    CHECK_THAT(vector("quantize", "vmem[0]:" + type, "vmem[4]:fp32"),
               Contains("quantisation to " + type + "; expected an integer type"));
    CHECK_THAT(finding("dma0 load dst=vmem[0]:" + type + " src=hbm[0]:int8 rows=1 cols=1"),
               Contains(type + " from int8; expected the same type"));
  }
}
