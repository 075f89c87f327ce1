// SPDX-License-Identifier: Apache-2.0
// A program while it is generated: instructions in nested loops, before they are a stream.
#pragma once

#include <cstddef>
#include <vector>

#include "isa/program.hpp"

namespace systole {

// An instruction, or a loop with its body.
struct Node {
  Instruction instruction;
  std::vector<Node> body;

  bool is_loop() const { return std::holds_alternative<Loop>(instruction.body); }
};
using Nodes = std::vector<Node>;

Node leaf(UnitId unit, Body body);
Node loop_of(std::int64_t count, Nodes body);

// A list of nodes by number: 0 is the program's, the body of each loop has its own.
struct TreePlace {
  std::size_t list = 0;
  std::size_t node = 0;
};

struct FlatTree {
  Stream stream;                              // with loops, ends and halt
  std::vector<std::vector<TreePlace>> paths;  // of each position: from the program's list inwards
  std::size_t lists = 0;
};

// Lists are numbered in the order in which they begin.
FlatTree flatten(const Nodes& program);

}  // namespace systole
