// SPDX-License-Identifier: Apache-2.0
// A check that finds nothing proves nothing: mistakes planted in right programs are found.
#include "catch.hpp"
#include "isa/error.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

struct Compiled {
  Graph graph;
  Chip chip;
  Program program;
};

Compiled model() {
  Compiled c{small_gpt2(96, 6, 2, 301, 1, 300), load_chip("tpu-v5e", {}), {}};
  c.program = compile(c.graph, c.chip).program;
  return c;
}

Compiled attention() {
  const Graph graph = parse_graph(R"(graph "heads"
input %q bf16[300, 96] scale=2
input %k bf16[300, 96] scale=2
input %v bf16[300, 96]
%o = mha(%q, %k, %v) {heads=6, seq=300, causal=1, scale=0.25} name="heads"
output %o
)",
                                  "heads.sgr");
  Compiled c{graph, load_chip("tpu-v5e", {}), {}};
  c.program = compile(c.graph, c.chip).program;
  return c;
}

// Calls change(body) on the bodies of type B until it returns true; fails where none does.
template <class B, class F>
void plant(Program& program, F&& change) {
  for (Instruction& instruction : program.streams[0]) {
    B* body = std::get_if<B>(&instruction.body);
    if (body != nullptr && change(*body)) return;
  }
  FAIL("no instruction to plant the mistake in");
}

}  // namespace

TEST_CASE("the program without a mistake passes the check") {
  const Compiled c = model();
  CHECK_FALSE(wrong_output(c.graph, c.chip, c.program).has_value());
}

TEST_CASE("a wrong stride in HBM is found") {
  Compiled c = model();
  plant<Load>(c.program, [](Load& load) {
    for (std::int64_t& stride : load.src.address.offset.stride) {
      if (stride > 0) {
        stride /= 2;
        return true;
      }
    }
    return false;
  });
  CHECK(wrong_output(c.graph, c.chip, c.program).has_value());
}

TEST_CASE("a wrong pitch in VMEM is found") {
  Compiled c = model();
  plant<Matmul>(c.program, [](Matmul& matmul) {
    matmul.lhs.pitch -= 2;
    return true;
  });
  CHECK(wrong_output(c.graph, c.chip, c.program).has_value());
}

TEST_CASE("a missed causal mask is found") {
  Compiled c = attention();
  plant<Vector>(c.program, [](Vector& vector) {
    if (vector.mask.kind == MaskKind::kNone) return false;
    vector.mask = {};
    return true;
  });
  CHECK(wrong_output(c.graph, c.chip, c.program).has_value());
}

TEST_CASE("a mask that is one key too wide is found") {
  Compiled c = attention();
  CHECK_FALSE(wrong_output(c.graph, c.chip, c.program).has_value());
  plant<Vector>(c.program, [](Vector& vector) {
    if (vector.mask.kind == MaskKind::kNone) return false;
    vector.mask.row0.base += 1;
    return true;
  });
  CHECK(wrong_output(c.graph, c.chip, c.program).has_value());
}

TEST_CASE("a stale buffer is found: the ring is one slot off where it is read") {
  Compiled c{import_gemm("gemm:300x1000x300", DataType::kBf16),
             load_chip("tpu-v5e", {"vmem.size=2 MiB"}),
             {}};
  c.program = compile(c.graph, c.chip).program;
  plant<Matmul>(c.program, [](Matmul& matmul) {
    Affine& offset = matmul.lhs.address.offset;
    for (std::size_t d = 0; d < offset.stride.size(); ++d) {
      if (offset.stride[d] > 0 && matmul.lhs.address.ring > 0) {
        offset.base += matmul.lhs.address.ring - offset.stride[d];
        return true;
      }
    }
    return false;
  });
  CHECK(wrong_output(c.graph, c.chip, c.program).has_value());
}

TEST_CASE("accumulators that are not overwritten first are found") {
  Compiled c{import_gemm("gemm:64x512x64", DataType::kBf16), load_chip("tiny-4x4", {}), {}};
  c.program = compile(c.graph, c.chip).program;
  plant<Matmul>(c.program, [](Matmul& matmul) {
    matmul.first.tests = {Affine(-1)};
    return true;
  });
  CHECK(wrong_output(c.graph, c.chip, c.program).has_value());
}

TEST_CASE("a missing wait is found by the verifier") {
  const Compiled right = model();
  int planted = 0;
  for (std::size_t at = 0; at < right.program.streams[0].size() && planted < 8; ++at) {
    const Instruction& instruction = right.program.streams[0][at];
    if (instruction.waits.empty() || instruction.unit.kind != UnitKind::kMxu) continue;
    Program program = right.program;
    program.streams[0][at].waits.clear();
    ++planted;
    INFO(at);
    CHECK_THROWS_AS(verify_program(right.chip.spec, right.chip.hash, program, "planted"), Error);
  }
  CHECK(planted == 8);
}
