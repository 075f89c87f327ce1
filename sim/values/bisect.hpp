// SPDX-License-Identifier: Apache-2.0
// run --check --bisect: the pass after which values first differ, the op and the element. The graph
// after each pass is evaluated and compared with the imported one, result by result; then what the
// program leaves in HBM, in the order of its ops.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/pipeline.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/values/value_check.hpp"

namespace systole {

// The fp32 values of a graph after a pass may differ from the imported graph's by the order of its
// sums only: this L2 error of a row, relative to its norm. 4096 fp32 additions in another order
// lose at most 4096 x 2^-24 = 2^-12 of the sum of magnitudes.
inline constexpr double kReorderError = 1.0 / 4096;

struct Divergence {
  std::string pass;      // "emit" where all graphs agree, and the program does not
  std::string op;        // the first one, in its order, whose result differs
  std::string location;  // of the op
  std::string tensor;    // its result
  // Of the first row that differs: the first element of an integer tensor, else the one that
  // differs most.
  std::int64_t row = 0;
  std::int64_t col = 0;
  double found = 0;
  double expected = 0;
};

// "pass 'fuse', op 'fc' (mlp.sgr:7), %y row 3, column 7: found 2.5; expected 2.25".
std::string describe(const Divergence& divergence);

struct ProgramCheck {
  ValueCheck check;
  std::optional<Divergence> first;  // where something differs
  bool passed() const { return check.wrong.empty() && !first; }
};

// check_values(), and where something is wrong, or `bisected`, the comparison of every pass. What
// differs from the imported graph though each pass keeps its fp32 values is held against the graph
// after `fuse` as well: that one rounds where the program does, and a value that is quantised after
// a rounding is a matter of luck. Results that a pass has removed, or that share memory with others
// at the program's end, are not compared. Arguments as check_values() has them.
ProgramCheck check_program(const Graph& imported, const Compilation& compilation,
                           const MemoryImage& hbm, bool bisected);

}  // namespace systole
