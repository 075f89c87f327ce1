// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/random_program.hpp"

#include <map>
#include <set>
#include <string>

#include "catch.hpp"
#include "isa/assembly.hpp"
#include "isa/footprint.hpp"
#include "isa/verifier.hpp"
#include "isa/walker.hpp"

using namespace systole;

TEST_CASE("a random case is the same for the same seed, and another for another") {
  const ChipVariant base = preset_variant("tiny-4x4");
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const RandomCase drawn = random_case(seed, base, {});
    const RandomCase again = random_case(seed, base, {});
    CHECK(drawn.program == again.program);
    CHECK(drawn.chip.overrides == again.chip.overrides);
    texts.insert(flags_of(drawn.chip) + print_program(drawn.program));
  }
  CHECK(texts.size() == 50);
}

TEST_CASE("random programs are legal as they are drawn, and survive text") {
  const ChipVariant base = preset_variant("tiny-4x4");
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const RandomCase drawn = random_case(seed, base, {{16, 16}});
    INFO("seed " << seed);
    refused += drawn.refused;
    const Program again = parse_program(print_program(drawn.program), "random.sasm");
    REQUIRE(again == drawn.program);
    verify_program(drawn.chip.spec, 0, again, "random.sasm");
  }
  CHECK(refused < 20);
}

namespace {

// What happens in the programs, and how often.
class Census {
 public:
  void add(const RandomCase& drawn) {
    const ChipSpec& chip = drawn.chip.spec;
    const MxuParams& mxu = chip.mxu;
    count("dataflow " + std::to_string(static_cast<int>(mxu.dataflow)));
    count("mxus " + std::to_string(mxu.count));
    count(mxu.shadow_weights ? "shadow" : "no shadow");
    if (mxu.rows == 16) count("16 rows");
    StreamWalker walker(drawn.program.streams[0], drawn.program.tables);
    for (const Instruction& i : drawn.program.streams[0]) {
      if (std::holds_alternative<Loop>(i.body)) count("loop");
      if (!i.guard.tests.empty()) count("guard");
      for (const Token token : i.waits) count(token.count > 1 ? "several tokens" : "token");
    }
    while (walker.next()) add(chip, walker, drawn.program);
  }
  int of(const std::string& what) const {
    const auto found = counts_.find(what);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  void count(const std::string& what) { ++counts_[what]; }

  void add(const ChipSpec& chip, const StreamWalker& walker, const Program& program) {
    const Body& body = walker.instruction().body;
    const Extents e = extents_of(body, walker.indices(), program.tables);
    count(std::string{name_of(body)});
    if (!has_work(e)) count("no work");
    if (const auto* m = std::get_if<Matmul>(&body)) {
      count("matmul " + std::string{name_of(m->lhs.type)});
      count(m->first.holds(walker.indices()) ? "overwrite" : "accumulate");
      if (e.rows < chip.mxu.rows) count("M < R");
      if (e.rows == chip.mxu.rows) count("M = R");
      if (e.rows > chip.mxu.rows) count("M > R");
      if (e.depth < weight_tile_depth(chip.mxu, m->lhs.type)) count("K partial");
      if (e.cols < chip.mxu.cols) count("N partial");
      if (e.depth * size_of(m->lhs.type) > chip.vmem.port_width) count("narrow port");
    }
    if (const auto* w = std::get_if<WeightLoad>(&body)) {
      count(w->src.space == Space::kFifo ? "from the FIFO" : "from VMEM");
    }
    if (const auto* m = std::get_if<Multiply>(&body)) {
      count("multiply " + std::string{name_of(m->lhs.type)});
      count(m->first.holds(walker.indices()) ? "new sums" : "sums go on");
    }
    if (const auto* v = std::get_if<Vector>(&body)) {
      if (v->dst.space == Space::kAcc) count("into accumulators");
    }
  }

  std::map<std::string, int> counts_;
};

}  // namespace

TEST_CASE("random programs cover what the array can be asked") {
  const ChipVariant base = preset_variant("tiny-4x4");
  Census census;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    census.add(random_case(seed, base, {{16, 16}}));
  }
  for (const std::string what : {"dataflow 0",
                                 "dataflow 1",
                                 "dataflow 2",
                                 "mxus 1",
                                 "mxus 2",
                                 "mxus 4",
                                 "shadow",
                                 "no shadow",
                                 "16 rows",
                                 "loop",
                                 "guard",
                                 "token",
                                 "several tokens",
                                 "no work",
                                 "load",
                                 "store",
                                 "wload",
                                 "wloadt",
                                 "matmul",
                                 "multiply",
                                 "multiplyt",
                                 "unload",
                                 "vector",
                                 "reduce",
                                 "transpose",
                                 "sync",
                                 "matmul int8",
                                 "matmul bf16",
                                 "matmul fp8_e4m3",
                                 "matmul fp8_e5m2",
                                 "multiply int8",
                                 "multiply bf16",
                                 "multiply fp8_e4m3",
                                 "multiply fp8_e5m2",
                                 "overwrite",
                                 "accumulate",
                                 "M < R",
                                 "M = R",
                                 "M > R",
                                 "K partial",
                                 "N partial",
                                 "narrow port",
                                 "from the FIFO",
                                 "from VMEM",
                                 "new sums",
                                 "sums go on",
                                 "into accumulators"}) {
    INFO(what);
    CHECK(census.of(what) >= 20);
  }
}
