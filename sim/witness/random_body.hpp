// SPDX-License-Identifier: Apache-2.0
// The instructions of a random program, without the tokens that order them.
#pragma once

#include <optional>
#include <vector>

#include "isa/chip.hpp"
#include "isa/dice.hpp"
#include "sim/witness/program_tree.hpp"
#include "sim/witness/tile_places.hpp"

namespace systole {

// Types that the chip's MXUs take: integers first.
std::vector<DataType> all_supported(const ChipSpec& chip);

class RandomBody {
 public:
  // Adds symbols to `program`.
  RandomBody(const ChipSpec& chip, Program& program, Dice& dice);

  Nodes draw();

 private:
  // What an MXU's array holds at a place of the program: weights, or sums.
  struct Held {
    DataType type = DataType::kInt8;
    std::int64_t rows = 0, cols = 0;  // of weights, depth x cols
  };
  // A list of nodes in the making. `counts`: of the loops around it.
  struct Scope {
    std::vector<std::int64_t> counts;
    std::vector<std::optional<Held>> held;  // by MXU
    std::vector<bool> frozen;               // by MXU: what it holds has to stay
    int innermost() const { return static_cast<int>(counts.size()) - 1; }
  };

  void fill(Nodes& nodes);
  void add_work(Scope& scope, Nodes& nodes);
  void add_loop(Scope& scope, Nodes& nodes);
  void add_products(Scope& scope, Nodes& nodes);
  void add_weights(Scope& scope, std::int64_t mxu, Nodes& nodes);
  void add_matmul(const Scope& scope, std::int64_t mxu, Nodes& nodes);
  void add_sums(Scope& scope, std::int64_t mxu, Nodes& nodes);
  void add_long_product(Scope& scope, std::int64_t mxu, Nodes& nodes);
  void add_copy(const Scope& scope, Nodes& nodes);
  void add_poke(const Scope& scope, Nodes& nodes);
  void add_store(const Scope& scope, Nodes& nodes);
  void add_reduction(const Scope& scope, Nodes& nodes);
  void add_transposition(const Scope& scope, Nodes& nodes);
  void add_load(DataType type, const Tile& dst, std::int64_t rows, std::int64_t cols,
                const Scope& scope, Nodes& nodes);
  void flush(Nodes& nodes);

  bool output_stationary() const { return chip_.mxu.dataflow == Dataflow::kOutputStationary; }
  std::int64_t any_mxu() { return dice_.below(chip_.mxu.count); }
  UnitId any_engine();
  DataType operand_type(std::int64_t mxu);
  DataType sum_type(std::int64_t mxu) const { return row_of(types_of(mxu).front()).accumulator; }
  const std::vector<DataType>& types_of(std::int64_t mxu) const {
    return types_[static_cast<std::size_t>(mxu)];
  }
  std::int64_t extent(std::int64_t most);
  std::int64_t row_count();
  std::int64_t acc_row(std::int64_t rows);
  Guard maybe_guard(const Scope& scope, std::int64_t in, std::int64_t of);
  Guard first_guard(const Scope& scope);

  const ChipSpec& chip_;
  Program& program_;
  Dice& dice_;
  std::vector<std::vector<DataType>> types_;  // by MXU: integers, or the others
  TilePlaces places_;
};

}  // namespace systole
