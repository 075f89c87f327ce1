// SPDX-License-Identifier: Apache-2.0
#include "compiler/division.hpp"

#include <algorithm>

#include "compiler/gemm_mapping.hpp"
#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"
#include "compiler/rowwise_recipe.hpp"

namespace systole {
namespace {

struct Range {
  std::int64_t first = 0, count = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

// Part `number` of `parts` of 0 .. total - 1, in whole blocks of `block`, as even as they allow.
Range share(std::int64_t total, std::int64_t block, std::int64_t parts, std::int64_t number) {
  const std::int64_t blocks = ceil_div(total, block);
  const std::int64_t first = number * blocks / parts * block;
  const std::int64_t end = std::min(total, (number + 1) * blocks / parts * block);
  return {first, end - first};
}

// All pairs of up to `most_first` and `most_second` parts for up to `cores` cores to which nothing
// can be added.
std::vector<Grid> pairs(std::int64_t cores, std::int64_t most_first, std::int64_t most_second) {
  std::vector<Grid> grids;
  for (std::int64_t first = std::min(cores, most_first); first >= 1; --first) {
    const std::int64_t second = std::min(cores / first, most_second);
    const bool more = first < most_first && (first + 1) * second <= cores;
    if (!more) grids.push_back({first, second});
  }
  return grids;
}

bool is_experts(const Op& op) { return row_of(op.kind).family == OpFamily::kExperts; }

std::vector<Grid> product_grids(const Graph& graph, const Op& op, const ChipSpec& chip,
                                std::int64_t cores) {
  const std::int64_t m = extent_of(graph, op.operands[0]).rows;
  const std::int64_t n = graph.tensors[static_cast<std::size_t>(op.result)].cols;
  // Of a product by heads, columns are divided between heads.
  const auto heads = static_cast<std::int64_t>(attribute(op, "heads", 1));
  const std::int64_t columns = heads > 1 ? heads : ceil_div(n, chip.mxu.cols);
  if (!is_experts(op)) return pairs(cores, ceil_div(m, chip.vpu.sublanes), columns);
  // The rows of an expert product are those of its table, of all experts. An operand of a step with
  // one column is one number per row, which a part of one column would be taken for.
  const bool single = chip.mxu.cols == 1 || n % chip.mxu.cols == 1;
  return {{1, single ? 1 : std::min(cores, columns)}};
}

// Heads go to cores with their keys and values; heads that share them, too, where there are fewer
// of those than parts.
std::vector<Grid> heads_grids(const Op& op, std::int64_t sequences, std::int64_t cores) {
  if (op.kind != OpKind::kAttention) return {{1, 1}};
  const HeadCounts counts = head_counts(op);
  std::vector<Grid> found;
  for (const Grid& grid : pairs(cores, sequences, counts.heads)) {
    const bool shared = grid.second > counts.kv_heads;
    const std::int64_t heads = shared ? grid.second / counts.kv_heads * counts.kv_heads : 0;
    found.push_back({grid.first, shared ? heads : grid.second});
  }
  return found;
}

std::vector<Grid> rowwise_grids(const Graph& graph, const Op& op, const ChipSpec& chip,
                                std::int64_t cores) {
  const RowwiseRecipe recipe = rowwise_recipe(graph, op);
  const std::int64_t rows = graph.tensors[static_cast<std::size_t>(op.result)].rows;
  const std::int64_t repeats = rows / recipe.repeat_rows;
  const std::int64_t inside = ceil_div(recipe.repeat_rows, chip.vpu.sublanes);
  // A mask counts rows from the first of a repeat.
  if (repeats >= cores || recipe.mask != MaskKind::kNone) return {{std::min(repeats, cores), 1}};
  return {{repeats, std::min(cores / repeats, inside)}};
}

// Parts of one op for one core.
class Part {
 public:
  Part(Division& division, const Op& op, const ChipSpec& chip, const Grid& grid, std::int64_t core)
      : division_(division),
        op_(op),
        chip_(chip),
        grid_(grid),
        first_(core / grid.second),
        second_(core % grid.second),
        local_(op) {}

  Op make() {
    switch (row_of(op_.kind).family) {
      case OpFamily::kProduct:
      case OpFamily::kExperts: divide_product(); break;
      case OpFamily::kHeads: divide_heads(); break;
      case OpFamily::kLookup: divide_lookup(); break;
      case OpFamily::kBinary:
      case OpFamily::kUnary:
      case OpFamily::kRowwise: divide_rows(); break;
      case OpFamily::kView: break;
    }
    return std::move(local_);
  }

 private:
  const Tensor& tensor(std::int32_t number) const {
    return division_.graph.tensors[static_cast<std::size_t>(number)];
  }
  // By value: adding a part moves the graph's tensors.
  Extent extent(std::size_t which) const { return extent_of(division_.graph, op_.operands[which]); }
  Extent result() const { return extent_of(division_.graph, {op_.result, 0, 0}); }

  // Of an operand, counted from its own first column; itself where that is all of it.
  Operand part(const Operand& of, const Range& rows, const Range& cols) {
    const Extent whole = extent_of(division_.graph, of);
    if (rows == Range{0, whole.rows} && cols == Range{0, whole.cols}) return of;
    Tensor part = tensor(of.tensor);
    part.name += ".rows" + std::to_string(rows.first) + "+" + std::to_string(rows.count);
    part.rows = rows.count;
    part.cols = cols.count;
    if (part.role == TensorRole::kTable) {
      // Ops that read the same rows of a table share a part of it.
      const auto& all = division_.graph.tensors;
      const auto same = std::find_if(all.begin() + division_.first_part(), all.end(),
                                     [&](const Tensor& t) { return t.name == part.name; });
      if (same != all.end()) return {static_cast<std::int32_t>(same - all.begin()), 0, 0};
      const auto begin = part.values.begin() + rows.first * part.cols;
      part.values = std::vector<std::int64_t>(begin, begin + rows.count * part.cols);
    }
    division_.parts.push_back({of.tensor, rows.first, of.first_col + cols.first});
    division_.graph.tensors.push_back(std::move(part));
    return {static_cast<std::int32_t>(division_.graph.tensors.size() - 1), 0, 0};
  }
  std::int32_t part(std::int32_t of, const Range& rows, const Range& cols) {
    return part(Operand{of, 0, 0}, rows, cols).tensor;
  }
  void take_rows(std::size_t which, const Range& rows) {
    local_.operands[which] = part(op_.operands[which], rows, {0, extent(which).cols});
  }
  void take_cols(std::size_t which, const Range& cols) {
    local_.operands[which] = part(op_.operands[which], {0, extent(which).rows}, cols);
  }

  void divide_product() {
    const Extent out = result();
    const std::int64_t m = extent(0).rows;
    const Range rows =
        is_experts(op_) ? Range{0, out.rows} : share(m, chip_.vpu.sublanes, grid_.first, first_);
    const auto heads = static_cast<std::int64_t>(attribute(op_, "heads", 1));
    const std::int64_t block = heads > 1 ? out.cols / heads : chip_.mxu.cols;
    const Range cols = share(out.cols, block, grid_.second, second_);
    local_.result = part(op_.result, rows, cols);
    if (heads > 1) {  // columns of lhs and rows of rhs belong to heads
      const std::int64_t depth = extent(0).cols / heads;
      const Range inner{cols.first / block * depth, cols.count / block * depth};
      local_.operands[0] = part(op_.operands[0], rows, inner);
      take_rows(1, inner);
      const std::int64_t part_heads = cols.count / block;
      local_.attributes["heads"] = static_cast<double>(part_heads);
    } else {
      if (!is_experts(op_)) take_rows(0, rows);
      const bool transposed = attribute(op_, "transpose_rhs", 0) != 0;
      transposed ? take_rows(1, cols) : take_cols(1, cols);
    }
    const auto own = static_cast<std::size_t>(row_of(op_.kind).operands);
    for (std::size_t i = own; i < op_.operands.size(); ++i) {
      switch (epilogue_shape(division_.graph, op_, i)) {
        case EpilogueShape::kFull:
          if (is_experts(op_)) {
            take_cols(i, cols);
          } else {
            local_.operands[i] = part(op_.operands[i], rows, cols);
          }
          break;
        case EpilogueShape::kRow: take_cols(i, cols); break;
        case EpilogueShape::kColumn:
          if (!is_experts(op_)) take_rows(i, rows);
          break;
      }
    }
  }

  void divide_heads() {
    const HeadCounts counts = head_counts(op_);
    const std::int64_t group = counts.heads / counts.kv_heads;
    const Range sequences = share(extent(0).rows / counts.seq, 1, grid_.first, first_);
    Range kv{0, counts.kv_heads};
    Range heads{0, counts.heads};
    if (grid_.second <= counts.kv_heads) {
      kv = share(counts.kv_heads, 1, grid_.second, second_);
      heads = {kv.first * group, kv.count * group};
    } else {  // heads of one KV head each
      const std::int64_t each = grid_.second / counts.kv_heads;
      kv = {second_ / each, 1};
      heads = share(group, 1, each, second_ % each);
      heads.first += kv.first * group;
    }
    local_.attributes["heads"] = static_cast<double>(heads.count);
    local_.attributes["kv_heads"] = static_cast<double>(kv.count);
    const auto columns = [](const Range& of, std::int64_t width) {
      return Range{of.first * width, of.count * width};
    };
    const Range queries = columns(sequences, counts.seq);
    const Range keys = columns(sequences, counts.keys);
    const std::int64_t width = extent(0).cols / counts.heads;
    local_.operands[0] = part(op_.operands[0], queries, columns(heads, width));
    for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
      const std::int64_t each = extent(i).cols / counts.kv_heads;
      local_.operands[i] = part(op_.operands[i], keys, columns(kv, each));
    }
    if (values_in_keys(division_.graph, op_) && keys.count < extent(1).rows) {
      const std::int64_t inside = op_.operands[2].first_col - op_.operands[1].first_col;
      local_.operands[2] = {local_.operands[1].tensor, inside, extent(2).cols};
    }
    const HeadOperands further = head_operands(op_);
    const auto at = [](std::int32_t which) { return static_cast<std::size_t>(which); };
    if (further.q2 >= 0) {
      const std::int64_t each = extent(at(further.q2)).cols / counts.heads;
      local_.operands[at(further.q2)] =
          part(op_.operands[at(further.q2)], queries, columns(heads, each));
    }
    if (further.k2 >= 0) take_rows(at(further.k2), keys);
    if (further.bias >= 0) take_rows(at(further.bias), columns(heads, counts.seq));
    if (further.sinks >= 0) take_rows(at(further.sinks), heads);
    local_.result = part(op_.result, queries, columns(heads, result().cols / counts.heads));
  }

  void divide_lookup() {
    const Extent out = result();
    const Range rows = share(out.rows, chip_.vpu.sublanes, grid_.first, first_);
    const std::int64_t entries = extent(0).rows / out.rows;  // of the table, per row
    take_rows(0, {rows.first * entries, rows.count * entries});
    if (op_.kind == OpKind::kSelect) take_rows(1, rows);
    local_.result = part(op_.result, rows, {0, out.cols});
  }

  void divide_rows() {
    const Extent out = result();
    const std::int64_t repeat = rowwise_recipe(division_.graph, op_).repeat_rows;
    const Range repeats = share(out.rows / repeat, 1, grid_.first, first_);
    Range rows{repeats.first * repeat, repeats.count * repeat};
    if (grid_.second > 1) {
      const Range inside = share(repeat, chip_.vpu.sublanes, grid_.second, second_);
      rows = {rows.first + inside.first, inside.count};
    }
    const std::int64_t each = extent(0).rows / out.rows;  // rows that become one
    take_rows(0, {rows.first * each, rows.count * each});
    for (std::size_t i = 1; i < op_.operands.size(); ++i) {
      const std::int64_t all = extent(i).rows;
      const bool whole = all == 1 || (all < out.rows && rows.count >= all);  // repeats
      if (!whole) take_rows(i, {rows.first % all, rows.count});
    }
    local_.result = part(op_.result, rows, {0, out.cols});
    if (op_.scales >= 0) local_.scales = part(op_.scales, rows, {0, 1});
  }

  Division& division_;
  const Op& op_;
  const ChipSpec& chip_;
  Grid grid_;
  std::int64_t first_, second_;
  Op local_;
};

}  // namespace

std::vector<Grid> grids(const Graph& graph, const Op& op, const ChipSpec& chip,
                        std::int64_t cores) {
  const Tensor& out = graph.tensors[static_cast<std::size_t>(op.result)];
  switch (row_of(op.kind).family) {
    case OpFamily::kProduct:
    case OpFamily::kExperts: return product_grids(graph, op, chip, cores);
    case OpFamily::kHeads:
      return heads_grids(op, extent_of(graph, op.operands[0]).rows / head_counts(op).seq, cores);
    case OpFamily::kLookup: return {{std::min(cores, ceil_div(out.rows, chip.vpu.sublanes)), 1}};
    case OpFamily::kBinary:
    case OpFamily::kUnary:
    case OpFamily::kRowwise: return rowwise_grids(graph, op, chip, cores);
    case OpFamily::kView: return {{1, 1}};
  }
  return {{1, 1}};
}

std::vector<std::optional<Op>> divided(Division& division, const Op& op, const ChipSpec& chip,
                                       const Grid& grid) {
  std::vector<std::optional<Op>> ops(static_cast<std::size_t>(division.cores));
  if (grid.parts() == 1) {
    ops.front() = op;
    return ops;
  }
  for (std::int64_t core = 0; core < grid.parts(); ++core) {
    ops[static_cast<std::size_t>(core)] = Part(division, op, chip, grid, core).make();
  }
  return ops;
}

}  // namespace systole
