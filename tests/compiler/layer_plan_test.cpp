// SPDX-License-Identifier: Apache-2.0
#include "compiler/layer_plan.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("layers of one kind are one run") {
  CHECK(plan_layers({0}) == std::vector<LayerRun>{{0, 1, 1}});
  CHECK(plan_layers({0, 0, 0}) == std::vector<LayerRun>{{0, 1, 3}});
}

TEST_CASE("layers that alternate are one run of pairs, and what is left over another") {
  CHECK(plan_layers({1, 0, 1, 0}) == std::vector<LayerRun>{{0, 2, 2}});
  CHECK(plan_layers({1, 0, 1, 0, 1}) == std::vector<LayerRun>{{0, 2, 2}, {4, 1, 1}});
  CHECK(plan_layers({1, 0}) == std::vector<LayerRun>{{0, 1, 1}, {1, 1, 1}});
}

TEST_CASE("five local layers to one global one, with four left over, are two runs") {
  std::vector<int> kinds;
  for (int layer = 1; layer <= 34; ++layer) kinds.push_back(layer % 6 == 0 ? 0 : 1);
  CHECK(plan_layers(kinds) == std::vector<LayerRun>{{0, 6, 5}, {30, 1, 4}});
}

TEST_CASE("a first stretch of one kind and a second of another are two runs") {
  CHECK(plan_layers({0, 0, 0, 1, 1}) == std::vector<LayerRun>{{0, 1, 3}, {3, 1, 2}});
}

TEST_CASE("a period is at most 16 layers") {
  std::vector<int> kinds;
  for (int layer = 0; layer < 64; ++layer) kinds.push_back(layer % 16 / 15);
  CHECK(plan_layers(kinds) == std::vector<LayerRun>{{0, 16, 4}});
  kinds.clear();
  for (int layer = 0; layer < 68; ++layer) kinds.push_back(layer % 17 / 16);
  CHECK(plan_layers(kinds).front() == LayerRun{0, 1, 16});
}

TEST_CASE("some of the layers are planned by themselves, and keep their numbers") {
  const std::vector<int> kinds{1, 1, 0, 1, 1, 0, 1};
  CHECK(plan_layers(kinds, {0, 7}) == plan_layers(kinds));
  CHECK(plan_layers(kinds, {1, 5}) == std::vector<LayerRun>{{1, 1, 1}, {2, 1, 1}, {3, 1, 2}});
  CHECK(plan_layers(kinds, {2, 3}) == std::vector<LayerRun>{{2, 1, 1}});
}
