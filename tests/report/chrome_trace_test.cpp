// SPDX-License-Identifier: Apache-2.0
#include "sim/report/chrome_trace.hpp"

#include <unistd.h>

#include <functional>

#include "catch.hpp"
#include "report/sample.hpp"
#include "trace_file.hpp"

using namespace systole;

namespace {

const std::vector<std::string> kUnits{"core0.sequencer", "core0.mxu0", "core0.vpu", "core0.dma0",
                                      "hbm.ch0",         "hbm.ch1",    "cmem.port0"};
constexpr std::int32_t kSequencerUnit = 0, kMxuUnit = 1, kVpuUnit = 2, kDmaUnit = 3, kCh0 = 4,
                       kCh1 = 5, kPort0 = 6;

// matmul, wload, vector gelu, reduce sum, sync, load; two semaphores.
Program traced_program() {
  Program program = sample_program();
  program.semaphores = {{"full", 0}, {"free\"\xff", 1}};
  Vector gelu;
  gelu.op = VectorOp::kGelu;
  Reduce sum;
  sum.op = ReduceOp::kSum;
  for (const Body& body : std::vector<Body>{Matmul{}, WeightLoad{}, gelu, sum, Sync{}, Load{}}) {
    Instruction instruction;
    instruction.body = body;
    program.streams[0].push_back(instruction);
  }
  return program;
}
enum : std::int64_t { kMatmulAt, kWloadAt, kGeluAt, kSumAt, kSyncAt, kLoadAt };

// What a run of `cycles` cycles at `clock` looks like whose events are `tell`'s.
TraceFile traced(const std::function<void(ChromeTrace&)>& tell, Cycles cycles = 100,
                 std::int64_t clock = 1'000'000'000, const Program& program = traced_program()) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("systole-trace-" + std::to_string(::getpid()) + ".json.gz");
  Chip chip = sample_chip();
  chip.spec.clock = clock;
  const EnergyTable energy = sample_energy();
  GzipFile file{path};
  ChromeTrace trace{file, chip.spec, program, energy, kUnits};
  tell(trace);
  trace.finish(cycles);
  file.commit();
  TraceFile read{path.string()};
  std::filesystem::remove(path);
  CHECK(read.fault().empty());
  return read;
}

Completion work(std::int32_t unit, std::int64_t position, Cycles begin, Cycles free, Cycles end,
                std::int32_t op = 0) {
  Completion completion;
  completion.sequence = begin;
  completion.op = op;
  completion.end = end;
  completion.unit = unit;
  completion.position = position;
  completion.begin = begin;
  completion.free = free;
  return completion;
}

}  // namespace

TEST_CASE("every unit has a track, in the order of the units, whether it does something or not") {
  const TraceFile trace = traced([](ChromeTrace&) {});
  CHECK(trace.tracks() == kUnits);
}

TEST_CASE("a trace says what it is of") {
  const TraceFile trace = traced([](ChromeTrace&) {}, 2500, 1'500'000'000);
  CHECK(trace.about()["schema"] == "systole.trace/1");
  CHECK(trace.about()["workload"] == "sample work");
  CHECK(trace.about()["chip"] == "sample");
  CHECK(trace.about()["clock_hz"] == 1'500'000'000);
  CHECK(trace.about()["cycles"] == 2500);
  CHECK(trace.json()["displayTimeUnit"] == "ns");
}

TEST_CASE("an instruction is a slice from its start until its unit is free") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    t.on(work(kMxuUnit, kMatmulAt, 5, 25, 37));
    t.on(work(kVpuUnit, kGeluAt, 40, 41, 50, 1));
    t.on(work(kVpuUnit, kSumAt, 41, 43, 52, -1));
  });
  const auto slices = trace.slices("core0.mxu0");
  REQUIRE(slices.size() == 1);
  CHECK(slices[0].name == "fc matmul");
  CHECK(slices[0].category == "instruction");
  CHECK(slices[0].begin == 5);
  CHECK(slices[0].end == 25);
  CHECK(slices[0].args ==
        TraceFile::Json{
            {"op", "fc"}, {"instruction", "matmul"}, {"index", kMatmulAt}, {"completion", 37}});
  const auto vector = trace.slices("core0.vpu");
  REQUIRE(vector.size() == 2);
  CHECK(vector[0].name == "softmax vector gelu");
  CHECK(vector[1].name == "reduce sum");
  CHECK_FALSE(vector[1].args.contains("op"));
}

TEST_CASE("weight loads have a track of their own beside their MXU's") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    t.on(work(kMxuUnit, kMatmulAt, 5, 25, 37));
    Completion load = work(kMxuUnit, kWloadAt, 6, 10, 37);
    load.beside = true;
    t.on(load);
  });
  CHECK(trace.slices("core0.mxu0").size() == 1);
  const auto loads = trace.slices("core0.mxu0 weights");
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].name == "fc wload");
  CHECK(trace.tracks()[2] == "core0.mxu0 weights");
}

TEST_CASE("an instruction that neither works nor waits, and halt, have no slice") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    t.on(work(kVpuUnit, kSyncAt, 7, 7, 7));
    t.on(Completion{2, -1, 9});
  });
  for (const std::string& track : trace.tracks()) CHECK(trace.slices(track).empty());
}

TEST_CASE("a wait is a slice, and a flow leads to it from the slice that signalled") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    t.on(work(kVpuUnit, kGeluAt, 3, 20, 25, 1));
    Completion sync = work(kMxuUnit, kSyncAt, 30, 30, 30);
    sync.wait = {0, 10, 30, {kVpuUnit, false, 3, 20}};
    t.on(sync);
    Completion matmul = work(kMxuUnit, kMatmulAt, 50, 60, 72);
    matmul.wait = {1, 31, 45, {kVpuUnit, false, 3, 20}};
    t.on(matmul);
  });
  const auto waits = trace.slices("core0.mxu0", "wait");
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].name == "wait full");
  CHECK(waits[0].begin == 10);
  CHECK(waits[0].end == 30);
  CHECK(waits[0].args["instruction"] == "sync");
  CHECK(waits[1].name == "wait free\"\xEF\xBF\xBD");  // no UTF-8: replaced
  CHECK(waits[1].end == 45);
  const auto flows = trace.flows();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].name == "full");
  CHECK(flows[0].from_track == "core0.vpu");
  CHECK(flows[0].from.name == "softmax vector gelu");
  CHECK(flows[0].at_from == 19);
  CHECK(flows[0].to.name == "wait full");
  CHECK(flows[0].at_to == 29);
  CHECK(flows[1].to.name == "fc matmul");
  CHECK(flows[1].at_to == 50);
}

TEST_CASE("a flow to or from a weight load ends on its track") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    Completion load = work(kMxuUnit, kWloadAt, 6, 16, 16);
    load.beside = true;
    load.wait = {0, 2, 6, {kDmaUnit, false, 0, 2}};
    t.on(work(kDmaUnit, kLoadAt, 0, 2, 3));
    t.on(load);
    Completion sync = work(kVpuUnit, kSyncAt, 18, 18, 18);
    sync.wait = {1, 5, 18, {kMxuUnit, true, 6, 16}};
    t.on(sync);
  });
  const auto flows = trace.flows();
  REQUIRE(flows.size() == 2);
  CHECK(flows[0].to_track == "core0.mxu0 weights");
  CHECK(trace.slices("core0.mxu0", "wait").size() == 1);
  CHECK(flows[1].from_track == "core0.mxu0 weights");
}

TEST_CASE("a signal of no slice is no flow") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    Completion sync = work(kMxuUnit, kSyncAt, 30, 30, 30);
    sync.wait.semaphore = 0;
    sync.wait.begin = 10;
    sync.wait.end = 30;
    t.on(sync);
  });
  CHECK(trace.slices("core0.mxu0", "wait").size() == 1);
  CHECK(trace.flows().empty());
}

TEST_CASE("flows find slices that touch, at a clock whose cycles are no whole nanoseconds") {
  const TraceFile trace = traced(
      [](ChromeTrace& t) {
        for (Cycles at = 0; at < 800; at += 4) {
          t.on(work(kVpuUnit, kGeluAt, at, at + 4, at + 20));
          Completion matmul = work(kMxuUnit, kMatmulAt, at + 23, at + 26, at + 40);
          matmul.wait = {0, at + 22, at + 23, {kVpuUnit, false, at, at + 4}};
          t.on(matmul);
        }
      },
      1000, 1'500'000'000);
  const auto flows = trace.flows();
  REQUIRE(flows.size() == 200);
  for (const auto& flow : flows) CHECK(flow.to.begin - flow.from.begin == 23);
}

TEST_CASE("the sequencer's slices are its time on one op, with its stalls counted") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    t.on(Interval{kSequencerUnit, Reason::kBusy, -1, -1, 0, 2});
    t.on(Interval{kSequencerUnit, Reason::kBusy, -1, 0, 2, 5});
    t.on(Interval{kSequencerUnit, Reason::kQueueFull, -1, 0, 5, 50});
    t.on(Interval{kSequencerUnit, Reason::kBusy, -1, 0, 50, 51});
    t.on(Interval{kSequencerUnit, Reason::kBusy, -1, 1, 51, 60});
    t.on(Interval{kSequencerUnit, Reason::kHalted, -1, -1, 60, 100});
  });
  const auto slices = trace.slices("core0.sequencer");
  REQUIRE(slices.size() == 3);
  CHECK(slices[0].name == "issue");
  CHECK(slices[1].name == "fc issue");
  CHECK(slices[1].begin == 2);
  CHECK(slices[1].end == 51);
  CHECK(slices[1].args == TraceFile::Json{{"busy", 4}, {"queue_full", 45}});
  CHECK(slices[2].end == 60);
}

TEST_CASE("a channel's slices say what it moves, and in which direction") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    t.on(Interval{kCh0, Reason::kBusy, -1, 0, 0, 10, 640, false});
    t.on(Interval{kCh0, Reason::kBusy, -1, 0, 10, 12, 64, true});
    t.on(Interval{kCh0, Reason::kNoInstruction, -1, -1, 12, 100});
    t.on(Interval{kCh1, Reason::kBusy, -1, -1, 5, 10, 96, false});
  });
  const auto slices = trace.slices("hbm.ch0");
  REQUIRE(slices.size() == 2);
  CHECK(slices[0].name == "fc read");
  CHECK(slices[0].args["bytes"] == 640);
  CHECK(slices[1].name == "fc write");
  CHECK(trace.slices("hbm.ch1").at(0).name == "read");
}

TEST_CASE("a channel's slice names the bytes that went the other way in it") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    t.on(Interval{kCh0, Reason::kBusy, -1, 0, 0, 10, 640, false, 32});
    t.on(Interval{kCh0, Reason::kBusy, -1, 0, 10, 12, 64, true, 96});
  });
  const auto slices = trace.slices("hbm.ch0");
  REQUIRE(slices.size() == 2);
  CHECK(slices[0].args == TraceFile::Json{{"bytes", 640}, {"written_bytes", 32}});
  CHECK(slices[1].args == TraceFile::Json{{"bytes", 64}, {"read_bytes", 96}});
}

TEST_CASE("counters are of what intervals and actions told") {
  const TraceFile trace = traced(
      [](ChromeTrace& t) {
        t.on(Interval{kCh0, Reason::kBusy, -1, 0, 0, 8, 80, false});
        t.on(Action{ActionId::kHbmReadBytes, 0, 80, 0, 8});
        t.on(Action{ActionId::kMacBf16, 0, 4000, 0, 4});
      },
      2500);
  CHECK(trace.about()["counter_cycles"] == 4);
  CHECK(trace.samples("power (W)").size() == 2500 / 4 + 1);
  CHECK(std::llround(trace.integral("HBM bandwidth (GB/s)").at("read") * 1e9) == 80);
  CHECK(trace.integral("power (W)").at("mxu") == Approx(4e-9));
}

TEST_CASE("what a port of CMEM moves is a slice of that port, and not of HBM's bandwidth") {
  const TraceFile trace = traced([](ChromeTrace& t) {
    t.on(Interval{kCh0, Reason::kBusy, -1, 0, 0, 8, 80, false});
    t.on(Interval{kPort0, Reason::kBusy, -1, 0, 0, 8, 512, false});
    t.on(Interval{kPort0, Reason::kBusy, -1, 0, 8, 9, 64, true});
  });
  REQUIRE(trace.slices("cmem.port0").size() == 2);
  CHECK(trace.slices("cmem.port0")[0].args["bytes"] == 512);
  const auto moved = trace.integral("HBM bandwidth (GB/s)");
  CHECK(std::llround(moved.at("read") * 1e9) == 80);
  CHECK(std::llround(moved.at("write") * 1e9) == 0);
}

TEST_CASE("names of any bytes are written as text") {
  Program program = traced_program();
  program.ops[0].name = "a\"\\\n\xff</script>";
  program.workload = "\x01\xc3";
  const TraceFile trace = traced(
      [](ChromeTrace& t) {
        t.on(work(kMxuUnit, kMatmulAt, 5, 25, 37));
        t.on(Interval{kSequencerUnit, Reason::kBusy, -1, 0, 2, 5});
        t.on(Interval{kCh0, Reason::kBusy, -1, 0, 0, 10, 640, false});
      },
      100, 1'000'000'000, program);
  const std::string name = "a\"\\\n\xEF\xBF\xBD</script>";
  CHECK(trace.slices("core0.mxu0").at(0).name == name + " matmul");
  CHECK(trace.slices("core0.mxu0").at(0).args["op"] == name);
  CHECK(trace.slices("core0.sequencer").at(0).name == name + " issue");
  CHECK(trace.slices("hbm.ch0").at(0).name == name + " read");
  CHECK(trace.about()["workload"] == "\x01\xEF\xBF\xBD");
}
