// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/op_cycles.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("an op is charged the time by which it pushed the end out") {
  OpCycles ops;
  ops.on(Completion{0, 0, 100});
  ops.on(Completion{1, 1, 80});  // done before the one in front of it: free
  ops.on(Completion{2, 1, 130});
  ops.on(Completion{3, 0, 140});
  CHECK(ops.of_op(0) == 110);
  CHECK(ops.of_op(1) == 30);
  CHECK(ops.total() == 140);
}

TEST_CASE("completions out of program order are charged in program order") {
  OpCycles ops;
  for (std::int64_t sequence = 999; sequence >= 0; --sequence) {
    ops.on(Completion{sequence, static_cast<std::int32_t>(sequence % 3), 10 * (sequence + 1)});
  }
  CHECK(ops.total() == 10000);
  CHECK(ops.of_op(0) == 3340);
  CHECK(ops.of_op(1) == 3330);
  CHECK(ops.of_op(2) == 3330);
}

TEST_CASE("instructions of no op are charged to the op before them") {
  OpCycles ops;
  ops.on(Completion{0, -1, 10});
  CHECK(ops.unattributed() == 10);
  ops.on(Completion{1, 2, 15});
  ops.on(Completion{2, -1, 35});
  ops.on(Completion{3, 1, 36});
  CHECK(ops.unattributed() == 0);
  CHECK(ops.of_op(2) == 35);
  CHECK(ops.of_op(1) == 1);
  CHECK(ops.of_op(0) == 0);
  CHECK(ops.of_op(99) == 0);
}

TEST_CASE("on several cores a cycle is charged to the op that is farthest behind") {
  const auto done = [](std::int32_t core, std::int64_t sequence, std::int32_t op, Cycles end) {
    Completion completion{sequence, op, end};
    completion.core = core;
    return completion;
  };
  OpCycles ops;
  ops.on(done(0, 0, 0, 100));
  ops.on(done(0, 1, 1, 200));
  ops.on(done(1, 0, 0, 130));
  ops.on(done(1, 1, 1, 190));
  ops.on(done(1, 2, 2, 250));
  ops.on(done(0, 2, -1, 210));       // halt
  CHECK(ops.of_op(0) == 130);        // core 1 is at it
  CHECK(ops.of_op(1) == 210 - 130);  // core 0 is at it, and at its end
  CHECK(ops.of_op(2) == 250 - 210);
  CHECK(ops.unattributed() == 0);
  CHECK(ops.total() == 250);
}

TEST_CASE("a core without ops leaves the cycles to the others' ops") {
  OpCycles ops;
  ops.on(Completion{0, 3, 50});
  Completion other{0, -1, 80};
  other.core = 1;
  ops.on(other);
  CHECK(ops.of_op(3) == 50);
  CHECK(ops.unattributed() == 30);
  CHECK(ops.total() == 80);
}
