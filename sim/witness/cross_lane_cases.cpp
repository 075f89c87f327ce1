// SPDX-License-Identifier: Apache-2.0
// The XLU: reductions and transpositions around a block.
#include <string>
#include <utility>
#include <vector>

#include "isa/timing.hpp"
#include "sim/witness/case_program.hpp"
#include "sim/witness/table_case.hpp"

namespace systole {
namespace {

constexpr std::int64_t kResult = 32768;  // of VMEM

struct Extent {
  std::string shape;
  std::int64_t rows, cols;
};

// `c` says the row's names; the rest is the time of `body` alone.
TableCase xlu_case(const ChipVariant& chip, TableCase c, DataType type, const Extent& extent,
                   Body body, Cycles interval) {
  CaseProgram program("case");
  c.from = c.to = program.add(unit_of(UnitKind::kXlu), std::move(body));
  c.type = name_of(type);
  c.shape = extent.shape;
  c.chip = chip;
  c.program = program.halt();
  const VpuParams& vpu = chip.spec.vpu;
  const Cycles port = block_interval(chip.spec, Space::kVmem, type);
  c.formula =
      xlu_cycles(vector_blocks(extent.rows, extent.cols, vpu.sublanes, vpu.lanes), interval, port) +
      chip.spec.xlu.latency;
  return c;
}

TableCase reduction(const ChipVariant& chip, const ReduceOpRow& op, DataType type,
                    const Extent& e) {
  Reduce reduce;
  reduce.op = op.value;
  reduce.a = tile_of(Space::kVmem, 0, e.cols * size_of(type), type);
  reduce.dst = tile_of(Space::kVmem, kResult, 4, DataType::kFp32);
  reduce.rows = e.rows;
  reduce.cols = e.cols;
  TableCase names;
  names.instruction = "reduce";
  names.operation = op.name;
  return xlu_case(chip, std::move(names), type, e, reduce, chip.spec.xlu.reduce_interval);
}

TableCase transposition(const ChipVariant& chip, DataType type, const Extent& e) {
  Transpose transpose;
  transpose.src = tile_of(Space::kVmem, 0, e.cols * size_of(type), type);
  transpose.dst = tile_of(Space::kVmem, kResult, e.rows * size_of(type), type);
  transpose.rows = e.rows;
  transpose.cols = e.cols;
  TableCase names;
  names.instruction = "transpose";
  return xlu_case(chip, std::move(names), type, e, transpose, chip.spec.xlu.transpose_interval);
}

}  // namespace

void add_cross_lane_cases(const TableOptions& options, std::vector<TableCase>& cases) {
  const ChipVariant tiny = preset_variant("tiny-4x4");
  std::vector<ChipVariant> chips{tiny};
  if (options.all_chips) {
    chips.push_back(with(with(tiny, "xlu.reduce_interval", 5), "xlu.transpose_interval", 7));
    chips.push_back(with(tiny, "vmem.port_width", 7));
  }
  const VpuParams& vpu = tiny.spec.vpu;
  const std::vector<Extent> extents{{"one element", 1, 1},
                                    {"a block", vpu.sublanes, vpu.lanes},
                                    {"a column more", vpu.sublanes, vpu.lanes + 1},
                                    {"a row more", vpu.sublanes + 1, vpu.lanes},
                                    {"many blocks", 5 * vpu.sublanes, 3 * vpu.lanes}};
  const auto for_each = [&](const auto& make) {
    for (const DataTypeRow& type : kDataTypes) {
      for (const ChipVariant& chip : chips) {
        for (const Extent& extent : extents) cases.push_back(make(chip, type.value, extent));
      }
    }
  };
  for (const ReduceOpRow& op : kReduceOps) {
    for_each([&](const ChipVariant& chip, DataType type, const Extent& extent) {
      return reduction(chip, op, type, extent);
    });
  }
  for_each(transposition);
}

}  // namespace systole
