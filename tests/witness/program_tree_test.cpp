// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/program_tree.hpp"

#include <string>

#include "catch.hpp"
#include "sim/witness/case_program.hpp"

using namespace systole;

TEST_CASE("a tree becomes a stream with loops, ends and halt, and each position knows its place") {
  const Nodes tree{leaf(unit_of(UnitKind::kVpu), Sync{}),
                   loop_of(3, {leaf(unit_of(UnitKind::kMxu), Sync{}),
                               loop_of(2, {leaf(unit_of(UnitKind::kDma), Sync{})})}),
                   leaf(unit_of(UnitKind::kXlu), Sync{})};
  const FlatTree flat = flatten(tree);
  std::string names;
  for (const Instruction& instruction : flat.stream) {
    names += std::string{name_of(instruction.body)} + " ";
  }
  CHECK(names == "sync loop sync loop sync end end sync halt ");
  CHECK(flat.lists == 3);
  REQUIRE(flat.paths.size() == flat.stream.size());
  const auto text = [&](std::size_t position) {
    std::string path;
    for (const TreePlace& place : flat.paths[position]) {
      path += std::to_string(place.list) + "." + std::to_string(place.node) + " ";
    }
    return path;
  };
  CHECK(text(0) == "0.0 ");
  CHECK(text(1) == "0.1 ");
  CHECK(text(2) == "0.1 1.0 ");
  CHECK(text(4) == "0.1 1.1 2.0 ");
  CHECK(text(6) == "0.1 ");  // the outer loop's end
  CHECK(text(7) == "0.2 ");
}
