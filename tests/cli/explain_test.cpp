// SPDX-License-Identifier: Apache-2.0
// compile --explain: ops against their bounds, and in words why.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

using Json = nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an explanation has the run's cycles, its causes and the mapping of each op") {
  const Outcome run = run_program({"run", "gemm:1000x1000x1000", "--chip", "tpu-v5e", "--json"});
  REQUIRE(run.status == 0);
  const Json op = Json::parse(run.out)["ops"][0];
  const Outcome explained =
      run_program({"compile", "gemm:1000x1000x1000", "--chip", "tpu-v5e", "--explain"});
  REQUIRE(explained.status == 0);
  CHECK(has(explained.out, "n = 1000 fills 8 blocks of columns of 128 to 97.7 %\n"));
  CHECK(has(explained.out, "%  " + op["losses"][0]["what"].get<std::string>() + "\n"));
  CHECK(has(explained.out, "as  gemm m=1000 n=1000 k=1000 tile="));
  CHECK(has(explained.out, "of the sum of its ops' bounds\n"));
}

TEST_CASE("of an op that an array binds, bound and losses add up to its cycles") {
  const Outcome run = run_program({"run", "gemm:2048x2048x2048", "--chip", "tpu-v5e", "--json"});
  REQUIRE(run.status == 0);
  const Json op = Json::parse(run.out)["ops"][0];
  REQUIRE(op["bound_by"] == "mxu");
  auto sum = op["bound_cycles"].get<std::int64_t>();
  for (const Json& loss : op["losses"]) sum += loss["cycles"].get<std::int64_t>();
  // Each cause is rounded down to whole cycles.
  const auto cycles = op["cycles"].get<std::int64_t>();
  CHECK((sum <= cycles && sum >= cycles - static_cast<std::int64_t>(op["losses"].size()) - 1));
}

TEST_CASE("an explanation takes the place of the program, in a file as well") {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "systole-explained";
  const Outcome outcome = run_program(
      {"compile", "gemm:64x64x64", "--chip", "tiny-4x4", "--explain", "-o", file.string()});
  CHECK(outcome.status == 0);
  CHECK(outcome.out.empty());
  CHECK(std::filesystem::file_size(file) > 0);
  std::filesystem::remove(file);
  const Outcome both = run_program(
      {"compile", "gemm:64x64x64", "--chip", "tiny-4x4", "--explain", "--emit", "tiles"});
  CHECK(both.status == 2);
  CHECK(has(both.err, "found --explain with --emit tiles; expected one of the two"));
}
