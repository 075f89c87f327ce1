// SPDX-License-Identifier: Apache-2.0
// What the MXUs of each dataflow are told for one product.
#include <algorithm>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/pipeline.hpp"
#include "isa/assembly.hpp"
#include "isa/chip_loader.hpp"

using namespace systole;

namespace {

// Instructions of MXU 0 and the loops around them, one per line, without tokens and syncs.
std::string mxu_text(const std::string& ops, std::vector<std::string> overrides) {
  const Program program =
      compile(parse_graph("graph \"g\"\n" + ops, "g.sgr"), load_chip("tiny-4x4", overrides))
          .program;
  std::string text;
  for (const Instruction& instruction : program.streams[0]) {
    const bool mxu = instruction.unit == UnitId{UnitKind::kMxu, 0};
    if (!mxu || std::holds_alternative<Sync>(instruction.body)) continue;
    std::string line = print_instruction(program, instruction);
    line.erase(line.find(" for="));
    text += line + "\n";
  }
  return text;
}

const std::string kProduct =
    "input %x bf16[7, 9]\nweight %w bf16[9, 5]\n%y = matmul(%x, %w)\noutput %y\n";

}  // namespace

TEST_CASE("an output-stationary array takes each block of sums in one multiply and unloads it") {
  CHECK(mxu_text(kProduct, {"mxu.dataflow=output_stationary"}) ==
        "mxu0 multiply lhs=vmem[(72*i0)%1152, pitch=18]:bf16 rhs=vmem[1152+(8*i1)%1152, "
        "pitch=16]:bf16 rows=clamp(7-4*i0, 4) depth=9 cols=clamp(5-4*i1, 4)\n"
        "mxu0 unload dst=acc0[(64*i0+128*i1)%4096, pitch=16]:fp32 rows=clamp(7-4*i0, 4) "
        "cols=clamp(5-4*i1, 4)\n");
}

TEST_CASE("an output-stationary array reads a transposed rhs as it lies") {
  const std::string text = mxu_text(
      "input %x bf16[4, 9]\nweight %w bf16[4, 9]\n%y = matmul(%x, %w) {transpose_rhs=1}\n"
      "output %y\n",
      {"mxu.dataflow=output_stationary"});
  CHECK(text ==
        "mxu0 multiplyt lhs=vmem[0, pitch=18]:bf16 rhs=vmem[576, pitch=18]:bf16 rows=4 depth=9 "
        "cols=4\n"
        "mxu0 unload dst=acc0[0, pitch=16]:fp32 rows=4 cols=4\n");
}

TEST_CASE("an input-stationary array holds tiles of lhs and streams rows of rhs, transposed") {
  // out^T is 5 x 7: wload takes 9 x 7 of lhs^T, matmul 5 rows of rhs^T.
  CHECK(mxu_text(kProduct, {"mxu.dataflow=input_stationary"}) ==
        "mxu0 wload src=vmem[1152+(64*i0+8*i1)%1536, pitch=16]:bf16 depth=clamp(9-4*i0, 4) "
        "cols=clamp(7-4*i1, 4)\n"
        "mxu0 matmul dst=acc0[(96*i1)%4096, pitch=16]:fp32 lhs=vmem[(8*i0)%1152, "
        "pitch=24]:bf16 rows=5 depth=clamp(9-4*i0, 4) cols=clamp(7-4*i1, 4) first=(-i0 >= 0)\n");
}
