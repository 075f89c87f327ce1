// SPDX-License-Identifier: Apache-2.0
// compile, asm, disasm and check: programs and what leads to them, in every form.
#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

std::string good(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.err.empty());
  return outcome.out;
}

std::string compiled(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"compile", "gemm:9x10x11", "--chip", "tiny-4x4"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return good(arguments);
}

}  // namespace

TEST_CASE("text to binary and back is the same text, binary to text and back the same bytes") {
  const Scratch scratch;
  const std::string text = compiled({});
  const std::string file = scratch.file("x.sasm", text);
  CHECK(good({"asm", file, "-o", scratch / "x.sbin"}).empty());
  CHECK(good({"disasm", scratch / "x.sbin"}) == text);
  good({"disasm", scratch / "x.sbin", "-o", scratch / "y.sasm"});
  CHECK(file_bytes(scratch / "y.sasm") == text);
  good({"asm", scratch / "y.sasm", "-o", scratch / "y.sbin"});
  CHECK(file_bytes(scratch / "y.sbin") == file_bytes(scratch / "x.sbin"));
}

TEST_CASE("compile emits what asm would make of its text") {
  const Scratch scratch;
  const std::string file = scratch.file("x.sasm", compiled({"--emit", "asm"}));
  good({"asm", file, "-o", scratch / "x.sbin"});
  CHECK(compiled({"--emit", "bin"}) == file_bytes(scratch / "x.sbin"));
  CHECK(compiled({"--emit", "bin", "-o", scratch / "y.sbin"}).empty());
  CHECK(file_bytes(scratch / "y.sbin") == file_bytes(scratch / "x.sbin"));
}

TEST_CASE("the emitted graph is a workload with the same cycles") {
  const Scratch scratch;
  const std::string graph = compiled({"--emit", "graph"});
  CHECK(graph.rfind("graph ", 0) == 0);
  CHECK(good({"run", scratch.file("x.sgr", graph), "--chip", "tiny-4x4", "--json"})
            .find("\"macs\": 990") != std::string::npos);
}

TEST_CASE("tiles name each op") { CHECK_FALSE(compiled({"--emit", "tiles"}).empty()); }

TEST_CASE("print-after prints one pass, or all in their order") {
  const std::string one = compiled({"--print-after", "fuse"});
  CHECK(one.rfind("# after fuse\n", 0) == 0);
  CHECK(one.find("# after", 5) == std::string::npos);
  const std::string all = compiled({"--print-after", "all"});
  CHECK(all.find("# after decompose") < all.find("# after fuse"));
  CHECK(all.find(one) != std::string::npos);
}

TEST_CASE("a program to standard output and into a device is not renamed over it") {
  CHECK(compiled({"-o", "/dev/null"}).empty());
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("check says ok for what is right") {
  const Scratch scratch;
  const std::string text = scratch.file("x.sasm", compiled({}));
  good({"asm", text, "-o", scratch / "x.sbin"});
  const std::string graph = scratch.file("x.sgr", compiled({"--emit", "graph"}));
  const std::string list = scratch.file("x.csv", "Layer,M,N,K\na,8,12,16\n");
  CHECK(good({"check", text, scratch / "x.sbin", graph, list, "gpt2", "tpu-v5e"}) ==
        text + ": ok\n" + (scratch / "x.sbin") + ": ok\n" + graph + ": ok\n" + list +
            ": ok\ngpt2: ok\ntpu-v5e: ok\n");
  const Outcome other = run_program({"check", text, "--chip", "tpu-v5e"});
  CHECK(other.status == 3);
  CHECK(other.err.find("tiny-4x4") != std::string::npos);
}

TEST_CASE("check tells files without a suffix by how they begin") {
  const Scratch scratch;
  const std::string graph = scratch.file("graph", compiled({"--emit", "graph"}));
  const std::string binary = scratch.file("binary", compiled({"--emit", "bin"}));
  CHECK(good({"check", graph, binary}) == graph + ": ok\n" + binary + ": ok\n");
  CHECK(run_program({"check", scratch.file("noise", "hello")}).status == 2);
}

TEST_CASE("a resolved chip shows each value with its origin") {
  const std::string text = good({"check", "tiny-4x4", "--resolved", "--set", "mxu.rows=16"});
  CHECK(text.find("mxu.rows") != std::string::npos);
  CHECK(text.find("--set") != std::string::npos);
  CHECK(text.find("tiny-4x4.yaml:") != std::string::npos);
  CHECK(run_program({"check", "gpt2", "--resolved"}).status == 2);
}
