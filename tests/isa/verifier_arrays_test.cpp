// SPDX-License-Identifier: Apache-2.0
// What an array could not take is refused before anything runs.
#include "isa/verifier_arrays.hpp"

#include "catch.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

ChipSpec stationary_chip(Dataflow dataflow) {
  ChipSpec chip = small_chip();
  chip.mxu.dataflow = dataflow;
  return chip;
}

std::string multiply(const std::string& extents, const std::string& type = "bf16") {
  return "mxu0 multiply lhs=vmem[0, pitch=64]:" + type + " rhs=vmem[1024, pitch=64]:" + type + " " +
         extents + "\n";
}
std::string unload(const std::string& extents, const std::string& type = "fp32") {
  return "mxu0 unload dst=acc0[0, pitch=16]:" + type + " " + extents + "\n";
}
std::string in_array(const std::string& instructions) {
  return finding(instructions, stationary_chip(Dataflow::kOutputStationary));
}

}  // namespace

TEST_CASE("an output-stationary array has no weights, and the others no sums") {
  const std::string wload = "mxu0 wload src=vmem[0, pitch=8]:bf16 depth=1 cols=1\n";
  const std::string matmul =
      "mxu0 matmul dst=acc0[0, pitch=16]:fp32 lhs=vmem[0]:bf16 rows=1 depth=1 cols=1\n";
  const std::string sums = multiply("rows=1 depth=1 cols=1") + unload("rows=1 cols=1");
  for (const Dataflow dataflow : {Dataflow::kWeightStationary, Dataflow::kInputStationary}) {
    CHECK(finding(wload + matmul, stationary_chip(dataflow)) == "");
    CHECK_THAT(finding(sums, stationary_chip(dataflow)),
               Contains("an instruction for output-stationary arrays"));
    CHECK_THAT(finding(unload("rows=1 cols=1"), stationary_chip(dataflow)),
               Contains("expected wload and matmul"));
  }
  CHECK(in_array(sums) == "");
  CHECK_THAT(in_array(wload), Contains("expected multiply and unload"));
  CHECK_THAT(in_array(matmul), Contains("an instruction for weight- and input-stationary arrays"));
}

TEST_CASE("sums fit the array, however deep") {
  CHECK(in_array(multiply("rows=4 depth=32 cols=4")) == "");
  CHECK_THAT(in_array(multiply("rows=5 depth=1 cols=4")),
             Contains("5 x 4 sums; expected at most 4 x 4"));
  CHECK_THAT(in_array(multiply("rows=4 depth=1 cols=5")), Contains("4 x 5 sums"));
}

TEST_CASE("a multiply goes on with sums of its own extents and type only") {
  const std::string more = " first=(-1 >= 0)";
  const std::string first = multiply("rows=3 depth=2 cols=2");
  CHECK(in_array(first + multiply("rows=3 depth=5 cols=2" + more)) == "");
  CHECK_THAT(in_array(multiply("rows=3 depth=5 cols=2" + more)),
             Contains("sums to go on with, where there are none"));
  CHECK_THAT(in_array(first + multiply("rows=2 depth=5 cols=2" + more)),
             Contains("2 x 2 products of bf16; expected 3 x 2 of bf16, as the sums"));
  CHECK_THAT(in_array(first + multiply("rows=3 depth=5 cols=1" + more)),
             Contains("3 x 1 products"));
  CHECK_THAT(in_array(first + multiply("rows=3 depth=5 cols=2" + more, "int8")),
             Contains("products of int8"));
  CHECK_THAT(in_array(first + unload("rows=3 cols=2") + multiply("rows=3 depth=5 cols=2" + more)),
             Contains("where there are none"));
}

TEST_CASE("an unload takes sums once, of their type and no more than there are") {
  const std::string sums = multiply("rows=3 depth=2 cols=2");
  CHECK(in_array(sums + unload("rows=2 cols=1")) == "");
  CHECK_THAT(in_array(unload("rows=1 cols=1")), Contains("an unload without sums"));
  CHECK_THAT(in_array(sums + unload("rows=4 cols=2")),
             Contains("4 x 2 of fp32; expected at most 3 x 2 of fp32, as the sums"));
  CHECK_THAT(in_array(sums + unload("rows=3 cols=3")), Contains("3 x 3 of fp32"));
  CHECK_THAT(in_array(sums + unload("rows=3 cols=2", "int32")), Contains("3 x 2 of int32"));
  CHECK_THAT(in_array(sums + unload("rows=3 cols=2") + unload("rows=3 cols=2")),
             Contains("an unload without sums"));
}

TEST_CASE("a multiply's operands have one type that the chip takes") {
  ChipSpec chip = stationary_chip(Dataflow::kOutputStationary);
  CHECK_THAT(
      finding("mxu0 multiply lhs=vmem[0]:bf16 rhs=vmem[64]:int8 rows=1 depth=1 cols=1", chip),
      Contains("bf16 times int8; expected the same type"));
  CHECK_THAT(in_array(multiply("rows=1 depth=1 cols=1", "fp32")),
             Contains("operands of type fp32"));
  const std::string transposed =
      "mxu0 multiplyt lhs=vmem[0, pitch=64]:bf16 rhs=vmem[1024, pitch=64]:bf16 rows=4 depth=8 "
      "cols=2";
  CHECK(finding(transposed, chip) == "");
  chip.mxu.transposed_load = false;
  CHECK_THAT(finding(transposed, chip), Contains("a transposed operand"));
}

TEST_CASE("sums start at the first column of an accumulator row") {
  const auto at = [](int byte) {
    return finding("mxu0 wload src=vmem[0, pitch=8]:bf16 depth=1 cols=1\nmxu0 matmul dst=acc0[" +
                   std::to_string(byte) +
                   ", pitch=16]:fp32 lhs=vmem[0]:bf16 rows=1 depth=1 cols=1");
  };
  CHECK(at(16) == "");
  CHECK_THAT(at(20), Contains("accumulators from byte 4 of a row; expected whole rows"));
}
