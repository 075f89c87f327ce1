// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/ordering.hpp"

#include "catch.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"
#include "sim/witness/case_program.hpp"
#include "sim/witness/chip_variant.hpp"

using namespace systole;

namespace {

constexpr std::int64_t kBytes = 64;

// One row of bytes in VMEM from `address` on.
Tile row(Value address) { return tile_of(Space::kVmem, address, kBytes, DataType::kInt8); }
Node load(std::int16_t engine, Value address) {
  return leaf(unit_of(UnitKind::kDma, engine),
              Load{row(address), tile_of(Space::kHbm, 0, kBytes, DataType::kInt8), 1, kBytes});
}
Node relu(Value from, Value to) {
  Vector v;
  v.op = VectorOp::kRelu;
  v.dst = row(to);
  v.a = row(from);
  v.rows = 1;
  v.cols = kBytes;
  return leaf(unit_of(UnitKind::kVpu), v);
}

Program program_of(const Nodes& nodes, std::vector<Semaphore> semaphores = {}) {
  Program program;
  program.chip = "any";
  program.semaphores = std::move(semaphores);
  program.streams.push_back(flatten(nodes).stream);
  return program;
}

bool legal(const Program& program) {
  try {
    verify_program(preset_variant("tiny-4x4").spec, 0, program, "test");
    return true;
  } catch (const Error&) {
    return false;
  }
}

// As drawn with several seeds, which decide what syncs carry: races without, and none with tokens.
// The semaphores of the last draw.
std::vector<Semaphore> semaphores_of(const Nodes& nodes, bool races) {
  CHECK(legal(program_of(nodes)) == !races);
  std::vector<Semaphore> semaphores;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Dice dice(seed);
    Program added;
    const Nodes safe = ordered(nodes, added, dice);
    CHECK(legal(program_of(safe, added.semaphores)));
    semaphores = added.semaphores;
  }
  return semaphores;
}

}  // namespace

TEST_CASE("accesses of different queues that meet in a byte are ordered") {
  CHECK(semaphores_of({load(0, 0), relu(63, 1024)}, true).size() == 1);
  CHECK(semaphores_of({load(0, 0), relu(64, 1024)}, false).empty());
}

TEST_CASE("two reads, and accesses of one queue in order, need no token") {
  CHECK(semaphores_of({relu(0, 1024), relu(1024, 0)}, false).empty());
}

TEST_CASE("transfers of one DMA engine that meet are ordered by a semaphore to itself") {
  const auto semaphores = semaphores_of({load(0, 0), load(0, 32)}, true);
  REQUIRE(semaphores.size() == 1);
  CHECK(semaphores[0].initial == 0);
}

TEST_CASE("one token covers all that comes before it in its queue") {
  CHECK(semaphores_of({load(0, 0), load(0, 64), relu(0, 1024), relu(64, 2048)}, true).size() == 1);
}

TEST_CASE("a loop's buffers are given back at the distance at which iterations meet") {
  // One buffer: the next iteration's load waits for this one's read.
  const auto one = semaphores_of({loop_of(4, {load(0, 0), relu(0, 1024)})}, true);
  REQUIRE(one.size() == 3);  // to the VPU, from it, and among the loads
  for (const Semaphore& semaphore : one) CHECK(semaphore.initial <= 1);
  // A ring of two: the one after the next.
  const Value ring = ring_value(0, index(0) * 64, 128);
  const auto two = semaphores_of({loop_of(4, {load(0, ring), relu(ring, 1024)})}, true);
  REQUIRE(two.size() == 3);
  std::int64_t most = 0;
  for (const Semaphore& semaphore : two) most = std::max(most, semaphore.initial);
  CHECK(most == 2);
}

TEST_CASE("what follows a loop waits for the queues in it") {
  semaphores_of({loop_of(3, {load(0, index(0) * 64)}), relu(128, 1024)}, true);
  semaphores_of({relu(128, 1024), loop_of(3, {load(0, index(0) * 64)})}, true);
  semaphores_of({loop_of(2, {loop_of(2, {load(0, index(0) * 128 + index(1) * 64)}),
                             relu(index(0) * 128, 1024)})},
                true);
}

TEST_CASE("an instruction that a guard may skip carries no token itself") {
  Node guarded = load(0, 0);
  guarded.instruction.guard.tests.push_back(index(0) - Affine{1});
  semaphores_of({loop_of(3, {guarded, relu(0, 1024)})}, true);
}
