// SPDX-License-Identifier: Apache-2.0
#include "sim/values/case_reducer.hpp"

#include <utility>

#include "compiler/graph_verifier.hpp"
#include "isa/error.hpp"
#include "sim/values/graph_steps.hpp"

namespace systole {
namespace {

class CaseReducer {
 public:
  CaseReducer(ValueCase found, const StillWrongCase& wrong)
      : best_(std::move(found)), wrong_(wrong) {}

  ValueCase run() {
    keep({without_unused(best_.graph), best_.chip, best_.overrides});
    for (bool smaller = true; smaller;) {
      smaller = drop_overrides();
      for (const auto& step : {with_fewer_outputs, with_an_input_for_an_op, with_an_op_passed_by,
                               with_simpler_sections, with_smaller_sizes, with_simpler_ops}) {
        while (try_each(step(best_.graph))) smaller = true;
      }
    }
    return best_;
  }

 private:
  bool try_each(std::vector<Graph> candidates) {
    for (Graph& candidate : candidates) {
      if (keep_graph(std::move(candidate))) return true;
    }
    return false;
  }

  bool keep_graph(Graph graph) {
    std::optional<Graph> fitting = with_inferred_shapes(without_unused(std::move(graph)));
    if (!fitting || cost_of(*fitting) >= cost_of(best_.graph)) return false;
    try {
      verify_graph(*fitting, "reduced");
    } catch (const Error&) {
      return false;
    }
    return keep({std::move(*fitting), best_.chip, best_.overrides});
  }

  bool keep(ValueCase candidate) {
    if (!wrong_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool drop_overrides() {
    bool any = false;
    for (std::size_t n = 0; n < best_.overrides.size();) {
      ValueCase simpler = best_;
      simpler.overrides.erase(simpler.overrides.begin() + static_cast<std::ptrdiff_t>(n));
      if (keep(std::move(simpler))) {
        any = true;
      } else {
        ++n;
      }
    }
    return any;
  }

  ValueCase best_;
  const StillWrongCase& wrong_;
};

}  // namespace

ValueCase reduced(ValueCase found, const StillWrongCase& wrong) {
  return CaseReducer(std::move(found), wrong).run();
}

}  // namespace systole
