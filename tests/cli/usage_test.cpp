// SPDX-License-Identifier: Apache-2.0
// What is wrong with a command line: exit status 2, nothing on standard output, the nearest name.
#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

// The run must fail with status 2 and a message that has all of `parts`.
void refused(const std::vector<std::string>& arguments, const std::vector<std::string>& parts) {
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  CHECK(outcome.status == 2);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.rfind("systole: error: ", 0) == 0);
  for (const std::string& part : parts) CHECK(outcome.err.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("help and version go to standard output with status 0") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"run", "--help"}, {"list", "-h"}, {"--version"}}) {
    const Outcome outcome = run_program(arguments);
    CHECK(outcome.status == 0);
    CHECK(outcome.err.empty());
    CHECK_FALSE(outcome.out.empty());
  }
  CHECK(run_program({"--version"}).out.rfind("systole 0.", 0) == 0);
  CHECK(run_program({"run", "--help"}).out.find("--max-cycles") != std::string::npos);
}

TEST_CASE("no command, and an unknown one, name the commands") {
  refused({}, {"no command", "compile"});
  refused({"rn", "gpt2"}, {"'rn'", "did you mean 'run'?"});
}

TEST_CASE("an unknown flag is refused with the nearest one") {
  refused({"run", "gpt2", "--chp", "tpu-v5e"}, {"'--chp'", "did you mean '--chip'?"});
  refused({"compile", "gpt2", "--emmit", "asm"}, {"'--emmit'", "did you mean '--emit'?"});
  refused({"--versoin"}, {"did you mean '--version'?"});
}

TEST_CASE("what a command needs is asked for") {
  refused({"run", "gpt2", "--seq", "8"}, {"--chip"});
  refused({"run", "--chip", "tpu-v5e"}, {"WORKLOAD"});
  refused({"asm", "x.sasm"}, {"-o"});
  refused({"check"}, {"FILE"});
  refused({"list"}, {"WHAT"});
  refused({"run", "gpt2", "--chip"}, {"--chip"});
}

TEST_CASE("a value that is none of a flag's values is refused with the nearest one") {
  refused({"run", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--dtype", "bf61"},
          {"did you mean 'bf16'?"});
  refused({"run", "gemm:8x8x8", "--chip", "tiny-4x4", "--dtype", "fp8_e4m2"},
          {"did you mean 'fp8_e4m3'?", "int8, fp8, fp8_e4m3, fp8_e5m2"});
  refused({"run", "gemm:8x8x8", "--chip", "tiny-4x4", "--dtype", "fp8", "--vs", "a100"},
          {"MACs of type fp8_e4m3 for GPU 'a100'"});
  refused({"run", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--phase", "decod"},
          {"did you mean 'decode'?", "prefill"});
  refused({"run", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--fidelity", "tiel"},
          {"did you mean 'tile'?"});
  refused({"run", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--memory", "comand"},
          {"did you mean 'command'?", "page"});
  refused({"run", "gemm:8x8x8", "--chip", "tiny-4x4", "--set", "hbm.extends=hbm4"},
          {"--set hbm.extends=hbm4", "ddr3, hbm2, hbm2e, hbm3"});
  refused({"compile", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--emit", "tile"},
          {"did you mean 'tiles'?"});
  refused({"compile", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--print-after", "fues"},
          {"did you mean 'fuse'?"});
  refused({"list", "gpu"}, {"did you mean 'gpus'?"});
}

TEST_CASE("counts are whole numbers from 1") {
  for (const char* value : {"0", "-1", "1.5", "x", "", "99999999999999999999", "1k"}) {
    refused({"run", "gpt2", "--chip", "tpu-v5e", "--seq", value}, {"--seq"});
    refused({"run", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--max-cycles", value},
            {"--max-cycles"});
  }
  refused({"run", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--batch", "0"}, {"--batch"});
  for (const char* value : {"0", "-1", "x", "2147483649"}) {
    refused({"run", "gpt2", "--chip", "tpu-v5e", "--phase", "decode", "--context", value},
            {"--context", "from 1 to 2147483648"});
  }
  refused({"run", "gpt2", "--chip", "tpu-v5e", "--seq", "8", "--seq", "9"}, {"--seq"});
}

TEST_CASE("a model needs --seq, other workloads do not take it") {
  refused({"run", "gpt2", "--chip", "tpu-v5e"}, {"--seq"});
  refused({"run", "gemm:8x8x8", "--chip", "tpu-v5e", "--seq", "8"}, {"--seq"});
  refused({"run", "x.sgr", "--chip", "tpu-v5e", "--dtype", "int8"}, {"--dtype"});
  for (const char* flag : {"--seq", "--batch"}) {
    refused({"run", "x.sasm", "--chip", "tpu-v5e", flag, "8"}, {flag});
    refused({"run", "x.sbin", "--chip", "tpu-v5e", flag, "8"}, {flag});
  }
}

TEST_CASE("decode needs --context and refuses --seq, and prefill the other way round") {
  const std::vector<std::string> model{"run", "gpt2", "--chip", "tpu-v5e"};
  const auto with = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = model;
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return arguments;
  };
  refused(with({"--phase", "decode"}), {"decode without --context", "--context N"});
  refused(with({"--phase", "decode", "--seq", "8"}), {"--seq for decode", "--context N"});
  refused(with({"--phase", "decode", "--seq", "8", "--context", "8"}), {"--seq for decode"});
  refused(with({"--context", "8"}), {"--context for prefill", "--phase decode"});
  refused(with({"--seq", "8", "--context", "8"}), {"--context for prefill", "--seq N"});
  refused(with({"--phase", "prefill", "--context", "8"}), {"--context for prefill"});
  refused(with({}), {"without --seq", "--phase decode --context N"});
  refused({"run", "gemm:8x8x8", "--chip", "tpu-v5e", "--context", "8"}, {"--context", "KV cache"});
  refused({"run", "x.sgr", "--chip", "tpu-v5e", "--context", "8"}, {"--context"});
  refused({"compile", "gpt2", "--chip", "tpu-v5e", "--phase", "decode"}, {"--context"});
}

TEST_CASE("a name that is no model's, or several models', is refused with those that are") {
  refused({"run", "llama-3-9b", "--chip", "tpu-v5e", "--seq", "8"},
          {"'llama-3-9b'", "did you mean 'llama-3-8b'?", "systole list models"});
  refused({"run", "meta-llama/Meta-Llama-3-9B", "--chip", "tpu-v5e", "--seq", "8"},
          {"did you mean 'meta-llama/Meta-Llama-3-8B'?"});
}

TEST_CASE("unknown names are refused with the nearest one") {
  refused({"run", "gtp2", "--chip", "tpu-v5e", "--seq", "8"}, {"'gtp2'", "did you mean 'gpt2'?"});
  refused({"run", "gpt2", "--chip", "tpu-v5a", "--seq", "8"}, {"tpu-v5a", "tpu-v5e"});
  refused({"run", "gemm:8x8x8", "--chip", "tpu-v5e", "--vs", "h101"}, {"did you mean 'h100'?"});
  refused({"run", "gemm:8x8x8", "--chip", "tpu-v5e", "--set", "mxu.row=8"}, {"mxu.rows"});
  refused({"check", "tpu-v5"}, {"tpu-v5"});
}

TEST_CASE("a malformed GEMM is refused") {
  for (const char* spec : {"gemm:", "gemm:8x8", "gemm:8x8x8x8", "gemm:axbxc", "gemm:8x-8x8"}) {
    refused({"run", spec, "--chip", "tpu-v5e"}, {"gemm"});
  }
}

TEST_CASE("a program has no graph to be checked against, and is not compiled") {
  refused({"run", "x.sasm", "--chip", "tpu-v5e", "--check"}, {"--check", "graph"});
  refused({"compile", "x.sbin", "--chip", "tpu-v5e"}, {"program"});
}

TEST_CASE("an output that cannot be written is refused before anything is computed") {
  const Scratch scratch;
  const std::string file = scratch.file("file", "x");
  // The workload does not exist: were it read first, the status would be 3.
  refused({"run", scratch / "none.sgr", "--chip", "tpu-v5e", "--report", file},
          {"cannot be written"});
  refused({"run", scratch / "none.sgr", "--chip", "tpu-v5e", "--report", file + "/below"},
          {"cannot be written"});
  refused({"compile", scratch / "none.sgr", "--chip", "tpu-v5e", "-o", scratch / "a/b.sasm"},
          {"cannot be written"});
  CHECK(scratch.entries() == std::vector<std::string>{"file"});
  CHECK(file_bytes(file) == "x");
}

TEST_CASE("results that standard output does not take are an error") {
  const Outcome outcome = run_program({"list", "instructions"}, {"/dev/full", 0, 0});
  CHECK(outcome.status == 2);
  CHECK(outcome.err.find("standard output") != std::string::npos);
}

TEST_CASE("a limit on the size of files is an output that cannot be written, with nothing left") {
  const Scratch scratch;
  const auto limited = [](const std::vector<std::string>& arguments, unsigned bytes) {
    return run_program(arguments, {"", 0, 0, bytes});
  };
  const std::vector<std::string> run{"run",      "gemm:8x8x8", "--chip",
                                     "tiny-4x4", "--report",   scratch / "made/out"};
  const std::vector<std::string> compile{"compile",  "gemm:8x8x8", "--chip",
                                         "tiny-4x4", "-o",         scratch / "x.sasm"};
  for (const auto& arguments : {run, compile}) {
    const Outcome outcome = limited(arguments, 512);
    INFO(outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("cannot be written") != std::string::npos);
    CHECK(scratch.entries().empty());
  }
  const Outcome printed = limited({"list", "instructions"}, 512);
  CHECK(printed.status == 2);
  CHECK(printed.err.find("standard output") != std::string::npos);
  CHECK(limited(compile, 1 << 20).status == 0);
  CHECK(limited(run, 1 << 20).status == 0);
}
