// SPDX-License-Identifier: Apache-2.0
// Files that are wrong: exit status 3, a message that says where and what, nothing left behind.
#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

void bad(const std::vector<std::string>& arguments, const std::vector<std::string>& parts) {
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  CHECK(outcome.status == 3);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.rfind("systole: error: ", 0) == 0);
  for (const std::string& part : parts) CHECK(outcome.err.find(part) != std::string::npos);
}

const std::string kSource = SYSTOLE_SOURCE_ROOT;

// gpt2's config with one text replaced.
std::string config_with(const std::string& from, const std::string& to) {
  std::string text = file_bytes(kSource + "/workloads/models/gpt2.json");
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::vector<std::string> run_model(const std::string& file) {
  return {"run", file, "--chip", "tpu-v5e", "--seq", "8"};
}

// A program of one GEMM for `chip`, as text.
std::string program_text(const std::string& chip) {
  return run_program({"compile", "gemm:8x8x8", "--chip", chip}).out;
}

}  // namespace

TEST_CASE("a chip file that is wrong says file, line and what was expected") {
  const Scratch scratch;
  const auto chip = [&](const std::string& text, const std::vector<std::string>& parts) {
    const std::string file = scratch.file("chip.yaml", text);
    INFO(text);
    bad({"check", file}, parts);
    bad({"run", "gemm:8x8x8", "--chip", file}, parts);
  };
  chip("extends: tiny-4x4\nmxu:\n  row: 8\n", {"chip.yaml:3", "row", "mxu.rows"});
  chip("extends: tiny-4x4\nclock: 700\n", {"chip.yaml:2", "700"});
  chip("extends: tiny-4x4\nclock: 1 GHz\nclock: 2 GHz\n", {"chip.yaml:3", "clock"});
  chip("clock: 1 GHz\n", {"chip.yaml"});
  chip("extends: tiny-4x4\nmxu:\n  rows: 0\n", {"chip.yaml:3", "0"});
  chip("extends: tiny-4x4\nmxu:\n  rows:\n", {"chip.yaml"});
  chip("extends: chip.yaml\n", {"chip.yaml"});
  chip("a: [", {"chip.yaml"});
  chip("", {"chip.yaml"});
  chip(std::string("\0\xFF\x01", 3), {"chip.yaml"});
  bad({"check", scratch / "none.yaml"}, {"none.yaml"});
}

TEST_CASE("a VMEM that no tile fits is said") {
  bad({"run", "gemm:64x64x64", "--chip", "tpu-v5e", "--set", "vmem.size=1 KiB"}, {});
}

TEST_CASE("a config.json that is wrong says what") {
  const Scratch scratch;
  const std::string whole = config_with("gpt2", "gpt2");
  const auto config = [&](const std::string& text, const std::string& part) {
    bad(run_model(scratch.file("config.json", text)), {"config.json", part});
  };
  config(whole.substr(0, whole.size() / 2), "");
  config("", "");
  config("[]", "");
  config(config_with("\"n_layer\": 12", "\"n_layer\": -12"), "n_layer");
  config(config_with("\"n_layer\": 12", "\"n_layer\": 0"), "n_layer");
  config(config_with("\"n_embd\": 768", "\"n_embd\": 1e300"), "n_embd");
  config(config_with("\"n_embd\": 768", "\"n_embd\": 99999999999999999999"), "n_embd");
  config(config_with("\"n_embd\": 768", "\"n_embd\": \"768\""), "n_embd");
  config(config_with("GPT2LMHeadModel", "NoSuchModel"), "NoSuchModel");
  bad(run_model(scratch / "none.json"), {"none.json"});
}

TEST_CASE("a sequence longer than the model's positions is refused") {
  bad({"run", "gpt2", "--chip", "tpu-v5e", "--seq", "1025"}, {"1024"});
}

TEST_CASE("a context leaves a position for the step's token, N - 1 of N") {
  const auto decode = [](const std::string& context) {
    return std::vector<std::string>{"compile", "gpt2",      "--chip", "tpu-v5e", "--phase",
                                    "decode",  "--context", context,  "--emit",  "graph"};
  };
  bad(decode("1024"), {"--context 1024", "at most 1023", "1024"});
  CHECK(run_program(decode("1023")).status == 0);
}

TEST_CASE("an encoder has no decode, and check does not ask for it") {
  const std::string bert = "bert-base-uncased";
  bad({"run", bert, "--chip", "tpu-v5e", "--phase", "decode", "--context", "8"}, {"encoder"});
  CHECK(run_program({"check", bert, "--chip", "tpu-v5e"}).status == 0);
  CHECK(run_program({"check", bert, "llama-3-8b"}).out ==
        "bert-base-uncased: ok\nllama-3-8b: ok\n");
}

TEST_CASE("check finds what is wrong with a decoder's decode alone") {
  const Scratch scratch;
  // One position is enough for a prefill of one token and not for a token and its context.
  const std::string file =
      scratch.file("config.json", config_with("\"n_positions\": 1024", "\"n_positions\": 1"));
  CHECK(run_program({"run", file, "--chip", "tpu-v5e", "--seq", "1"}).status == 0);
  bad({"check", file}, {"--context 1", "n_positions = 1"});
}

TEST_CASE("a GEMM list that is wrong says the line") {
  const Scratch scratch;
  const auto list = [&](const std::string& text, const std::string& part) {
    bad({"run", scratch.file("x.csv", text), "--chip", "tpu-v5e"}, {"x.csv", part});
  };
  list("", "");
  list("Layer,M,N,K\nfc,8,8\n", ":2");
  list("Layer,M,N,K\nfc,8,8,-1\n", ":2");
  list("Layer,M,N,K\nfc,8,8,x\n", ":2");
}

TEST_CASE("a graph that is wrong says line and column") {
  const Scratch scratch;
  const auto graph = [&](const std::string& text) {
    bad({"run", scratch.file("x.sgr", text), "--chip", "tpu-v5e"}, {"x.sgr:"});
  };
  graph("graph \"g\"\n%y = matmul(%x, %w)\n");
  graph("grph\n");
  graph(std::string(100'000, '{'));
}

TEST_CASE("a program that is no program is refused, whatever its bytes") {
  const Scratch scratch;
  std::string noise;
  for (unsigned k = 0; k < 5000; ++k) noise += static_cast<char>(k * 2654435761u >> 24);
  for (const std::string& bytes : {std::string{}, std::string{"BAD!"}, noise}) {
    bad({"run", scratch.file("x.sbin", bytes), "--chip", "tiny-4x4"}, {"x.sbin"});
    bad({"run", scratch.file("x.sasm", bytes), "--chip", "tiny-4x4"}, {"x"});
    bad({"disasm", scratch.file("x.sbin", bytes)}, {"x.sbin"});
  }
}

TEST_CASE("a binary program that is cut off or changed is refused") {
  const Scratch scratch;
  const std::string text = scratch.file("x.sasm", program_text("tiny-4x4"));
  REQUIRE(run_program({"asm", text, "-o", scratch / "x.sbin"}).status == 0);
  const std::string whole = file_bytes(scratch / "x.sbin");
  bad({"disasm", scratch.file("cut.sbin", whole.substr(0, whole.size() - 1))}, {"cut.sbin"});
  std::string changed = whole;
  changed[0] = static_cast<char>(changed[0] + 1);
  bad({"disasm", scratch.file("changed.sbin", changed)}, {"changed.sbin", "magic"});
}

TEST_CASE("a program for another chip is refused by name") {
  const Scratch scratch;
  const std::string file = scratch.file("x.sasm", program_text("tiny-4x4"));
  bad({"run", file, "--chip", "tpu-v5e"}, {"tiny-4x4"});
  bad({"run", file, "--chip", "tiny-4x4", "--set", "vmem.size=128 KiB"}, {});
  CHECK(run_program({"run", file, "--chip", "tiny-4x4"}).status == 0);
}

TEST_CASE("a program with an address out of range, a race or an unbalanced semaphore is refused") {
  const std::string right = R"(.systole 1
.workload copy tokens=0
.chip tiny-4x4 hash=0x0
.semaphore full initial=0
.symbol a role=input type=bf16 address=0 rows=8 cols=8 pitch=32
.stream
  dma0 load dst=vmem[0, pitch=16]:bf16 src=hbm[0, pitch=32]:bf16 rows=8 cols=8 signal=(full)
  vpu0 vector op=copy dst=vmem[512, pitch=16]:bf16 a=vmem[0, pitch=16]:bf16 rows=8 cols=8 wait=(full)
  halt
)";
  const Scratch scratch;
  const auto wrong = [&](const std::vector<std::pair<std::string, std::string>>& edits,
                         const std::string& finding) {
    std::string text = right;
    for (const auto& [from, to] : edits) {
      const std::size_t at = text.find(from);
      REQUIRE(at != std::string::npos);
      text.replace(at, from.size(), to);
    }
    const std::string file = scratch.file("x.sasm", text);
    bad({"run", file, "--chip", "tiny-4x4"}, {"x.sasm", "instruction", finding});
    bad({"check", file}, {"x.sasm", "instruction", finding});
  };
  CHECK(run_program({"run", scratch.file("x.sasm", right), "--chip", "tiny-4x4"}).status == 0);
  wrong({{"src=hbm[0,", "src=hbm[1073741824,"}}, "1073741824");
  wrong({{" signal=(full)", ""}, {" wait=(full)", ""}}, "race");
  wrong({{" signal=(full)", ""}}, "full");
  wrong({{"wait=(full)", "wait=(full*2)"}}, "full");
}

TEST_CASE("an op for which a chip has no unit is refused by name, with presets that have one") {
  bad({"run", "gpt2", "--chip", "tpu-v1", "--seq", "8"}, {"layernorm", "tpu-v1", "tpu-v5e"});
  const Scratch scratch;
  const std::string softmax = "graph \"g\"\ninput %x bf16[8, 8]\n%y = softmax(%x)\noutput %y\n";
  bad({"run", scratch.file("x.sgr", softmax), "--chip", "tpu-v1"},
      {"softmax", "tpu-v1", "tpu-v3", "tpu-v5e"});
}

TEST_CASE("fp8 is refused where the chip has none, with what there is") {
  for (const char* chip : {"tpu-v1", "tpu-v3", "tpu-v4i", "tpu-v5e"}) {
    bad({"run", "gemm:8x8x8", "--chip", chip, "--dtype", "fp8"},
        {"fp8 in its MXU", chip, "such as tiny-4x4"});
  }
  const std::string graph = kSource + "/workloads/examples/fp8.sgr";
  bad({"run", graph, "--chip", "tpu-v5e"}, {"matmul (first)", "fp8 in its MXU"});
  CHECK(run_program({"run", graph, "--chip", "tiny-4x4", "--check"}).status == 0);
}

TEST_CASE("an op may not claim more MACs than its program executes") {
  const Scratch scratch;
  std::string text = program_text("tiny-4x4");
  const std::size_t at = text.find("macs=512 ");
  REQUIRE(at != std::string::npos);
  CHECK(run_program({"run", scratch.file("x.sasm", text), "--chip", "tiny-4x4"}).status == 0);
  text.replace(at, 8, "macs=513");
  bad({"run", scratch.file("x.sasm", text), "--chip", "tiny-4x4"}, {"x.sasm", "op gemm", "513"});
}

TEST_CASE("check with a chip refuses workloads that it cannot run, and only these") {
  const std::string attention = kSource + "/workloads/examples/attention.sgr";
  bad({"check", "gpt2", "--chip", "tpu-v1"}, {"layernorm", "tpu-v1"});
  bad({"check", attention, "--chip", "tpu-v1"}, {"softmax", "tpu-v1"});
  bad({"check", "gemm:64x64x64", "--chip", "tpu-v5e", "--set", "vmem.size=1 KiB"}, {});
  for (const char* chip : {"tpu-v3", "tpu-v5e"}) {
    CHECK(run_program({"check", "gpt2", attention, "--chip", chip}).status == 0);
  }
  CHECK(run_program({"check", "gpt2", attention}).status == 0);
  CHECK(run_program({"check", kSource + "/workloads/examples/gemms.csv", "--chip", "tpu-v1"})
            .status == 0);
}

TEST_CASE("a failed run leaves no folder and no file behind") {
  const Scratch scratch;
  const std::string config = scratch.file("config.json", "{");
  run_program({"run", config, "--chip", "tpu-v5e", "--seq", "8", "--report", scratch / "a/b"});
  run_program({"compile", config, "--chip", "tpu-v5e", "--seq", "8", "-o", scratch / "x.sasm"});
  run_program({"run", "gemm:8x8x8", "--chip", "tiny-4x4", "--max-cycles", "1", "--report",
               scratch / "out"});
  CHECK(scratch.entries() == std::vector<std::string>{"config.json"});
}

TEST_CASE("check goes through all files and ends with the worst status") {
  const Scratch scratch;
  const std::string broken = scratch.file("config.json", "{");
  const Outcome outcome = run_program({"check", broken, "tiny-4x4"});
  CHECK(outcome.status == 3);
  CHECK(outcome.out == "tiny-4x4: ok\n");
  CHECK(outcome.err.find("config.json") != std::string::npos);
}
