// SPDX-License-Identifier: Apache-2.0
// Weight- and input-stationary arrays: weight loads, matmuls, and what follows what.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "isa/timing.hpp"
#include "sim/witness/array_case.hpp"

namespace systole {
namespace {

constexpr std::int64_t kStreamed = 7;  // tiles through the FIFO
constexpr std::int64_t kTiles = 4;     // of a chain: its instructions fit into a queue

struct Rows {
  std::string shape;
  std::int64_t rows;
};

// The formulas of one chip and type.
class Formulas {
 public:
  Formulas(const ChipSpec& chip, DataType type) : chip_(chip), mxu_(chip.mxu), type_(type) {}

  Cycles feed(std::int64_t rows, std::int64_t depth) const {
    return feed_cycles(rows, feed_interval(depth * size_of(type_), chip_.vmem.port_width));
  }
  Cycles drain() const { return drain_cycles(mxu_.rows, mxu_.cols); }
  Cycles load(std::int64_t lines, std::int64_t elements) const {
    const std::int64_t at_once = std::min(lines, mxu_.weight_rows_per_cycle);
    return weight_load_cycles(
        lines, mxu_.weight_rows_per_cycle,
        feed_interval(at_once * elements * size_of(type_), chip_.vmem.port_width));
  }
  // Of an array full of weights.
  Cycles load(bool transposed = false) const {
    return transposed ? load(mxu_.cols, weight_tile_depth(mxu_, type_))
                      : load(mxu_.rows, mxu_.cols);
  }

  // A tile with weights of its own per entry of `transposed`. Shadow: each load starts with the
  // matmul before it.
  Cycles chain(const std::vector<bool>& transposed, std::int64_t rows) const {
    const Cycles one = feed(rows, weight_tile_depth(mxu_, type_));
    Cycles sum = 0;
    bool hidden = false;
    for (const bool t : transposed) {
      if (!mxu_.shadow_weights) {
        sum += load(t) + one + drain();
      } else {
        sum += hidden ? std::max(one, load(t)) : load(t);
      }
      hidden = true;
    }
    return mxu_.shadow_weights ? sum + one + drain() : sum;
  }

 private:
  const ChipSpec& chip_;
  const MxuParams& mxu_;
  DataType type_;
};

class Writer {
 public:
  Writer(const ChipVariant& chip, DataType type, std::vector<TableCase>& cases)
      : chip_(chip), type_(type), cases_(cases), formulas_(chip.spec, type) {}

  void run() {
    for (const Rows& m : all_rows()) {
      matmul(m.shape, m.rows, depth(), cols());
    }
    matmul("K partial", rows(), depth() - 1, cols());
    matmul("N partial", rows(), depth(), cols() - 1);
    matmul("K, N partial", rows(), 1, 1);
    for (const Rows& m : all_rows()) same_weights(m);
    for (const Rows& m : all_rows()) accumulate(m);
    new_weights("matmuls, new weights", std::vector<bool>(kTiles, false));
    new_weights("matmuls, transposed loads", std::vector<bool>(kTiles, true));
    new_weights("matmuls, loads in turns", {false, true, true, false});
    loads();
    if (chip_.spec.mxu.weight_fifo > 0) {
      fifo();
      stream({"FIFO empty", 1});
      stream({"FIFO full", kCaseRows});
    }
    if (chip_.spec.mxu.count > 1) {
      several("M = R", 1);
      several("M = R, new weights", kTiles);
    }
  }

 private:
  std::int64_t rows() const { return chip_.spec.mxu.rows; }
  std::int64_t cols() const { return chip_.spec.mxu.cols; }
  std::int64_t depth() const { return weight_tile_depth(chip_.spec.mxu, type_); }
  std::vector<Rows> all_rows() const {
    return {{"M = 1", 1}, {"M < R", rows() - 1}, {"M = R", rows()}, {"M > R", 3 * rows() + 1}};
  }
  void add(TableCase table_case) { cases_.push_back(std::move(table_case)); }

  void matmul(const std::string& shape, std::int64_t m, std::int64_t k, std::int64_t n) {
    ArrayCase c(chip_, type_);
    c.wload(k, n);
    c.start_here();
    c.matmul(m, k, n);
    add(c.done("matmul", shape, formulas_.feed(m, k) + formulas_.drain()));
  }

  void same_weights(const Rows& m) {
    ArrayCase c(chip_, type_);
    c.wload(depth(), cols());
    c.start_here();
    for (std::int64_t n = 0; n < kTiles; ++n) c.matmul(m.rows, depth(), cols());
    add(c.done("matmuls, same weights", m.shape,
               kTiles * formulas_.feed(m.rows, depth()) + formulas_.drain()));
  }

  void accumulate(const Rows& m) {
    ArrayCase c(chip_, type_);
    c.wload(depth(), cols());
    c.start_here();
    for (std::int64_t n = 0; n < kTiles; ++n) c.matmul(m.rows, depth(), cols(), n == 0);
    add(c.done("accumulate chain", m.shape,
               kTiles * formulas_.feed(m.rows, depth()) + formulas_.drain()));
  }

  // Tiles with weights of their own, loaded as `transposed` says; around the rows that hide the
  // longest of the loads.
  void new_weights(const std::string& name, const std::vector<bool>& transposed) {
    Cycles longest = 0;
    for (const bool t : transposed) longest = std::max(longest, formulas_.load(t));
    const std::int64_t hides = ceil_div(longest, formulas_.feed(1, depth()));
    const std::vector<Rows> all{{"load exposed", std::max<std::int64_t>(hides - 1, 1)},
                                {"load just hidden", hides},
                                {"load hidden", std::min<std::int64_t>(2 * hides + 1, 60)}};
    for (const Rows& m : all) {
      ArrayCase c(chip_, type_);
      bool first = true;
      for (const bool t : transposed) {
        if (t) {
          c.wloadt(depth(), cols());
        } else {
          c.wload(depth(), cols());
        }
        c.matmul(m.rows, depth(), cols(), std::exchange(first, false));
      }
      add(c.done(name, m.shape, formulas_.chain(transposed, m.rows)));
    }
  }

  void loads() {
    struct Tile {
      std::string shape;
      std::int64_t depth, cols;
    };
    const std::vector<Tile> tiles{{"whole tile", depth(), cols()},
                                  {"K partial", depth() - 1, cols()},
                                  {"N partial", depth(), cols() - 1},
                                  {"1 x 1", 1, 1}};
    for (const Tile& tile : tiles) {
      ArrayCase plain(chip_, type_);
      plain.wload(tile.depth, tile.cols);
      plain.stop_here();
      plain.matmul(rows(), tile.depth, tile.cols);
      add(plain.done("wload", tile.shape, formulas_.load(rows(), tile.cols)));
    }
    for (const Tile& tile : tiles) {
      ArrayCase transposed(chip_, type_);
      transposed.wloadt(tile.depth, tile.cols);
      transposed.stop_here();
      transposed.matmul(rows(), tile.depth, tile.cols);
      add(transposed.done("wloadt", tile.shape, formulas_.load(cols(), tile.depth)));
    }
  }

  // All places of the FIFO, twice. A place gives as many lines per cycle as the array takes,
  // whatever their width.
  void fifo() {
    const Bytes place = weight_fifo_tile_bytes(chip_.spec.mxu);
    const Cycles load = weight_load_cycles(rows(), chip_.spec.mxu.weight_rows_per_cycle);
    ArrayCase c(chip_, type_);
    const std::int64_t places = std::min<std::int64_t>(chip_.spec.mxu.weight_fifo, 3);
    for (std::int64_t n = 0; n < 2 * places; ++n) {
      c.add(WeightLoad{tile_of(Space::kFifo, n % places * place, cols() * size_of(type_), type_),
                       depth(), cols()});
    }
    c.stop_here();
    c.matmul(rows(), depth(), cols());
    add(c.done("wload from the FIFO", "one after another", 2 * places * load));
  }

  // Weights stream through the FIFO: it is empty where matmuls are shorter than transfers, and full
  // where they are longer. There is no closed form; the witnesses are compared.
  void stream(const Rows& m) {
    const Bytes place = weight_fifo_tile_bytes(chip_.spec.mxu);
    const std::int64_t places = chip_.spec.mxu.weight_fifo;
    const Value address = ring_value(0, index(0) * place, places * place);
    const Tile fifo = tile_of(Space::kFifo, address, cols() * size_of(type_), type_);
    ArrayCase c(chip_, type_);
    c.stream_weights(fifo, kStreamed, m.rows, depth(), cols());
    TableCase done = c.done("weights through the FIFO", m.shape, std::nullopt);
    done.from = -1;
    add(std::move(done));
  }

  // Every MXU at once: `tiles` tiles with weights of their own each.
  void several(const std::string& shape, std::int64_t tiles) {
    ArrayCase c(chip_, type_);
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
      for (std::int64_t n = 0; n < chip_.spec.mxu.count; ++n) c.wload(depth(), cols(), n);
      for (std::int64_t n = 0; n < chip_.spec.mxu.count; ++n) {
        c.matmul(rows(), depth(), cols(), tile == 0, n);
      }
    }
    const std::vector<bool> plain(static_cast<std::size_t>(tiles), false);
    add(c.done(fmt::format("{} MXUs at once", chip_.spec.mxu.count), shape,
               formulas_.chain(plain, rows())));
  }

  const ChipVariant& chip_;
  DataType type_;
  std::vector<TableCase>& cases_;
  Formulas formulas_;
};

}  // namespace

void add_stationary_cases(const TableOptions& options, std::vector<TableCase>& cases) {
  const ChipVariant tiny = preset_variant("tiny-4x4");
  const std::string input{"input_stationary"};
  for (const ChipVariant& base : {tiny, with(tiny, "mxu.dataflow", input)}) {
    for (const ChipVariant& chip : array_chips(options, base)) {
      for (const DataType type : operand_types(chip.spec)) Writer(chip, type, cases).run();
    }
  }
}

}  // namespace systole
