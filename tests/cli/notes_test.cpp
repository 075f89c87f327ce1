// SPDX-License-Identifier: Apache-2.0
// What of a model's file is not as it is there is said on stderr, once, and nothing else is.
#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Outcome run_small(const std::string& name) {
  return run_program({"run", SYSTOLE_SOURCE_ROOT "/tests/configs/" + name + ".json", "--chip",
                      "tiny-4x4", "--seq", "3"});
}

}  // namespace

TEST_CASE("weights that are quantised in the file, and layers that are left out, are said once") {
  const Outcome oss = run_small("gpt_oss");
  CHECK(oss.status == 0);
  CHECK(count(oss.err, "systole: note: ") == 1);
  CHECK(count(oss.err, "weights that are mxfp4 in the file have the type of --dtype") == 1);
  const Outcome third = run_small("deepseek_v3");
  CHECK(third.status == 0);
  CHECK(count(third.err, "systole: note: ") == 2);
  CHECK(count(third.err, "num_nextn_predict_layers = 1") == 1);
  CHECK(run_small("deepseek_v2").err.empty());
}
