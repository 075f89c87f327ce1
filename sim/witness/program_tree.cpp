// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/program_tree.hpp"

#include <utility>

namespace systole {
namespace {

void append(const Nodes& nodes, std::vector<TreePlace>& path, FlatTree& flat) {
  const std::size_t list = flat.lists++;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    path.push_back({list, n});
    flat.stream.push_back(nodes[n].instruction);
    flat.paths.push_back(path);
    if (nodes[n].is_loop()) {
      append(nodes[n].body, path, flat);
      flat.stream.push_back({{}, End{}, {}, {}, {}, -1});
      flat.paths.push_back(path);
    }
    path.pop_back();
  }
}

}  // namespace

Node leaf(UnitId unit, Body body) {
  Node node;
  node.instruction.unit = unit;
  node.instruction.body = std::move(body);
  return node;
}

Node loop_of(std::int64_t count, Nodes body) {
  Node node = leaf({}, Loop{count});
  node.body = std::move(body);
  return node;
}

FlatTree flatten(const Nodes& program) {
  FlatTree flat;
  std::vector<TreePlace> path;
  append(program, path, flat);
  flat.stream.push_back({{}, Halt{}, {}, {}, {}, -1});
  flat.paths.push_back({{0, program.size()}});
  return flat;
}

}  // namespace systole
