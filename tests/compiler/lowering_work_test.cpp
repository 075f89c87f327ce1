// SPDX-License-Identifier: Apache-2.0
// Programs hold no loop for nothing, and no instruction that is never reached.
#include "catch.hpp"
#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "isa/walker.hpp"
#include "model_files.hpp"

using namespace systole;

namespace {

// Of each instruction, how often it was fetched, whether its guard held or not.
std::vector<std::int64_t> fetches(const Program& program) {
  std::vector<std::int64_t> fetched(program.streams[0].size());
  StreamWalker walker(program.streams[0], program.tables);
  StreamWalker::Step step = StreamWalker::Step::kControl;
  while (step != StreamWalker::Step::kHalt) {
    step = walker.step();
    ++fetched[walker.position()];
  }
  return fetched;
}

}  // namespace

TEST_CASE("no loop is empty, and every instruction is fetched") {
  for (const char* name : {"gpt2", "bert", "llama", "qwen3"}) {
    for (const Scenario& scenario : {prefill(13, 2), decode(12, 2), prefill(13, 2, DataType::kInt8),
                                     decode(12, 2, DataType::kInt8), decode(30, 1)}) {
      if (std::string(name) == "bert" && scenario.phase == "decode") continue;
      for (const char* preset : {"tiny-4x4", "tpu-v5e"}) {
        const Program program = compile(import_config(small_model(name), "m.json", "m", scenario),
                                        load_chip(preset, {}))
                                    .program;
        const Stream& stream = program.streams[0];
        const std::vector<std::int64_t> fetched = fetches(program);
        for (std::size_t at = 0; at < stream.size(); ++at) {
          INFO(name << " " << scenario.phase << " " << row_of(scenario.dtype).name << " on "
                    << preset << ": instruction " << at);
          CHECK(fetched[at] >= 1);
          if (!std::holds_alternative<Loop>(stream[at].body)) continue;
          CHECK_FALSE(std::holds_alternative<End>(stream[at + 1].body));
        }
      }
    }
  }
}
