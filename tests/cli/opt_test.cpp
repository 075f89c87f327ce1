// SPDX-License-Identifier: Apache-2.0
// opt, run --check --bisect and verify-values, as they are typed.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

const std::string kMlp = SYSTOLE_SOURCE_ROOT "/workloads/examples/mlp.sgr";

std::string good(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  return outcome.out;
}

void refused(int status, const std::vector<std::string>& arguments,
             const std::vector<std::string>& parts) {
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  CHECK(outcome.status == status);
  CHECK(outcome.out.empty());
  for (const std::string& part : parts) CHECK(outcome.err.find(part) != std::string::npos);
}

std::vector<std::string> opt(const std::string& passes, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"opt", "--passes", passes, kMlp});
  return more;
}

}  // namespace

TEST_CASE("opt prints what the last pass leaves, or writes it to a file") {
  const Scratch scratch;
  const std::string fused = good(opt("decompose,fuse"));
  CHECK(fused.find("%y = gemm(%up.active, %down.w) then add(%down.b) then add(%x)") !=
        std::string::npos);
  CHECK(good(opt("decompose,fuse", {"--verify-each", "-o", scratch / "y.sgr"})).empty());
  CHECK(file_bytes(scratch / "y.sgr") == fused);
}

TEST_CASE("opt in two steps leaves what one leaves") {
  const Scratch scratch;
  good(opt("decompose", {"-o", scratch / "d.sgr"}));
  CHECK(good({"opt", "--passes", "fuse", scratch / "d.sgr"}) == good(opt("decompose,fuse")));
}

TEST_CASE("opt prints what compile prints after the same pass") {
  const std::vector<std::string> chip{"--chip", "tiny-4x4", "--set", "mxu.count=2"};
  for (const std::string passes : {"decompose,fuse,orient", "decompose,fuse,orient,tile",
                                   "decompose,fuse,orient,tile,place,emit"}) {
    const std::string last = passes.substr(passes.rfind(',') + 1);
    std::vector<std::string> compile{"compile", kMlp, "--print-after", last};
    compile.insert(compile.end(), chip.begin(), chip.end());
    CHECK(good(compile) == "# after " + last + "\n" + good(opt(passes, chip)) + "\n");
  }
}

TEST_CASE("opt says where ops were written where it is asked") {
  const std::string text = good(opt("decompose,fuse", {"--locations"}));
  CHECK(text.find("  # mlp.sgr:14,15,16\n") != std::string::npos);
  CHECK(good(opt("decompose,fuse")).find('#') == std::string::npos);
}

TEST_CASE("opt --list is the table of passes, without a file") {
  CHECK(good({"opt", "--list"}) == good({"list", "passes"}));
}

TEST_CASE("passes that are unknown, twice, out of order or without what they need are refused") {
  refused(2, opt("fues"), {"--passes 'fues': pass 'fues'", "did you mean 'fuse'?", "decompose"});
  refused(2, opt("import"),
          {"pass 'import'", "decompose, fuse, orient, reside, tile, place, emit"});
  refused(2, opt("fuse,decompose"), {"decompose after fuse", "in the order decompose, fuse"});
  refused(2, opt("fuse,fuse"), {"fuse after fuse"});
  refused(2, opt("decompose,,fuse"), {"pass ''"});
  refused(2, opt("decompose,fuse,tile"), {"tile without --chip"});
  refused(2, opt("emit", {"--chip", "tiny-4x4"}), {"emit without tile", "tile and place before"});
  refused(2, opt("tile,emit", {"--chip", "tiny-4x4"}), {"emit without place"});
  refused(2, {"opt", kMlp}, {"without --passes"});
  refused(2, {"opt", "--passes", "fuse"}, {"without FILE"});
}

TEST_CASE("a graph that is not ready for a pass is refused with the op") {
  refused(3, opt("tile", {"--chip", "tiny-4x4"}),
          {"op 'up'", "found a matmul", "the graph that fuse leaves"});
}

TEST_CASE("disasm says where each op begins, and where it was written") {
  const Scratch scratch;
  good({"compile", kMlp, "--chip", "tiny-4x4", "--emit", "bin", "-o", scratch / "p.sbin"});
  const std::string text = good({"disasm", scratch / "p.sbin"});
  CHECK(text.find("\n  # gemm up, \"mlp.sgr:11,12,13\"\n") != std::string::npos);
  CHECK(text.find(" at=\"mlp.sgr:14,15,16\"\n") != std::string::npos);
}

TEST_CASE("run --check --bisect says that every pass agrees") {
  const std::string text =
      good({"run", "gemm:9x9x9", "--chip", "tiny-4x4", "--check", "--bisect", "--json"});
  const auto check = nlohmann::json::parse(text)["check"];
  CHECK(check["passed"] == true);
  CHECK(check["message"].get<std::string>().find("the graphs after each pass") !=
        std::string::npos);
  CHECK_FALSE(check.contains("first"));
  refused(2, {"run", "gemm:9x9x9", "--chip", "tiny-4x4", "--bisect"}, {"--bisect without --check"});
}

TEST_CASE("verify-values tells how many graphs agree, and the same of the same seed") {
  const std::vector<std::string> some{"verify-values", "--graphs", "30", "--seed", "5"};
  const std::string text = good(some);
  CHECK(text.rfind("30 random graphs from seed 5: ", 0) == 0);
  CHECK(text.find(", 0 wrong\n") != std::string::npos);
  CHECK(good(some) == text);
  std::vector<std::string> as_json = some;
  as_json.emplace_back("--json");
  const auto json = nlohmann::json::parse(good(as_json));
  CHECK(json["schema"] == "systole.verify-values/1");
  CHECK(json["agree"].get<int>() + json["refused"].get<int>() == 30);
  CHECK(json["findings"].empty());
  refused(2, {"verify-values", "--graphs", "0"}, {"--graphs"});
  refused(2, {"verify-values", "--grahps", "3"}, {"did you mean '--graphs'?"});
}
