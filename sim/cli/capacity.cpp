// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/capacity.hpp"

#include <fmt/format.h>

#include "compiler/capability.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/import.hpp"
#include "compiler/layout.hpp"
#include "compiler/scenario.hpp"
#include "isa/chip_parameters.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "sim/report/format.hpp"

namespace systole {
namespace {

std::int64_t& length_of(Scenario& scenario) {
  return is_decode(scenario) ? scenario.context : scenario.seq;
}
std::string length_text(Scenario scenario) {
  return fmt::format("{} {}", is_decode(scenario) ? "--context" : "--seq", length_of(scenario));
}
std::string batch_text(const Scenario& scenario) {
  return fmt::format("--batch {}", scenario.batch);
}

// The largest number below `limit`, from 1, for which `fits` holds; 0 where it holds for none.
// Precondition: where it holds for a number, it holds for all below.
template <class Fits>
std::int64_t largest_below(std::int64_t limit, const Fits& fits) {
  std::int64_t good = 0;
  for (std::int64_t bad = limit; bad - good > 1;) {
    const std::int64_t middle = good + (bad - good) / 2;
    (fits(middle) ? good : bad) = middle;
  }
  return good;
}

class CapacitySearch {
 public:
  CapacitySearch(const Workload& model, const Chip& chip) : model_(model), chip_(chip) {}

  bool fits(const Scenario& scenario) const { return fits(scenario, chip_.spec); }

  // `scenario` with the largest length, or batch, that fits; 0 where none does.
  // A length that the model fixes is not looked for.
  Scenario with_longest(Scenario scenario) const {
    if (!is_decode(scenario) && own_sequence(read_file(model_.path), model_.path.string()) > 0) {
      length_of(scenario) = 0;
      return scenario;
    }
    Scenario trial = scenario;
    length_of(scenario) = largest_below(length_of(scenario), [&](std::int64_t length) {
      length_of(trial) = length;
      return fits(trial);
    });
    return scenario;
  }
  Scenario with_largest_batch(Scenario scenario) const {
    Scenario trial = scenario;
    scenario.batch = largest_below(scenario.batch, [&](std::int64_t batch) {
      trial.batch = batch;
      return fits(trial);
    });
    return scenario;
  }

  std::vector<std::string> presets_that_hold(const Scenario& scenario) const {
    std::vector<std::string> names;
    for (const std::string& name : chip_names()) {
      try {
        if (fits(scenario, load_chip(name, {}).spec)) names.push_back(name);
      } catch (const Error&) {
        continue;  // a chip without a unit for one of the ops
      }
    }
    return names;
  }

 private:
  bool fits(const Scenario& scenario, const ChipSpec& chip) const {
    return bytes_in_hbm(load_graph(model_, scenario), chip) <= hbm_bytes_per_core(chip);
  }

  const Workload& model_;
  const Chip& chip_;
};

Bytes bytes_of_weights(const Graph& graph) {
  Bytes bytes = 0;
  for (const Tensor& t : graph.tensors) {
    if (t.role == TensorRole::kWeight) bytes += t.rows * t.cols * t.copies * size_of(t.type);
  }
  return bytes;
}

// "at most --context 5321 with --batch 8, or --batch 3 with --context 8192"; empty where not even
// one token of one sequence fits.
std::string what_fits(const CapacitySearch& search, const Scenario& scenario) {
  std::vector<std::string> choices;
  Scenario longest = search.with_longest(scenario);
  if (length_of(longest) > 0) {
    choices.push_back(fmt::format("{} with {}", length_text(longest), batch_text(longest)));
  }
  const Scenario largest = search.with_largest_batch(scenario);
  if (largest.batch > 0) {
    choices.push_back(fmt::format("{} with {}", batch_text(largest), length_text(largest)));
  }
  if (largest.batch == 0 && scenario.batch > 1) {
    Scenario alone = scenario;
    alone.batch = 1;
    alone = search.with_longest(alone);
    if (length_of(alone) > 0) {
      choices.push_back(fmt::format("{} with {}", length_text(alone), batch_text(alone)));
    }
  }
  return choices.empty() ? std::string{} : fmt::format("at most {}", fmt::join(choices, ", or "));
}

}  // namespace

Bytes bytes_in_hbm(const Graph& imported, const ChipSpec& chip) {
  const Graph graph = decompose(imported);
  check_capability(graph, chip);
  const Graph fused = fuse(graph);
  return Layout(fused, chip).bytes();
}

std::optional<Shortage> shortage_of(const Graph& graph, const ChipSpec& chip) {
  const Bytes needed = bytes_in_hbm(graph, chip);
  const Bytes reached = hbm_bytes_per_core(chip);
  if (needed <= reached) return std::nullopt;
  return Shortage{needed, reached, ceil_div(needed, chip.hbm.size)};
}

std::string chips_text(const Shortage& shortage) {
  if (shortage.chips > 1) return fmt::format("all of it takes the HBM of {} chips", shortage.chips);
  return fmt::format("all of it takes the HBM of {} cores",
                     ceil_div(shortage.needed, shortage.reached));
}

Chip enlarged(const std::string& chip, std::vector<std::string> overrides,
              const Shortage& shortage) {
  const ParameterRow& row = *find_parameter("hbm.size");
  const Chip own = load_chip(chip, overrides);
  Bytes size = own.spec.hbm.size;
  for (Bytes reached = shortage.reached; reached < shortage.needed; reached *= 2) size *= 2;
  if (static_cast<double>(size) > row.most) {
    bad_input(chip, fmt::format("{} bytes of tensors", grouped(shortage.needed)),
              fmt::format("what an hbm.size of at most {} holds", print_parameter(row, row.most)));
  }
  overrides.push_back(
      fmt::format("{}={}", row.key, print_parameter(row, static_cast<double>(size))));
  return load_chip(chip, overrides);
}

void require_capacity(const Workload& model, const Scenario& scenario, const Graph& graph,
                      const Chip& chip) {
  const std::optional<Shortage> shortage = shortage_of(graph, chip.spec);
  if (!shortage) return;
  const std::string found =
      fmt::format("{} bytes of tensors, {} of them weights, for {} with {} in {}",
                  grouped(shortage->needed), grouped(bytes_of_weights(graph)),
                  length_text(scenario), batch_text(scenario), name_of(scenario.dtype));
  const std::string reach = fmt::format("at most the {} bytes of HBM that a core of {} reaches",
                                        grouped(shortage->reached), chip.spec.name);
  const std::string whole =
      fmt::format("{} (--ignore-capacity runs it on one core)", chips_text(*shortage));
  const CapacitySearch search(model, chip);
  const std::string choice = what_fits(search, scenario);
  if (!choice.empty())
    bad_input(model.name, found, fmt::format("{}: {}; {}", reach, choice, whole));
  const std::vector<std::string> presets = search.presets_that_hold(scenario);
  const std::string elsewhere =
      presets.empty() ? "no preset holds this"
                      : fmt::format("presets that hold this: {}", fmt::join(presets, ", "));
  bad_input(model.name, found,
            fmt::format("{}; no {} fits, and {}; {}", reach,
                        is_decode(scenario) ? "--context" : "--seq", elsewhere, whole));
}

}  // namespace systole
