// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/array_case.hpp"

#include <fmt/format.h>

#include "isa/chip_parameters.hpp"

namespace systole {
namespace {

constexpr std::int64_t kOperands = 64;         // rows and columns of one
constexpr std::int64_t kOperandBytes = 16384;  // of VMEM for one, and of HBM
constexpr std::int64_t kResults = 2 * kOperandBytes;
constexpr UnitId kVpu{UnitKind::kVpu, 0};
constexpr UnitId kDma{UnitKind::kDma, 0};

Guard never() {
  Guard guard;
  guard.tests.emplace_back(-1);
  return guard;
}

}  // namespace

ArrayCase::ArrayCase(const ChipVariant& chip, DataType type)
    : chip_(chip), type_(type), program_("case") {
  Symbol x;
  x.name = "x";
  x.role = SymbolRole::kInput;
  x.type = type;
  x.rows = 2 * kOperands;
  x.cols = kOperands;
  x.pitch = kOperands * size_of(type);
  x.scale = row_of(type).integer ? 127 : 1;
  program_.symbol(x);
  Symbol y;
  y.name = "y";
  y.role = SymbolRole::kOutput;
  y.type = row_of(type).accumulator;
  y.address = 2 * kOperandBytes;
  y.rows = mxu().count * kCaseRows;
  y.cols = mxu().cols;
  y.pitch = y.cols * 4;
  program_.symbol(y);
  for (std::int64_t n = 0; n < mxu().count; ++n) {
    filled_.push_back(program_.semaphore(fmt::format("filled{}", n)));
  }
  for (std::int64_t n = 0; n < 2; ++n) {
    const Tile src = tile_of(Space::kHbm, n * kOperands * x.pitch, x.pitch, type);
    program_.add(kDma, Load{operand(n), src, kOperands, kOperands}, {},
                 n == 1 ? filled_ : std::vector<Token>{});
  }
  waited_.resize(filled_.size(), false);
}

Tile ArrayCase::operand(std::int64_t number) const {
  return tile_of(Space::kVmem, number * kOperandBytes, kOperands * size_of(type_), type_);
}

Tile ArrayCase::sums(std::int64_t unit, std::int64_t row) const {
  const Bytes bytes = acc_row_bytes(mxu());
  return tile_of(Space::kAcc, row * bytes, bytes, row_of(type_).accumulator, unit);
}

void ArrayCase::add(Body body, std::int64_t unit) {
  const auto at = static_cast<std::size_t>(unit);
  std::vector<Token> waits;
  if (!waited_[at]) waits.push_back(filled_[at]);
  waited_[at] = true;
  const std::int64_t number =
      program_.add(unit_of(UnitKind::kMxu, unit), std::move(body), std::move(waits));
  if (!started_) from_ = number;
  started_ = true;
  if (!stopped_) to_ = number;
}

void ArrayCase::wload(std::int64_t depth, std::int64_t cols, std::int64_t unit) {
  add(WeightLoad{rhs(), depth, cols}, unit);
}
void ArrayCase::wloadt(std::int64_t depth, std::int64_t cols) {
  add(WeightLoadTransposed{rhs(), depth, cols});
}

void ArrayCase::matmul(std::int64_t rows, std::int64_t depth, std::int64_t cols, bool first,
                       std::int64_t unit) {
  add(Matmul{sums(unit), lhs(), rows, depth, cols, first ? Guard{} : never()}, unit);
}

void ArrayCase::multiply(std::int64_t rows, std::int64_t depth, std::int64_t cols, bool transposed,
                         bool first, std::int64_t unit) {
  const Guard starts = first ? Guard{} : never();
  if (transposed) {
    add(MultiplyTransposed{lhs(), rhs(), rows, depth, cols, starts}, unit);
  } else {
    add(Multiply{lhs(), rhs(), rows, depth, cols, starts}, unit);
  }
}

void ArrayCase::unload(std::int64_t rows, std::int64_t cols, bool first, std::int64_t unit) {
  add(Unload{sums(unit), rows, cols, first ? Guard{} : never()}, unit);
}

void ArrayCase::stream_weights(const Tile& fifo, std::int64_t tiles, std::int64_t rows,
                               std::int64_t depth, std::int64_t cols) {
  const Token ready = program_.semaphore("ready");
  const Token free = program_.semaphore("free", mxu().weight_fifo);
  const UnitId queue = unit_of(UnitKind::kMxu);
  const Tile src =
      tile_of(Space::kHbm, index(0) * size_of(type_), kOperands * size_of(type_), type_);
  program_.add(queue, Sync{}, {filled_[0]});
  waited_[0] = true;
  program_.add({}, Loop{tiles});
  program_.add(kDma, Load{fifo, src, depth, cols}, {free}, {ready});
  program_.add(queue, WeightLoad{fifo, depth, cols}, {ready}, {free});
  Guard first;
  first.tests.push_back(index(0) * -1);
  program_.add(queue, Matmul{sums(0), lhs(), rows, depth, cols, first});
  program_.add({}, End{});
}

TableCase ArrayCase::done(std::string instruction, std::string shape,
                          std::optional<Cycles> formula) {
  for (std::int64_t unit = 0; unit < mxu().count; ++unit) {
    const auto at = static_cast<std::size_t>(unit);
    const Token computed = program_.semaphore(fmt::format("computed{}", unit));
    const Token copied = program_.semaphore(fmt::format("copied{}", unit));
    std::vector<Token> waits;
    if (!waited_[at]) waits.push_back(filled_[at]);
    program_.add(unit_of(UnitKind::kMxu, unit), Sync{}, std::move(waits), {computed});
    const Tile result = tile_of(Space::kVmem, kResults + unit * kCaseRows * acc_row_bytes(mxu()),
                                acc_row_bytes(mxu()), row_of(type_).accumulator);
    Vector copy;
    copy.op = VectorOp::kCopy;
    copy.dst = result;
    copy.a = sums(unit);
    copy.rows = kCaseRows;
    copy.cols = mxu().cols;
    program_.add(kVpu, copy, {computed}, {copied});
    const Tile dst =
        tile_of(Space::kHbm, 2 * kOperandBytes + unit * kCaseRows * acc_row_bytes(mxu()),
                acc_row_bytes(mxu()), result.type);
    program_.add(kDma, Store{dst, result, kCaseRows, mxu().cols}, {copied});
  }
  const ParameterRow& dataflow = *find_parameter("mxu.dataflow");
  TableCase result;
  result.instruction = std::move(instruction);
  result.dataflow = print_parameter(dataflow, dataflow.get(chip_.spec));
  result.type = name_of(type_);
  result.shape = std::move(shape);
  result.chip = chip_;
  result.program = program_.halt();
  result.from = from_;
  result.to = to_;
  result.formula = formula;
  result.array = true;
  return result;
}

std::vector<ChipVariant> array_chips(const TableOptions& options, const ChipVariant& base) {
  std::vector<ChipVariant> chips{base};
  if (!options.all_chips) return chips;
  const std::string no{"false"};
  chips.push_back(with(base, "mxu.shadow_weights", no));
  chips.push_back(with(base, "vmem.port_width", 3));
  chips.push_back(with(with(base, "vmem.port_width", 5), "mxu.shadow_weights", no));
  chips.push_back(
      with(with(with(base, "mxu.macs_int8", 2), "mxu.macs_bf16", 2), "mxu.macs_fp8", 2));
  chips.push_back(with(base, "mxu.count", 2));
  chips.push_back(with(base, "mxu.count", 4));
  chips.push_back(with(with(base, "mxu.rows", 8), "mxu.cols", 6));
  chips.push_back(with(with(with(base, "mxu.rows", 3), "mxu.cols", 5), "mxu.shadow_weights", no));
  if (base.spec.mxu.dataflow == Dataflow::kOutputStationary) return chips;
  chips.push_back(with(base, "mxu.weight_rows_per_cycle", 2));
  chips.push_back(with(base, "mxu.weight_fifo", 2));
  chips.push_back(with(with(base, "mxu.weight_fifo", 2), "mxu.weight_rows_per_cycle", 3));
  return chips;
}

std::vector<DataType> operand_types(const ChipSpec& chip) {
  std::vector<DataType> types;
  for (const DataTypeRow& row : kDataTypes) {
    if (macs_per_pe(chip.mxu, row.value) > 0) types.push_back(row.value);
  }
  return types;
}

}  // namespace systole
