// SPDX-License-Identifier: Apache-2.0
#include "compiler/residency.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/layout.hpp"
#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "model_files.hpp"

using namespace systole;

namespace {

Graph graph_of(const std::string& text) { return parse_graph("graph \"g\"\n" + text, "g.sgr"); }

ChipSpec tiny() { return load_chip("tiny-4x4", {}).spec; }

// By the name of each of its tensors.
std::map<std::string, ResidentCandidate> candidates(const Graph& graph) {
  std::map<std::string, ResidentCandidate> found;
  for (const ResidentCandidate& candidate : resident_candidates(graph)) {
    for (const std::int32_t tensor : candidate.tensors) {
      found[graph.tensors[static_cast<std::size_t>(tensor)].name] = candidate;
    }
  }
  return found;
}

std::set<std::string> names(const std::string& text) {
  std::set<std::string> all;
  for (const auto& [name, candidate] : candidates(graph_of(text))) all.insert(name);
  return all;
}

using Names = std::set<std::string>;

const std::string kInputs = "input %x bf16[8, 8]\nweight %w bf16[8, 8]\n%a = relu(%x)\n";

Bytes home(const Graph& graph, const Residency& residency, const std::string& name) {
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (graph.tensors[t].name == name) return residency.homes.empty() ? -1 : residency.homes[t];
  }
  return -1;
}

// Three values of 128 bytes, of which two live at a time: %a from op 0 to 1, %b to 2, %c to 3.
const std::string kChain =
    "input %x bf16[8, 8]\n%a = relu(%x)\n%b = exp(%a)\n%c = tanh(%b)\n%d = relu(%c)\noutput %d";

}  // namespace

TEST_CASE("what its consumers read in place may stay in VMEM") {
  CHECK(names(kInputs + "%y = matmul(%a, %w)\noutput %y") == Names{"a"});
  CHECK(names(kInputs + "%y = gemm(%x, %w) then add(%a)\noutput %y") == Names{"a"});
  CHECK(names(kInputs + "%y = softmax(%a)\noutput %y") == Names{"a"});
  CHECK(names(kInputs + "%y = add(%x, %a)\noutput %y") == Names{"a"});
  CHECK(names(kInputs + "%y = attention(%a, %x, %x) {heads=2, seq=8}\noutput %y") == Names{"a"});
  CHECK(names(kInputs + "%r = rows(%a) {first=7, step=8, count=1}\n%y = relu(%r)\noutput %y") ==
        Names{"a", "r"});
  CHECK(names("input %x bf16[8, 8]\n%q, %s = quantize_rows(%x)\n%z = relu(%q)\n%y = exp(%s)\n"
              "output %z, %y") == Names{"q", "s"});
  CHECK(names("table %t [1, 0]\nweight %w bf16[8, 8]\n%e = gather(%t, %w)\n%y = relu(%e)\n"
              "output %y") == Names{"e"});
}

TEST_CASE("what is an output, or loaded as weights, keys or rows of a table, lies in HBM") {
  CHECK(names(kInputs + "output %a").empty());
  CHECK(names(kInputs + "%y = relu(%a)\noutput %a, %y").empty());
  CHECK(names(kInputs + "%y = gemm(%x, %a)\noutput %y").empty());
  CHECK(names(kInputs + "%y = attention(%x, %a, %x) {heads=2, seq=8}\noutput %y").empty());
  CHECK(names(kInputs + "%y = attention(%x, %x, %a) {heads=2, seq=8}\noutput %y").empty());
  CHECK(names(kInputs + "table %t [1, 0]\n%y = gather(%t, %a)\noutput %y").empty());
  CHECK(names(kInputs + "input %c bf16[16, 8]\n%y = append(%c, %a) {seq=16, first=8}\n"
                        "%z = softmax(%y)\noutput %z")
            .empty());
  // One consumer in place does not make up for another one.
  CHECK(names(kInputs + "%y = gemm(%a, %a)\noutput %y").empty());
}

TEST_CASE("a value lives from its producer to its last consumer") {
  const auto found = candidates(graph_of(kChain));
  CHECK((found.at("a").first == 0 && found.at("a").last == 1));
  CHECK((found.at("b").first == 1 && found.at("b").last == 2));
  CHECK(found.at("a").bytes == 128);
  CHECK(found.at("a").moves == 2);  // stored once, loaded once
}

TEST_CASE("what a repeated section reads from outside lives until its end") {
  const auto found = candidates(graph_of(
      "input %x bf16[8, 8]\n%s = relu(%x)\n%o = exp(%x)\nrepeat 3 {\ncarry %h = %s -> %last\n"
      "%k = mul(%h, %o)\n%n = tanh(%k)\nyield %n\n}\n%y = relu(%last)\noutput %y"));
  // Ops: s 0, o 1, k 2, n 3, y 4.
  CHECK((found.at("o").first == 1 && found.at("o").last == 3));
  CHECK((found.at("k").first == 2 && found.at("k").last == 3));
  CHECK(found.at("k").moves == 6);
  // A carried value is one with all its names, in two places.
  CHECK((found.at("s").first == 0 && found.at("s").last == 4));
  CHECK(found.at("s").tensors.size() == 4);
  CHECK(found.at("last").bytes == 2 * 128);
}

TEST_CASE("a carried value that an input begins lies in HBM") {
  const std::string rest = "-> %last\n%n = relu(%h)\nyield %n\n}\n%y = exp(%last)\noutput %y";
  CHECK(names("input %x bf16[8, 8]\nrepeat 3 {\ncarry %h = %x " + rest).empty());
  CHECK(names("input %x bf16[8, 8]\n%s = exp(%x)\nrepeat 3 {\ncarry %h = %s " + rest) ==
        Names{"s", "h", "n", "last"});
}

TEST_CASE("homes of values that do not live at the same time share a place") {
  const Graph graph = graph_of(kChain);
  const Residency residency = place_homes(graph, tiny(), 256);
  CHECK(residency.bytes == 256);
  CHECK(home(graph, residency, "a") == home(graph, residency, "c"));
  CHECK(home(graph, residency, "b") == home(graph, residency, "a") + 128);
  CHECK(home(graph, residency, "a") == tiny().vmem.size - 256);
  CHECK(home(graph, residency, "x") == -1);
}

TEST_CASE("a value is kept in as many bytes as it has and not in one fewer") {
  const Graph graph = graph_of(kChain);
  const Residency two = place_homes(graph, tiny(), 255);
  CHECK(home(graph, two, "a") >= 0);
  CHECK(home(graph, two, "b") == -1);
  CHECK(home(graph, two, "c") == home(graph, two, "a"));
  CHECK(home(graph, place_homes(graph, tiny(), 128), "a") >= 0);
  CHECK(place_homes(graph, tiny(), 127).bytes == 0);
  CHECK(place_homes(graph, tiny(), 127).homes.empty());
}

TEST_CASE("what is moved more often goes first") {
  const Graph graph = graph_of(
      "input %x bf16[8, 8]\n%a = relu(%x)\n%b = exp(%x)\n%y = add(%a, %b)\n%z = mul(%y, %b)\n"
      "output %z");
  const Residency residency = place_homes(graph, tiny(), 128);
  CHECK(home(graph, residency, "b") >= 0);
  CHECK(home(graph, residency, "a") == -1);
}

TEST_CASE("the estimate with homes is lower than without, or nothing is kept") {
  for (const char* preset : {"tiny-4x4", "tpu-v1", "tpu-v4i", "tpu-v5e", "tpu-v6e"}) {
    for (const char* text : {"attention", "blocks", "mlp"}) {
      const std::string path =
          std::string(SYSTOLE_SOURCE_ROOT) + "/workloads/examples/" + text + ".sgr";
      INFO(preset << " " << text);
      const Graph graph = parse_graph(read_file(path), path);
      Residency residency;
      try {
        residency = compile(graph, load_chip(preset, {})).residency;
      } catch (const Error&) {
        continue;  // the chip does not take the graph
      }
      if (residency.bytes == 0) {
        CHECK(residency.estimate == residency.without);
      } else {
        CHECK(residency.estimate < residency.without);
      }
    }
  }
}

TEST_CASE("programs of several cores keep nothing") {
  const Graph graph = graph_of(kChain);
  CHECK(choose_residency(graph, load_chip("tpu-v4", {"core.count=1"}).spec).bytes > 0);
  CHECK(choose_residency(graph, load_chip("tpu-v4", {"core.count=2"}).spec).bytes == 0);
}

TEST_CASE("no DMA moves what is kept, and no op has to") {
  const Graph graph = graph_of(kChain);
  const Compilation compilation = compile(graph, load_chip("tpu-v6e", {}));
  REQUIRE(compilation.residency.bytes == 256);
  const Program& program = compilation.program;
  REQUIRE(program.ops.size() == 4);
  CHECK((program.ops[0].read_bytes == 128 && program.ops[0].write_bytes == 0));
  CHECK((program.ops[1].read_bytes == 0 && program.ops[1].write_bytes == 0));
  CHECK((program.ops[3].read_bytes == 0 && program.ops[3].write_bytes == 128));
  std::size_t loads = 0;
  std::size_t stores = 0;
  for (const Instruction& instruction : program.streams[0]) {
    if (std::holds_alternative<Load>(instruction.body)) ++loads;
    if (std::holds_alternative<Store>(instruction.body)) ++stores;
  }
  CHECK((loads == 1 && stores == 1));
  CHECK(program.symbols.size() == 2);  // %x and %d
}

TEST_CASE("a kept carried value alternates between the two places of its home") {
  const Graph graph = graph_of(
      "input %x bf16[8, 8]\n%s = relu(%x)\nrepeat 3 {\ncarry %h = %s -> %last\n%n = tanh(%h)\n"
      "yield %n\n}\n%y = relu(%last)\noutput %y");
  const ChipSpec chip = tiny();
  const Layout layout(graph, chip, place_homes(graph, chip, 256));
  const auto at = [&](std::int32_t tensor, std::int64_t layer) {
    const Place place = layout.place(tensor, index(0));
    CHECK(place.kept());
    CHECK(place.pitch == 16);
    return place.tile(0).address.at({layer}, {});
  };
  const Carry& carry = graph.sections[1].carries[0];
  const Bytes base = chip.vmem.size - 256;
  CHECK(at(carry.initial, 0) == base);
  for (const std::int64_t layer : {0, 1, 2}) {
    CHECK(at(carry.argument, layer) == base + layer % 2 * 128);
    CHECK(at(carry.yield, layer) == base + (layer + 1) % 2 * 128);
  }
  CHECK(at(carry.result, 0) == base + 128);  // what the third repetition yields
}

TEST_CASE("the residual stream of a decode step does not leave the chip") {
  for (const char* name : {"gpt2", "llama", "qwen3"}) {
    INFO(name);
    const Compilation compilation = compile(
        import_config(small_model(name), "m.json", "m", decode(12, 2)), load_chip("tpu-v6e", {}));
    bool carried = false;
    for (const Section& section : compilation.oriented.graph.sections) {
      for (const Carry& carry : section.carries) {
        carried = true;
        CHECK(compilation.residency.kept(carry.argument));
        CHECK(compilation.residency.kept(carry.yield));
      }
    }
    CHECK(carried);
  }
}
