// SPDX-License-Identifier: Apache-2.0
// A model that does not fit the memory: exit status 3, with what would fit, tight on both sides.
#include "sim/cli/capacity.hpp"

#include <algorithm>

#include "catch.hpp"
#include "cli/run_program.hpp"
#include "isa/error.hpp"

using namespace systole;

namespace {

const std::vector<std::string> kChip{"hbm.size=512 MiB"};

Scenario decode(std::int64_t context, std::int64_t batch) {
  return {.phase = "decode", .batch = batch, .context = context};
}
Scenario prefill(std::int64_t seq, std::int64_t batch) { return {.batch = batch, .seq = seq}; }

// What is wrong with it; empty where it fits.
std::string refusal(const std::string& model, const Scenario& scenario,
                    const std::vector<std::string>& overrides = kChip) {
  const Workload workload = resolve_workload(model);
  const Chip chip = load_chip("tpu-v5e", overrides);
  try {
    require_capacity(workload, scenario, load_graph(workload, scenario), chip);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    return error.what();
  }
  return {};
}

// The number behind `before` in a text that has it.
std::int64_t number_after(const std::string& text, const std::string& before) {
  const std::size_t at = text.find(before);
  INFO(text);
  REQUIRE(at != std::string::npos);
  return std::stoll(text.substr(at + before.size()));
}

}  // namespace

TEST_CASE("a context that does not fit says the longest that does, and the largest batch") {
  const std::string text = refusal("gpt2", decode(1000, 64));
  const std::int64_t context = number_after(text, "at most --context ");
  CHECK(text.find("--context " + std::to_string(context) + " with --batch 64, or --batch ") !=
        std::string::npos);
  const std::int64_t batch = number_after(text, ", or --batch ");
  CHECK(text.find("--batch " + std::to_string(batch) + " with --context 1000") !=
        std::string::npos);
  CHECK(refusal("gpt2", decode(context, 64)) == "");
  CHECK(refusal("gpt2", decode(context + 1, 64)) != "");
  CHECK(refusal("gpt2", decode(1000, batch)) == "");
  CHECK(refusal("gpt2", decode(1000, batch + 1)) != "");
}

TEST_CASE("a sequence that does not fit says the longest that does, and the largest batch") {
  const std::string text = refusal("qwen2-0.5b", prefill(4096, 16), {"hbm.size=2 GiB"});
  const std::int64_t seq = number_after(text, "at most --seq ");
  const std::int64_t batch = number_after(text, ", or --batch ");
  CHECK(refusal("qwen2-0.5b", prefill(seq, 16), {"hbm.size=2 GiB"}) == "");
  CHECK(refusal("qwen2-0.5b", prefill(seq + 1, 16), {"hbm.size=2 GiB"}) != "");
  CHECK(refusal("qwen2-0.5b", prefill(4096, batch), {"hbm.size=2 GiB"}) == "");
  CHECK(refusal("qwen2-0.5b", prefill(4096, batch + 1), {"hbm.size=2 GiB"}) != "");
}

TEST_CASE("where no batch fits the context, the longest context of one sequence is said") {
  const std::vector<std::string> chip{"hbm.size=16 GiB"};
  const std::string text = refusal("llama-3-8b", prefill(8192, 4), chip);
  CHECK(text.find("with --batch 4, or --seq ") != std::string::npos);
  const std::int64_t alone = number_after(text, ", or --seq ");
  CHECK(text.find("--seq " + std::to_string(alone) + " with --batch 1") != std::string::npos);
  CHECK(refusal("llama-3-8b", prefill(alone, 1), chip) == "");
  CHECK(refusal("llama-3-8b", prefill(alone + 1, 1), chip) != "");
  // Of one sequence there is but one choice.
  const std::string one = refusal("llama-3-8b", prefill(8192, 1), chip);
  CHECK(number_after(one, "at most --seq ") == alone);
  CHECK(one.find(", or ") == std::string::npos);
}

TEST_CASE("of images, whose size fixes the sequence, the largest batch is said") {
  const std::vector<std::string> chip{"hbm.size=2 GiB"};
  const std::string text = refusal("vit-base-patch16-224", prefill(197, 4000), chip);
  const std::int64_t batch = number_after(text, "at most --batch ");
  CHECK(text.find(", or --") == std::string::npos);
  CHECK(refusal("vit-base-patch16-224", prefill(197, batch), chip) == "");
  CHECK(refusal("vit-base-patch16-224", prefill(197, batch + 1), chip) != "");
}

TEST_CASE("where only fewer sequences fit, the batch alone is said") {
  // A step of 4096 sequences takes more than 300 MiB, whatever the context.
  const std::string text = refusal("gpt2", decode(1, 65536), {"hbm.size=1 GiB"});
  CHECK(text.find("--context 0") == std::string::npos);
  const std::int64_t batch = number_after(text, "at most --batch ");
  CHECK(refusal("gpt2", decode(1, batch), {"hbm.size=1 GiB"}) == "");
  CHECK(refusal("gpt2", decode(1, batch + 1), {"hbm.size=1 GiB"}) != "");
}

TEST_CASE("weights that do not fit are said in bytes, with the presets that hold them") {
  const std::string text = refusal("llama-3-8b", decode(100, 1), {"hbm.size=8 GiB"});
  // 8,030,261,248 parameters of two bytes; tpu-v1's 8 GiB are too few, and it has no VPU for them.
  CHECK(text.find("16,060,522,496 of them weights") != std::string::npos);
  CHECK(text.find("at most the 8,589,934,592 bytes of HBM that a core of tpu-v5e reaches; no "
                  "--context fits, and presets that hold this: tpu-v3, tpu-v4, tpu-v5e, tpu-v5p, "
                  "tpu-v6e, tpu-v7") != std::string::npos);
  CHECK(refusal("llama-3-8b", prefill(100, 1), {"hbm.size=8 GiB"}).find("no --seq fits") !=
        std::string::npos);
  CHECK(refusal("llama-3-70b", decode(100, 1)).find("and no preset holds this") !=
        std::string::npos);
}

TEST_CASE("the number of chips that would hold it is said, tight on both sides") {
  // 70,553,706,496 parameters of two bytes, of which each chip takes 16 GiB.
  CHECK(refusal("llama-3-70b", decode(100, 1), {}).find("all of it takes the HBM of 9 chips") !=
        std::string::npos);
  const Workload workload = resolve_workload("gpt2");
  const Graph graph = load_graph(workload, decode(100, 8));
  ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  const Bytes bytes = bytes_in_hbm(graph, chip);
  for (const std::int64_t chips : {2, 3, 10}) {
    chip.hbm.size = (bytes + chips - 1) / chips;
    REQUIRE(shortage_of(graph, chip));
    CHECK(shortage_of(graph, chip)->chips == chips);
    CHECK(shortage_of(graph, chip)->needed == bytes);
    chip.hbm.size = (bytes - 1) / chips;
    CHECK(shortage_of(graph, chip)->chips == chips + 1);
  }
  chip.hbm.size = bytes;
  CHECK_FALSE(shortage_of(graph, chip));
}

TEST_CASE("where each core has its own HBM, one chip may hold what a core does not reach") {
  const std::string text =
      refusal("gpt2", decode(1000, 64), {"hbm.size=4 GiB", "core.count=4", "hbm.per_core=true"});
  CHECK(text.find("all of it takes the HBM of 3 cores") != std::string::npos);
}

TEST_CASE("a chip that is enlarged has HBM enough, and all else of its own") {
  for (const char* name : {"tpu-v5e", "tpu-v3"}) {
    const Chip own = load_chip(name, {});
    const Bytes reached = hbm_bytes_per_core(own.spec);
    for (const Bytes needed : {reached + 1, 2 * reached, 2 * reached + 1, 9 * reached}) {
      const Chip large = enlarged(name, {}, {.needed = needed, .reached = reached, .chips = 0});
      CHECK(hbm_bytes_per_core(large.spec) >= needed);
      CHECK(hbm_bytes_per_core(large.spec) < 2 * needed);
      for (std::size_t p = 0; p < own.parameters.size(); ++p) {
        INFO(own.parameters[p].key);
        CHECK((large.parameters[p].value == own.parameters[p].value) ==
              (own.parameters[p].key != "hbm.size"));
      }
    }
  }
  CHECK_THROWS_AS(
      enlarged("tpu-v5e", {}, {.needed = 64 * 1024 * kGiB, .reached = 16 * kGiB, .chips = 0}),
      Error);
}

TEST_CASE("what fits to the last byte fits") {
  const Workload workload = resolve_workload("gpt2");
  const Scenario scenario = decode(100, 8);
  const Graph graph = load_graph(workload, scenario);
  const Bytes bytes = bytes_in_hbm(graph, load_chip("tpu-v5e", {}).spec);
  const auto with = [&](Bytes size) {
    Chip chip = load_chip("tpu-v5e", {});
    chip.spec.hbm.size = size;
    require_capacity(workload, scenario, graph, chip);
  };
  CHECK_NOTHROW(with(bytes));
  CHECK_THROWS_AS(with(bytes - 1), Error);
}

TEST_CASE("run, compile and check refuse a model that does not fit, with status 3") {
  const auto bad = [](const std::vector<std::string>& arguments, const std::string& part) {
    const Outcome outcome = run_program(arguments);
    INFO(outcome.err);
    CHECK(outcome.status == 3);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find(part) != std::string::npos);
  };
  for (const char* command : {"run", "compile"}) {
    bad({command, "llama-3-8b", "--chip", "tpu-v5e", "--phase", "decode", "--context", "8191",
         "--batch", "64"},
        "at most --context ");
    bad({command, "llama-3-70b", "--chip", "tpu-v5e", "--seq", "16"}, "no --seq fits");
  }
  bad({"check", "llama-3-70b", "--chip", "tpu-v5e"}, "no --seq fits");
  // The model's own limit, and a unit that the chip lacks, are said first.
  bad({"run", "llama-3-8b", "--chip", "tpu-v5e", "--phase", "decode", "--context", "8192",
       "--batch", "64"},
      "max_position_embeddings");
  bad({"run", "llama-3-70b", "--chip", "tpu-v3", "--seq", "16", "--dtype", "int8"},
      "int8 in its MXU");
}
