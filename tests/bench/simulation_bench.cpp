// SPDX-License-Identifier: Apache-2.0
// Our own speed: simulated cycles and macro-instructions per second, compile time, and whole
// jobs. SystemC elaborates once per process, so each simulation runs in a child.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

#include "compiler/import.hpp"
#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "isa/data_path.hpp"
#include "isa/files.hpp"
#include "isa/timing.hpp"
#include "isa/verifier.hpp"
#include "isa/walker.hpp"
#include "sim/energy/energy.hpp"
#include "sim/observe/conservation.hpp"
#include "sim/report/json.hpp"
#include "sim/report/result.hpp"
#include "sim/report/text.hpp"
#include "sim/timing/hbm_timing.hpp"
#include "sim/timing/simulate.hpp"

namespace systole {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Run {
  double seconds = 0;
  Cycles cycles = 0;
};

// Calls `work`, which returns the cycles it simulated, in a child, and times it there.
template <class Work>
Run in_child(benchmark::State& state, Work&& work) {
  int ends[2];
  Run run;
  if (::pipe(ends) != 0) {
    state.SkipWithError("no pipe");
    return run;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    const Clock::time_point begin = Clock::now();
    run.cycles = work();
    run.seconds = seconds_since(begin);
    const bool sent = ::write(ends[1], &run, sizeof run) == static_cast<ssize_t>(sizeof run);
    ::_exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  if (::read(ends[0], &run, sizeof run) != static_cast<ssize_t>(sizeof run)) {
    state.SkipWithError("the child failed");
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return run;
}

// What is compiled and simulated; the argument of the benchmarks below is an index.
struct ModelRun {
  std::string_view label;
  std::string_view file;  // in workloads/models
  Scenario scenario;
};

// The first three are simulated; the last, a model of experts, is compiled and verified only.
const std::array<ModelRun, 4>& model_runs() {
  static const std::array<ModelRun, 4> kRuns{{
      {"gpt2 prefill 1024", "gpt2.json", {.seq = 1024}},
      {"llama-3-8b prefill 2048", "meta-llama--Meta-Llama-3-8B.json", {.seq = 2048}},
      {"llama-3-8b decode 2048",
       "meta-llama--Meta-Llama-3-8B.json",
       {.phase = "decode", .context = 2048}},
      {"mixtral-8x7b prefill 2048", "mistralai--Mixtral-8x7B-v0.1.json", {.seq = 2048}},
  }};
  return kRuns;
}

Graph import_run(const ModelRun& run) {
  const auto path = data_path("workloads/models") / run.file;
  return import_config(read_file(path), path.string(), path.stem().string(), run.scenario);
}

const ModelRun& chosen(benchmark::State& state) {
  const ModelRun& run = model_runs().at(static_cast<std::size_t>(state.range(0)));
  state.SetLabel(std::string(run.label));
  return run;
}

std::int64_t dynamic_instructions(const Program& program) {
  std::int64_t count = 0;
  for (const Stream& stream : program.streams) {
    StreamWalker walker(stream, program.tables);
    while (walker.next()) ++count;
  }
  return count;
}

RunResult simulate_with_report(const Chip& chip, const Program& program) {
  UnitTimes unit_times;
  ActionCounts actions;
  OpCycles op_cycles;
  ArrayTimes array_times(program.streams.at(0));
  Conservation conservation(chip.spec, program, unit_names(chip.spec), {},
                            memory_latency_cycles(chip.spec));
  const SimulationResult run = simulate(
      chip.spec, program, {&unit_times, &actions, &op_cycles, &array_times, &conservation});
  conservation.require(conservation.settle(run.cycles, unit_times, actions));
  return make_result(chip, program,
                     measurements(program.ops.size(), run.cycles, run.units, unit_times, actions,
                                  op_cycles, array_times),
                     load_energy_table(chip.spec), stream_bytes_per_cycle(chip.spec));
}

void simulate_program(benchmark::State& state, const Chip& chip, const Program& program) {
  const std::int64_t instructions = dynamic_instructions(program);
  double cycles = 0;
  double macros = 0;
  for (auto _ : state) {
    const Run run = in_child(state, [&] { return simulate_with_report(chip, program).cycles; });
    state.SetIterationTime(run.seconds);
    cycles += static_cast<double>(run.cycles);
    macros += static_cast<double>(instructions);
  }
  state.counters["cycles"] = benchmark::Counter(cycles, benchmark::Counter::kIsRate);
  state.counters["instructions"] = benchmark::Counter(macros, benchmark::Counter::kIsRate);
}

// 4096^3 on 128x128 arrays; the argument is their number.
void simulate_gemm(benchmark::State& state) {
  const Chip chip = load_chip("tpu-v5e", {fmt::format("mxu.count={}", state.range(0))});
  const Graph graph = import_gemm("gemm:4096x4096x4096", native_type(chip.spec.mxu));
  simulate_program(state, chip, compile(graph, chip).program);
}
BENCHMARK(simulate_gemm)->Arg(1)->Arg(4)->UseManualTime()->Unit(benchmark::kMillisecond);

void simulate_model(benchmark::State& state) {
  const Chip chip = load_chip("tpu-v5e", {});
  simulate_program(state, chip, compile(import_run(chosen(state)), chip).program);
}
BENCHMARK(simulate_model)->DenseRange(0, 2)->UseManualTime()->Unit(benchmark::kMillisecond);

// Its HBM holds what is compiled, whatever the chip's own does.
Chip roomy_chip() { return load_chip("tpu-v5e", {"hbm.size=128 GiB"}); }

void compile_model(benchmark::State& state) {
  const Chip chip = roomy_chip();
  const ModelRun& run = chosen(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(compile(import_run(run), chip).program);
  }
}
BENCHMARK(compile_model)->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

void verify_model(benchmark::State& state) {
  const Chip chip = roomy_chip();
  const ModelRun& run = chosen(state);
  const Program program = compile(import_run(run), chip).program;
  for (auto _ : state) verify_program(chip.spec, chip.hash, program, "model");
}
BENCHMARK(verify_model)->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

// Everything that `systole run` does but writing its files.
void whole_job(benchmark::State& state) {
  const ModelRun& model = chosen(state);
  for (auto _ : state) {
    const Run run = in_child(state, [&] {
      const Chip chip = load_chip("tpu-v5e", {});
      const Program program = compile(import_run(model), chip).program;
      verify_program(chip.spec, chip.hash, program, "model");
      const RunResult result = simulate_with_report(chip, program);
      benchmark::DoNotOptimize(report_text(result) + result_json_text(result));
      return result.cycles;
    });
    state.SetIterationTime(run.seconds);
  }
}
BENCHMARK(whole_job)->DenseRange(0, 2)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace systole

BENCHMARK_MAIN();
