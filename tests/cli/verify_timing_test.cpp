// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "cli/run_program.hpp"

using namespace systole;

namespace {

const std::string kHeader = ".systole 1\n.workload t tokens=0\n.chip any\n";

// A weight tile and a matmul in a 4x4 array.
const std::string kMatmul =
    kHeader + R"(.symbol y role=output type=int32 address=0 rows=3 cols=4 pitch=16
.semaphore done initial=0
.semaphore copied initial=0
.stream
  mxu0 wload src=vmem[0, pitch=4]:int8 depth=4 cols=4
  mxu0 matmul dst=acc0[0, pitch=16]:int32 lhs=vmem[64, pitch=4]:int8 rows=3 depth=4 cols=4 signal=(done)
  vpu0 vector op=copy dst=vmem[128, pitch=16]:int32 a=acc0[0, pitch=16]:int32 rows=3 cols=4 wait=(done) signal=(copied)
  dma0 store dst=hbm[0, pitch=16]:int32 src=vmem[128, pitch=16]:int32 rows=3 cols=4 wait=(copied)
  halt
)";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("verify-timing prints a table of every class, random programs and no disagreements") {
  const Outcome outcome = run_program({"verify-timing", "--programs", "20", "--seed", "7"});
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  for (const char* part : {"formula",
                           "tile",
                           "pe",
                           "rtl",
                           "\nmatmul ",
                           "\nwload ",
                           "\nwloadt ",
                           "\nmultiply ",
                           "\nmultiplyt ",
                           "\nunload ",
                           "\naccumulate chain ",
                           "\nvector ",
                           "\nreduce ",
                           "\ntranspose ",
                           "\nload ",
                           "\nstore ",
                           "\ngather ",
                           "\nscatter ",
                           "\nsync ",
                           "\nloop ",
                           "weight, input",
                           "fp8_e4m3",
                           "20 random programs from seed 7"}) {
    INFO(part);
    CHECK(has(outcome.out, part));
  }
  const std::string last = "disagreements: 0\n";
  REQUIRE(outcome.out.size() > last.size());
  CHECK(outcome.out.substr(outcome.out.size() - last.size()) == last);
}

TEST_CASE("verify-timing --json has the table, the programs and their seed") {
  const Outcome outcome =
      run_program({"verify-timing", "--json", "--programs", "5", "--seed", "0"});
  CHECK(outcome.status == 0);
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  CHECK(json.at("schema") == "systole.verify-timing/1");
  CHECK(json.at("programs") == 5);
  CHECK(json.at("seed") == 0);
  CHECK(json.at("disagreements") == 0);
  CHECK(json.at("random").at("runs").at("pe") == 5);
  std::set<std::string> types, dataflows;
  for (const auto& row : json.at("rows")) {
    CHECK(row.at("disagreements") == 0);
    CHECK(row.at("cases") > 0);
    if (row.at("dataflow") == "") continue;
    types.insert(row.at("type").get<std::string>());
    dataflows.insert(row.at("dataflow").get<std::string>());
    CHECK(row.at("witness_cycles").at("tile") == row.at("witness_cycles").at("pe"));
    if (!row.at("formula_cycles").is_null()) {
      CHECK(row.at("witness_cycles").at("tile") == row.at("formula_cycles"));
    }
  }
  CHECK(types == std::set<std::string>{"bf16", "fp8_e4m3", "fp8_e5m2", "int8"});
  CHECK(dataflows ==
        std::set<std::string>{"input_stationary", "output_stationary", "weight_stationary"});
}

TEST_CASE("verify-timing compares programs in files") {
  const Scratch scratch;
  const std::string file = scratch.file("m.sasm", kMatmul);
  const Outcome outcome =
      run_program({"verify-timing", file, "--chip", "tiny-4x4", "--set", "mxu.rows=5"});
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(has(outcome.out, "m.sasm"));
  CHECK(has(outcome.out, "disagreements: 0\n"));
  const Outcome json = run_program({"verify-timing", file, "--chip", "tiny-4x4", "--json"});
  const auto cycles = nlohmann::json::parse(json.out).at("files").at(0).at("witness_cycles");
  CHECK(cycles.at("tile") > 0);
  CHECK(cycles.at("tile") == cycles.at("pe"));
  CHECK_FALSE(nlohmann::json::parse(json.out).contains("rows"));
}

TEST_CASE("compiled programs agree before all witnesses, in every dataflow and layout") {
  const Scratch scratch;
  const std::string file = scratch / "gemm.sasm";
  for (const std::string dataflow :
       {"weight_stationary", "input_stationary", "output_stationary"}) {
    for (const std::string shape : {"6x4x3", "3x5x7", "5x9x5"}) {
      INFO(dataflow << " " << shape);
      const std::string set = "mxu.dataflow=" + dataflow;
      REQUIRE(
          run_program({"compile", "gemm:" + shape, "--chip", "tiny-4x4", "--set", set, "-o", file})
              .status == 0);
      const Outcome outcome =
          run_program({"verify-timing", file, "--chip", "tiny-4x4", "--set", set});
      INFO(outcome.out);
      CHECK(outcome.status == 0);
      CHECK(has(outcome.out, "disagreements: 0\n"));
    }
  }
}

TEST_CASE("verify-timing is used with files or without, and says so") {
  const Scratch scratch;
  const std::string file = scratch.file("m.sasm", kMatmul);
  const std::string other =
      scratch.file("n.sasm", ".systole 1\n.chip mine hash=0x0000000000000001\n.stream\n  halt\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"verify-timing", file}, "for any chip without --chip; expected --chip CHIP"},
      {{"verify-timing", other}, "for chip 'mine' without --chip"},
      {{"verify-timing", "--chip", "tiny-4x4"}, "--chip without FILE"},
      {{"verify-timing", file, "--chip", "tiny-4x4", "--programs", "3"}, "--programs with"},
      {{"verify-timing", "--programs", "-1"}, "a whole number from 0"},
      {{"verify-timing", "--seed", "x"}, "a whole number from 0"},
      {{"verify-timing", "gemm:4x4x4", "--chip", "tiny-4x4"}, "a program"}};
  for (const auto& [arguments, expected] : wrong) {
    const Outcome outcome = run_program(arguments);
    INFO(outcome.err);
    CHECK(outcome.status == 2);
    CHECK(has(outcome.err, expected));
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("a run at each level has the cycles and the checked values of one at tile level") {
  const Scratch scratch;
  const std::string file = scratch.file("m.sasm", kMatmul);
  const bool rtl =
      !has(run_program({"verify-timing", file, "--chip", "tiny-4x4"}).out, "not built");
  for (const std::string dataflow :
       {"weight_stationary", "input_stationary", "output_stationary"}) {
    const auto run = [&](const std::string& fidelity) {
      const Outcome outcome = run_program({"run", "gemm:9x11x7", "--chip", "tiny-4x4", "--set",
                                           "mxu.dataflow=" + dataflow, "--fidelity", fidelity,
                                           "--values", "--check", "--json"});
      INFO(outcome.err);
      REQUIRE(outcome.status == 0);
      return nlohmann::json::parse(outcome.out);
    };
    const nlohmann::json tile = run("tile");
    for (const std::string level : {"pe", "rtl"}) {
      if (level == "rtl" && !rtl) continue;
      INFO(dataflow << " " << level);
      const nlohmann::json stepped = run(level);
      CHECK(stepped.at("fidelity") == level);
      CHECK(stepped.at("check").at("passed") == true);
      for (const char* same : {"cycles", "units", "ops", "outputs"}) {
        INFO(same);
        CHECK(tile.at(same) == stepped.at(same));
      }
    }
  }
}

TEST_CASE("RTL that is not built, or not for the chip's array, is refused with what there is") {
  const Scratch scratch;
  const std::string file = scratch.file("m.sasm", kMatmul);
  const Outcome outcome =
      run_program({"run", file, "--chip", "tiny-4x4", "--set", "mxu.rows=7", "--fidelity", "rtl"});
  INFO(outcome.err);
  CHECK((outcome.status == 2 || outcome.status == 3));
  CHECK(has(outcome.err, outcome.status == 2 ? "Verilator" : "4 x 4"));
  CHECK(run_program({"run", file, "--chip", "tiny-4x4", "--set", "mxu.rows=7", "--fidelity", "pe"})
            .status == 0);
}

TEST_CASE("arrays that take long with a module per PE are warned of before they are run") {
  const Scratch scratch;
  const std::string file = scratch.file("halt.sasm", kHeader + ".stream\n  halt\n");
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"verify-timing", file}, {"run", file, "--fidelity", "pe"}}) {
    const auto with_rows = [&](const std::string& rows) {
      std::vector<std::string> arguments = line;
      arguments.insert(arguments.end(),
                       {"--chip", "tiny-4x4", "--set", "mxu.cols=64", "--set", "mxu.rows=" + rows});
      const Outcome outcome = run_program(arguments);
      CHECK(outcome.status == 0);
      return outcome.err;
    };
    CHECK(with_rows("64").empty());
    const std::string warning = with_rows("65");
    INFO(warning);
    CHECK(has(warning, "warning: "));
    CHECK(has(warning, "each of 65 x 64 PEs is stepped in every cycle; expected"));
  }
}

TEST_CASE("what an array could not take is refused with the same message at every level") {
  struct Stream {
    std::string instructions;
    std::vector<std::string> set;
    std::string found;
  };
  const std::string os = "mxu.dataflow=output_stationary";
  const std::string wload = "mxu0 wload src=vmem[0, pitch=4]:int8 depth=4 cols=4\n";
  const std::string multiply =
      "mxu0 multiply lhs=vmem[0, pitch=4]:int8 rhs=vmem[64, pitch=4]:int8 rows=4 depth=4 cols=4\n";
  const auto matmul = [](const std::string& acc, const std::string& type, int depth) {
    return "mxu0 matmul dst=acc0[" + acc + ", pitch=16]:" + (type == "int8" ? "int32" : "fp32") +
           " lhs=vmem[64, pitch=16]:" + type + " rows=3 depth=" + std::to_string(depth) +
           " cols=4\n";
  };
  const std::vector<Stream> streams{
      {matmul("0", "int8", 4), {}, "without weights"},
      {"mxu0 wload src=vmem[0, pitch=8]:int8 depth=5 cols=4\n", {}, "at most 4 x 4"},
      {"mxu0 wload src=vmem[0, pitch=8]:int8 depth=4 cols=5\n", {}, "at most 4 x 4"},
      {wload + matmul("0", "bf16", 4), {}, "int8"},
      {wload + matmul("0", "int8", 5), {}, "at most"},
      {wload + matmul("4", "int8", 4), {}, "whole rows"},
      {"mxu0 wloadt src=vmem[0, pitch=4]:int8 depth=4 cols=4\n",
       {"mxu.transposed_load=false"},
       "a transposed weight load"},
      {multiply, {}, "output-stationary"},
      {wload, {os}, "weight- and input-stationary"},
      {"mxu0 unload dst=acc0[0, pitch=16]:int32 rows=4 cols=4\n", {os}, "without sums"},
      {multiply + "mxu0 unload dst=acc0[0, pitch=16]:fp32 rows=4 cols=4\n", {os}, "int32"},
      {"mxu0 multiply lhs=vmem[0, pitch=4]:int8 rhs=vmem[64, pitch=8]:bf16 rows=4 depth=4 cols=4\n",
       {os},
       "int8 times bf16"}};
  const Scratch scratch;
  for (const Stream& stream : streams) {
    const std::string file =
        scratch.file("bad.sasm", kHeader + ".stream\n" + stream.instructions + "halt\n");
    std::vector<std::string> chip{"--chip", "tiny-4x4"};
    for (const std::string& set : stream.set) chip.insert(chip.end(), {"--set", set});
    std::vector<std::vector<std::string>> lines;
    for (const char* fidelity : {"tile", "pe", "rtl"}) {
      lines.push_back({"run", file, "--fidelity", fidelity});
    }
    lines.push_back({"verify-timing", file});
    std::set<std::string> messages;
    for (std::vector<std::string>& line : lines) {
      line.insert(line.end(), chip.begin(), chip.end());
      const Outcome outcome = run_program(line);
      INFO(outcome.err);
      CHECK(outcome.status == 3);
      CHECK(has(outcome.err, stream.found));
      CHECK(outcome.out.empty());
      messages.insert(outcome.err);
    }
    INFO(stream.instructions);
    CHECK(messages.size() == 1);
  }
}
