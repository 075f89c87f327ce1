// SPDX-License-Identifier: Apache-2.0
// What a program says about its work against what it does: utilization, bounds and GPU baselines
// are computed from the ops' figures.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "isa/footprint.hpp"
#include "isa/program.hpp"

namespace systole {

// Adds up, op by op, the work of the dynamic instructions that serve it. Saturates far above every
// figure that an op can claim.
class OpWork {
 public:
  explicit OpWork(const Program& program) : program_(program), done_(program.ops.size()) {}

  // A matmul that serves op number `op` (-1: none), and what an instruction reads from or writes to
  // HBM. Precondition: extents and regions are not negative.
  void add_matmul(std::int32_t op, const Extents& extents);
  void add_hbm(std::int32_t op, bool write, const Region& region);

  // Adds `times` what has been done since `before`.
  void repeat(const OpWork& before, std::int64_t times);

  // No op claims more MACs than its matmuls multiply, or more compulsory bytes than its
  // instructions move. Throws Error with kBadInput.
  void check(std::string_view where) const;

 private:
  __extension__ using Wide = __int128;
  struct Done {
    Wide macs = 0, read_bytes = 0, write_bytes = 0;
  };
  static void add(Wide& sum, Wide part);

  const Program& program_;
  std::vector<Done> done_;
};

}  // namespace systole
