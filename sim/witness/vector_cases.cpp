// SPDX-License-Identifier: Apache-2.0
// The VPU: every operation, around the block that its ALUs take at once.
#include <string>
#include <utility>
#include <vector>

#include "isa/timing.hpp"
#include "sim/witness/case_program.hpp"
#include "sim/witness/table_case.hpp"

namespace systole {
namespace {

constexpr std::int64_t kOperandBytes = 8192;  // of VMEM for each operand

struct Extent {
  std::string shape;
  std::int64_t rows, cols;
};

std::vector<Extent> extents(const VpuParams& vpu) {
  return {{"one element", 1, 1},
          {"below a block", vpu.sublanes, vpu.lanes - 1},
          {"a block", vpu.sublanes, vpu.lanes},
          {"a column more", vpu.sublanes, vpu.lanes + 1},
          {"a row more", vpu.sublanes + 1, vpu.lanes},
          {"many blocks", 5 * vpu.sublanes, 3 * vpu.lanes}};
}

Vector vector_of(VectorOp op, DataType type, const Extent& extent) {
  const std::int64_t pitch = extent.cols * size_of(type);
  const auto tile = [&](std::int64_t number) {
    return tile_of(Space::kVmem, number * kOperandBytes, pitch, type);
  };
  Vector v;
  v.op = op;
  v.dst = tile(3);
  const int arity = row_of(op).arity;
  if (arity > 0) v.a = tile(0);
  if (arity > 1) v.b = tile(1);
  if (arity > 2) v.c = tile(2);
  v.rows = extent.rows;
  v.cols = extent.cols;
  return v;
}

bool quantises(VectorOp op) { return op == VectorOp::kQuantize || op == VectorOp::kQuantizeBy; }

// All extents in one program: an instruction takes its time whatever comes before it.
void add_cases(const ChipVariant& chip, VectorOp op, DataType type, std::vector<TableCase>& cases) {
  const VpuParams& vpu = chip.spec.vpu;
  const std::vector<Extent> all = extents(vpu);
  CaseProgram program("case");
  for (const Extent& extent : all) {
    program.add(unit_of(UnitKind::kVpu), vector_of(op, type, extent));
  }
  const Program done = program.halt();
  const Cycles port = block_interval(chip.spec, Space::kVmem, type);
  for (std::size_t n = 0; n < all.size(); ++n) {
    TableCase c;
    c.instruction = "vector";
    c.operation = name_of(op);
    c.type = name_of(type);
    c.shape = all[n].shape;
    c.chip = chip;
    c.program = done;
    c.from = c.to = static_cast<std::int64_t>(n);
    c.formula =
        vector_cycles(vpu, op, vector_blocks(all[n].rows, all[n].cols, vpu.sublanes, vpu.lanes),
                      row_of(op).arity * port, false, port) +
        vpu.latency;
    cases.push_back(std::move(c));
  }
}

}  // namespace

void add_vector_cases(const TableOptions& options, std::vector<TableCase>& cases) {
  const ChipVariant tiny = preset_variant("tiny-4x4");
  std::vector<ChipVariant> chips{tiny};
  if (options.all_chips) {
    chips.push_back(with(tiny, "vmem.port_width", 7));
    chips.push_back(with(with(tiny, "vpu.alus", 2), "vpu.load_ports", 1));
    chips.push_back(with(with(tiny, "vpu.latency", std::int64_t{0}), "vpu.sublanes", 8));
  }
  for (const VectorOpRow& op : kVectorOps) {
    for (const DataTypeRow& type : kDataTypes) {
      if (quantises(op.value) && !type.integer) continue;
      // Types differ in how many bytes the port has to bring only.
      const std::size_t used =
          type.value == DataType::kFp32 ? chips.size() : (chips.size() + 1) / 2;
      for (std::size_t n = 0; n < used; ++n) add_cases(chips[n], op.value, type.value, cases);
    }
  }
}

}  // namespace systole
