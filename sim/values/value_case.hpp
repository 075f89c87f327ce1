// SPDX-License-Identifier: Apache-2.0
// A graph with the chip that it is compiled for, and what comes of it: the compiled program is
// executed and held against the graph evaluator.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/pass.hpp"
#include "sim/values/bisect.hpp"

namespace systole {

struct ValueCase {
  Graph graph;
  std::string chip;                    // preset
  std::vector<std::string> overrides;  // "mxu.rows=3"
};

// A comment with the flags, "# --chip tiny-4x4 --set mxu.rows=3", and the graph: a file that
// `systole run FILE --chip ... --check` takes.
std::string case_text(const ValueCase& found);

enum class Verdict : std::uint8_t {
  kAgrees,
  kRefused,  // the chip has no unit for an op, or something does not fit
  kDiffers,  // in an output or a cache
  kBroken,   // the compiler stopped, or the program breaks a rule of the verifier: a bug
};

struct Judgement {
  Verdict verdict = Verdict::kAgrees;
  std::string message;              // why it is refused, or the first thing that is wrong
  std::optional<Divergence> first;  // kDiffers
};

// `table`: the passes of the compiler; tests plant mistakes in it.
Judgement judge(const ValueCase& found, const PassTable& table = passes());

// Whether a judgement is a finding.
bool is_wrong(const Judgement& judgement);

}  // namespace systole
