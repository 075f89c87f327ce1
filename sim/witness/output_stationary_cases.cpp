// SPDX-License-Identifier: Apache-2.0
// Output-stationary arrays: multiplies, unloads, and what follows what.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "isa/timing.hpp"
#include "sim/witness/array_case.hpp"

namespace systole {
namespace {

constexpr std::int64_t kTiles = 4;

struct Depth {
  std::string shape;
  std::int64_t steps;
};

class Writer {
 public:
  Writer(const ChipVariant& chip, DataType type, std::vector<TableCase>& cases)
      : chip_(chip),
        mxu_(chip.spec.mxu),
        type_(type),
        macs_(macs_per_pe(mxu_, type)),
        cases_(cases) {}

  void run() {
    for (const bool transposed : {false, true}) {
      for (const Depth& k : depths())
        multiply(k.shape, mxu_.rows, k.steps * macs_, mxu_.cols, transposed);
      multiply("M partial", mxu_.rows - 1, mxu_.rows * macs_, mxu_.cols, transposed);
      multiply("N partial", mxu_.rows, mxu_.rows * macs_, mxu_.cols - 1, transposed);
      multiply("M, N partial", 1, mxu_.rows * macs_, 1, transposed);
      if (macs_ > 1) {
        multiply("last step partial", mxu_.rows, mxu_.rows * macs_ - 1, mxu_.cols, transposed);
      }
    }
    for (const Depth& k : depths()) go_on(k);
    unload("all sums", mxu_.rows, mxu_.cols);
    unload("M partial", mxu_.rows - 1, mxu_.cols);
    unload("N partial", mxu_.rows, mxu_.cols - 1);
    unload("one sum", 1, 1);
    for (const Depth& k : depths()) tiles("multiplies and unloads", k, 1);
    if (mxu_.count > 1) {
      const std::string name = fmt::format("{} MXUs at once", mxu_.count);
      for (const Depth& k : depths()) tiles(name, k, mxu_.count);
    }
  }

 private:
  std::vector<Depth> depths() const {
    return {{"steps = 1", 1},
            {"steps < R", mxu_.rows - 1},
            {"steps = R", mxu_.rows},
            {"steps > R", std::min<std::int64_t>(3 * mxu_.rows + 1, 64 / macs_)}};
  }
  Cycles drain() const { return drain_cycles(mxu_.rows, mxu_.cols); }
  Cycles feed(std::int64_t m, std::int64_t k, std::int64_t n) const {
    const Bytes step = std::min(macs_, k) * size_of(type_);
    const Bytes port = chip_.spec.vmem.port_width;
    const Cycles interval = std::max(feed_interval(m * step, port), feed_interval(n * step, port));
    return feed_cycles(stream_steps(k, macs_), interval);
  }
  void add(TableCase table_case) { cases_.push_back(std::move(table_case)); }

  void multiply(const std::string& shape, std::int64_t m, std::int64_t k, std::int64_t n,
                bool transposed) {
    ArrayCase c(chip_, type_);
    c.multiply(m, k, n, transposed);
    c.stop_here();
    c.unload(m, n);
    add(c.done(transposed ? "multiplyt" : "multiply", shape, feed(m, k, n) + drain()));
  }

  // A long K in several instructions.
  void go_on(const Depth& k) {
    ArrayCase c(chip_, type_);
    for (std::int64_t n = 0; n < kTiles; ++n) {
      c.multiply(mxu_.rows, k.steps * macs_, mxu_.cols, false, n == 0);
    }
    c.stop_here();
    c.unload(mxu_.rows, mxu_.cols);
    add(c.done("multiplies, same sums", k.shape,
               kTiles * feed(mxu_.rows, k.steps * macs_, mxu_.cols) + drain()));
  }

  void unload(const std::string& shape, std::int64_t m, std::int64_t n) {
    ArrayCase c(chip_, type_);
    c.multiply(mxu_.rows, mxu_.rows * macs_, mxu_.cols);
    c.start_here();
    c.unload(m, n);
    add(c.done("unload", shape, unload_cycles(mxu_.rows, mxu_.cols)));
  }

  // A second register per PE: each unload follows the one before after R cycles or a feed. Without:
  // when its sums have left the array. The same in each of `units` MXUs at once.
  void tiles(const std::string& name, const Depth& k, std::int64_t units) {
    const Cycles one = feed(mxu_.rows, k.steps * macs_, mxu_.cols);
    const Cycles out = unload_cycles(mxu_.rows, mxu_.cols);
    const Cycles formula = mxu_.shadow_weights ? one + (kTiles - 1) * std::max(one, mxu_.rows) + out
                                               : kTiles * (one + out);
    ArrayCase c(chip_, type_);
    for (std::int64_t n = 0; n < kTiles; ++n) {
      for (std::int64_t unit = 0; unit < units; ++unit) {
        c.multiply(mxu_.rows, k.steps * macs_, mxu_.cols, false, true, unit);
        c.unload(mxu_.rows, mxu_.cols, n == 0, unit);
      }
    }
    add(c.done(name, k.shape, formula));
  }

  const ChipVariant& chip_;
  const MxuParams& mxu_;
  DataType type_;
  std::int64_t macs_;
  std::vector<TableCase>& cases_;
};

}  // namespace

void add_output_stationary_cases(const TableOptions& options, std::vector<TableCase>& cases) {
  const ChipVariant tiny =
      with(preset_variant("tiny-4x4"), "mxu.dataflow", std::string{"output_stationary"});
  for (const ChipVariant& chip : array_chips(options, tiny)) {
    for (const DataType type : operand_types(chip.spec)) Writer(chip, type, cases).run();
  }
}

}  // namespace systole
