// SPDX-License-Identifier: Apache-2.0
#include "compiler/emitter.hpp"

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"
#include "serial_tokens.hpp"

using namespace systole;

namespace {

constexpr UnitId kDma0{UnitKind::kDma, 0};
constexpr UnitId kDma1{UnitKind::kDma, 1};
constexpr UnitId kVpu0{UnitKind::kVpu, 0};

std::vector<Token> tokens(std::int32_t first, std::int32_t count) {
  std::vector<Token> result;
  for (std::int32_t s = first; s < first + count; ++s) result.push_back({s, 1});
  return result;
}

struct Emitted {
  Program program{};
  Emitter emitter{program};
  const Stream& stream() const { return program.streams[0]; }
};

// A producer on dma0 and a consumer on vpu0 exchange `blocks` blocks over a ring of `slots`.
struct RingProgram : Emitted {
  static constexpr std::int64_t kBase = 4096, kSlot = 64;

  RingProgram(std::int64_t blocks, std::int64_t slots, bool acquires = true) {
    program.symbols.push_back({"x", SymbolRole::kInput, DataType::kFp32, 0, blocks * 4, 4, 32});
    const Ring ring = emitter.ring("x", 0, kDma0, {kVpu0}, kBase, kSlot, slots);
    const Affine t = emitter.open(blocks);
    if (acquires) emitter.acquire(ring, t);
    Load load;
    load.dst = tile(Space::kVmem, ring.at(t), 16);
    load.src = tile(Space::kHbm, t * 128, 32);
    load.rows = load.cols = 4;
    emitter.emit(kDma0, load, {}, {}, emitter.published(ring));
    Vector copy;
    copy.a = tile(Space::kVmem, ring.at(t), 16);
    copy.dst = tile(Space::kVmem, 0, 16);
    copy.rows = copy.cols = 4;
    emitter.emit(kVpu0, copy, {}, {emitter.filled(ring, kVpu0)}, {emitter.released(ring, kVpu0)});
    emitter.close();
    emitter.finish(ring, 0, blocks);
    before_drain = stream().size();
    emitter.drain(0);
    after_drain = stream().size();
    emitter.drain(0);
    emitter.drain_all();
    again = stream().size();
    emitter.halt();
  }

  static Tile tile(Space space, const Value& address, std::int64_t pitch) {
    Tile tile;
    tile.space = space;
    tile.address = address;
    tile.pitch = pitch;
    tile.type = DataType::kFp32;
    return tile;
  }

  std::size_t before_drain = 0, after_drain = 0, again = 0;
};

}  // namespace

TEST_CASE("waits of one queue, guard and op are joined, then the signals behind them") {
  Emitted e;
  e.emitter.wait(kDma0, tokens(0, 1));
  e.emitter.wait(kDma0, tokens(1, 1));
  e.emitter.signal(kDma0, tokens(2, 1));
  e.emitter.signal(kDma0, tokens(3, 1));
  REQUIRE(e.stream().size() == 1);
  CHECK(e.stream()[0].waits == tokens(0, 2));
  CHECK(e.stream()[0].signals == tokens(2, 2));
  CHECK(e.stream()[0].unit == kDma0);
}

TEST_CASE("a wait is not joined to a signal before it") {
  Emitted e;
  e.emitter.signal(kDma0, tokens(0, 1));
  e.emitter.wait(kDma0, tokens(1, 1));
  REQUIRE(e.stream().size() == 2);
  CHECK(e.stream()[0].waits.empty());
  CHECK(e.stream()[1].signals.empty());
}

TEST_CASE("syncs of different queues, guards or ops stay apart") {
  Emitted e;
  e.emitter.wait(kDma0, tokens(0, 1));
  SECTION("queue") { e.emitter.wait(kDma1, tokens(1, 1)); }
  SECTION("guard") { e.emitter.wait(kDma0, tokens(1, 1), at_least(index(0), 1)); }
  SECTION("op") {
    e.emitter.serve(7);
    e.emitter.wait(kDma0, tokens(1, 1));
    CHECK(e.stream()[0].op == -1);
    CHECK(e.stream()[1].op == 7);
  }
  CHECK(e.stream().size() == 2);
}

TEST_CASE("syncs with the same guard are joined") {
  Emitted e;
  const Affine i = e.emitter.open(3);
  e.emitter.wait(kDma0, tokens(0, 1), at_least(i, 1));
  e.emitter.wait(kDma0, tokens(1, 1), at_least(i, 1));
  REQUIRE(e.stream().size() == 2);
  CHECK(e.stream()[1].waits == tokens(0, 2));
}

TEST_CASE("a sync is not joined across work, nor into a loop or out of it") {
  Emitted e;
  e.emitter.wait(kVpu0, tokens(0, 1));
  e.emitter.emit(kVpu0, Vector{});
  e.emitter.wait(kVpu0, tokens(1, 1));
  e.emitter.open(2);
  e.emitter.wait(kVpu0, tokens(2, 1));
  e.emitter.close();
  e.emitter.wait(kVpu0, tokens(3, 1));
  CHECK(e.stream().size() == 7);
  CHECK(e.stream()[1].waits.empty());
}

TEST_CASE("a semaphore stands once in a sync, with the sum of its counts") {
  Emitted e;
  for (int n = 0; n < 6; ++n) e.emitter.wait(kDma0, {{0, 1}});
  e.emitter.wait(kDma0, {{1, 2}, {0, 1}});
  for (int n = 0; n < 5; ++n) e.emitter.signal(kDma0, {{2, 1}});
  REQUIRE(e.stream().size() == 1);
  CHECK(e.stream()[0].waits == std::vector<Token>{{0, 7}, {1, 2}});
  CHECK(e.stream()[0].signals == std::vector<Token>{{2, 5}});
}

TEST_CASE("a sync carries four tokens of each kind, not five") {
  Emitted e;
  e.emitter.wait(kDma0, tokens(0, 3));
  e.emitter.wait(kDma0, tokens(3, 1));
  CHECK(e.stream().size() == 1);
  e.emitter.wait(kDma0, tokens(4, 1));
  REQUIRE(e.stream().size() == 2);
  CHECK(e.stream()[0].waits == tokens(0, 4));
  CHECK(e.stream()[1].waits == tokens(4, 1));
  e.emitter.signal(kDma0, tokens(5, 4));
  CHECK(e.stream().size() == 2);
  e.emitter.signal(kDma0, tokens(9, 1));
  REQUIRE(e.stream().size() == 3);
  CHECK(e.stream()[1].signals == tokens(5, 4));
  CHECK(e.stream()[2].signals == tokens(9, 1));
}

TEST_CASE("more than four tokens go into syncs of the same queue and guard around the work") {
  for (const std::int32_t count : {4, 5, 8, 9}) {
    INFO(count);
    Emitted e;
    e.emitter.serve(3);
    const Guard guard = at_least(index(0), 1);
    e.emitter.emit(kVpu0, Vector{}, guard, tokens(0, count), tokens(100, count));
    std::vector<bool> waited(count), signalled(count);
    std::size_t work = 0;
    for (std::size_t at = 0; at < e.stream().size(); ++at) {
      const Instruction& instruction = e.stream()[at];
      if (std::holds_alternative<Vector>(instruction.body)) work = at;
      CHECK(instruction.unit == kVpu0);
      CHECK(instruction.guard == guard);
      CHECK(instruction.op == 3);
      CHECK(instruction.waits.size() <= kMaxTokens);
      CHECK(instruction.signals.size() <= kMaxTokens);
    }
    for (std::size_t at = 0; at < e.stream().size(); ++at) {
      for (const Token token : e.stream()[at].waits) {
        CHECK(at <= work);
        CHECK_FALSE(waited[token.semaphore]);
        waited[token.semaphore] = true;
      }
      for (const Token token : e.stream()[at].signals) {
        CHECK(at >= work);
        CHECK_FALSE(signalled[token.semaphore - 100]);
        signalled[token.semaphore - 100] = true;
      }
    }
    CHECK(waited == std::vector<bool>(count, true));
    CHECK(signalled == std::vector<bool>(count, true));
    CHECK(e.stream().size() == 1 + 2 * static_cast<std::size_t>((count - 1) / 4));
  }
}

TEST_CASE("a loop of the constant count 1 is not written, others are") {
  Emitted e;
  const auto work = [&] { e.emitter.emit(kVpu0, Sync{}); };
  CHECK(e.emitter.open(1) == Affine(0));
  CHECK(e.emitter.open(2) == index(0));
  CHECK(e.emitter.open(1) == Affine(0));
  CHECK(e.emitter.open(clamped(Affine(1) - index(0), 1)) == index(1));
  work();
  e.emitter.close();
  e.emitter.close();
  CHECK(e.emitter.open(0) == index(1));
  work();
  e.emitter.close();
  e.emitter.close();
  e.emitter.close();
  CHECK(e.emitter.open(5) == index(0));
  work();
  e.emitter.close();
  CHECK(e.stream().size() == 11);
}

TEST_CASE("a loop with nothing in it is not written") {
  Emitted e;
  CHECK(e.emitter.open(2) == index(0));
  CHECK(e.emitter.open(3) == index(1));
  e.emitter.close();
  e.emitter.close();
  CHECK(e.stream().empty());
  CHECK(e.emitter.open(3) == index(0));
  e.emitter.emit(kVpu0, Sync{});
  e.emitter.close();
  CHECK(e.stream().size() == 3);
}

TEST_CASE("what a guard never lets through is not written") {
  Emitted e;
  e.emitter.emit(kVpu0, Sync{}, {{Affine(-1)}});
  CHECK(e.stream().empty());
  e.emitter.emit(kVpu0, Sync{}, {{Affine(0)}});
  CHECK(e.stream().size() == 1);
  e.emitter.emit(kVpu0, Sync{}, {{Affine(3), Affine(-1)}});
  CHECK(e.stream().size() == 1);
  e.emitter.emit(kVpu0, Sync{}, {{index(0) - 1}});  // holds in some iterations
  CHECK(e.stream().size() == 2);
}

TEST_CASE("nothing is written for no tokens") {
  Emitted e;
  e.emitter.wait(kDma0, {});
  e.emitter.signal(kDma0, {});
  e.emitter.drain(0);
  e.emitter.drain_all();
  CHECK(e.stream().empty());
}

TEST_CASE("a semaphore is made once for a purpose and a pair of queues, and starts at zero") {
  Emitted e;
  const std::int32_t first = e.emitter.semaphore("p", kDma0, kVpu0);
  CHECK(e.emitter.semaphore("p", kDma0, kVpu0) == first);
  CHECK(e.emitter.semaphore("p", kVpu0, kDma0) != first);
  CHECK(e.emitter.semaphore("q", kDma0, kVpu0) != first);
  CHECK(e.program.semaphores.size() == 3);
  for (const Semaphore& semaphore : e.program.semaphores) CHECK(semaphore.initial == 0);
}

TEST_CASE("rings of different spaces have semaphores of their own, those of one space share") {
  Emitted e;
  const Ring a = e.emitter.ring("x", 0, kDma0, {kVpu0}, 0, 64, 2);
  const Ring b = e.emitter.ring("x", 1, kDma0, {kVpu0}, 0, 64, 2);
  const Ring c = e.emitter.ring("x", 0, kDma0, {kVpu0}, 512, 32, 4);
  CHECK(a.full != b.full);
  CHECK(a.free != b.free);
  CHECK(a.full == c.full);
  CHECK(a.free == c.free);
}

TEST_CASE("block t lies in slot t mod slots") {
  Emitted e;
  for (const std::int64_t slots : {1, 2, 3, 7}) {
    const Ring ring = e.emitter.ring("x", 0, kDma0, {kVpu0}, 1000, 48, slots);
    for (std::int64_t t = 0; t < 20; ++t) {
      CHECK(ring.at(t, 5).at({}, {}) == 1000 + t % slots * 48 + 5);
      CHECK(ring.at(index(0), index(1)).at({t, 47}, {}) == 1000 + t % slots * 48 + 47);
    }
  }
}

TEST_CASE("the producer waits for a slot from block number `slots` on") {
  for (const std::int64_t slots : {1, 2, 3, 5}) {
    for (const std::int64_t blocks : {1, 2, 3, 4, 5, 6, 11}) {
      INFO(slots << " slots, " << blocks << " blocks");
      const RingProgram p(blocks, slots);
      // The loop's waits, and one in the drain.
      CHECK(dynamic_waits(p.program, kDma0) == std::max<std::int64_t>(0, blocks - slots) + 1);
      CHECK(token_problem(p.program).empty());
    }
  }
}

TEST_CASE("an acquire of a constant block is written from `slots` on") {
  Emitted e;
  const Ring ring = e.emitter.ring("x", 0, kDma0, {kVpu0}, 0, 64, 3);
  e.emitter.acquire(ring, 2);
  CHECK(e.stream().empty());
  e.emitter.acquire(ring, 3);
  REQUIRE(e.stream().size() == 1);
  CHECK(e.stream()[0].guard.tests.empty());
}

TEST_CASE("an acquire keeps the caller's guard") {
  Emitted e;
  const Affine i = e.emitter.open(9);
  const Ring ring = e.emitter.ring("x", 0, kDma0, {kVpu0}, 0, 64, 3);
  e.emitter.acquire(ring, i, equals_last(i, 9));
  const Guard& guard = e.stream()[1].guard;
  CHECK_FALSE(guard.holds({7}));
  CHECK(guard.holds({8}));
}

TEST_CASE("every consumer is told of a block, and every one gives its slot back") {
  Emitted e;
  const Ring ring = e.emitter.ring("x", 0, kDma0, {kVpu0, kDma1}, 0, 64, 1);
  CHECK(e.emitter.published(ring).size() == 2);
  e.emitter.acquire(ring, 1);
  REQUIRE(e.stream().size() == 1);
  CHECK(e.stream()[0].waits ==
        std::vector<Token>{e.emitter.released(ring, kVpu0), e.emitter.released(ring, kDma1)});
  CHECK(e.emitter.published(ring) ==
        std::vector<Token>{e.emitter.filled(ring, kVpu0), e.emitter.filled(ring, kDma1)});
  CHECK(e.program.semaphores.size() == 4);
}

TEST_CASE("finish writes nothing, drain takes back what it noted, once") {
  const RingProgram p(5, 2);
  CHECK(p.after_drain == p.before_drain + 1);
  CHECK(p.again == p.after_drain);
  CHECK(p.stream()[p.before_drain].unit == kDma0);
  REQUIRE(p.stream()[p.before_drain].waits.size() == 1);
  CHECK(p.stream()[p.before_drain].waits[0].count == 2);
  CHECK(RingProgram(1, 2).stream()[RingProgram(1, 2).before_drain].waits[0].count == 1);
}

TEST_CASE("finish of no blocks owes nothing") {
  Emitted e;
  const Ring ring = e.emitter.ring("x", 0, kDma0, {kVpu0}, 0, 64, 3);
  e.emitter.finish(ring, 0, 0);
  e.emitter.drain_all();
  CHECK(e.stream().empty());
}

TEST_CASE("drain takes the tokens of its own space only, drain_all those of every one") {
  Emitted e;
  e.emitter.owe(0, kDma0, {0, 1});
  e.emitter.owe(1, kDma1, {1, 1});
  e.emitter.owe(0, kVpu0, {2, 3});
  e.emitter.drain(1);
  REQUIRE(e.stream().size() == 1);
  CHECK(e.stream()[0].unit == kDma1);
  e.emitter.drain_all();
  REQUIRE(e.stream().size() == 3);
  CHECK(e.stream()[1].unit == kDma0);
  CHECK(e.stream()[2].waits == std::vector<Token>{{2, 3}});
}

TEST_CASE("a ring that is acquired is free of races, one that is not has one") {
  const Chip chip = load_chip("tiny-4x4", {});
  CHECK_NOTHROW(verify_program(chip.spec, 0, RingProgram(9, 3).program, "ring"));
  CHECK_THROWS_AS(verify_program(chip.spec, 0, RingProgram(9, 3, false).program, "ring"), Error);
}

TEST_CASE("guards of a loop's first and last repetition hold there only") {
  const Affine i = index(0);
  for (std::int64_t at = 0; at < 4; ++at) {
    CHECK(equals_first(i).holds({at}) == (at == 0));
    CHECK(equals_last(i, 4).holds({at}) == (at == 3));
    CHECK(at_least(i, 2).holds({at}) == (at >= 2));
    CHECK(both(at_least(i, 1), at_least(Affine(2) - i, 0)).holds({at}) == (at == 1 || at == 2));
  }
  CHECK(equals_first(0).tests.empty());
  CHECK(equals_last(0, 1).tests.empty());
  CHECK(at_least(2, 2).tests.empty());
  CHECK_FALSE(at_least(1, 2).holds({}));
  CHECK_FALSE(equals_first(1).holds({}));
}
