// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "isa/verifier_report.hpp"

namespace systole {
namespace {

constexpr std::int64_t kLargestPitch = std::int64_t{1} << 48;  // addresses have 48 bits

class TypeCheck {
 public:
  TypeCheck(const ChipSpec& chip, const StreamReport& report) : chip_(chip), report_(report) {}

  void run() {
    for (const Instruction& instruction : report_.stream()) {
      unit_ = instruction.unit;
      std::visit(
          [&](const auto& body) {
            using B = std::decay_t<decltype(body)>;
            check_unit(B::kUnit, std::is_same_v<B, Sync>);
            field_ = 0;
            for_each_field<B>([&](const auto& row) {
              check_field(body.*row.member);
              ++field_;
            });
            field_ = -1;
            check_body(body);
          },
          instruction.body);
      ++at_;
    }
  }

 private:
  [[noreturn]] void fail(std::string_view found, std::string_view expected) const {
    report_.fail(at_, field_, found, expected);
  }

  void check_unit(UnitKind kind, bool any_queue) const {
    if (any_queue ? unit_.kind == UnitKind::kSequencer : unit_.kind != kind) {
      fail(fmt::format("unit {}", name_of(unit_)),
           any_queue ? "a unit with a queue" : fmt::format("a unit of kind {}", name_of(kind)));
    }
    const std::int64_t count = unit_count(chip_, unit_.kind);
    if (unit_.number < 0 || unit_.number >= count) {
      fail(fmt::format("unit {}", name_of(unit_)),
           fmt::format("one of the {} {} units of {}", count, name_of(unit_.kind), chip_.name));
    }
  }

  template <Space... kAllowed>
  void check_field(const TileIn<kAllowed...>& tile) const {
    if (((tile.space != kAllowed) && ...)) {
      std::string allowed;
      ((allowed += fmt::format("{}{}", allowed.empty() ? "" : " or ", name_of(kAllowed))), ...);
      fail(fmt::format("an operand in {}", name_of(tile.space)), allowed);
    }
    if (tile.space == Space::kCmem && chip_.cmem.size == 0) {
      fail("an operand in cmem", fmt::format("another memory: {} has no CMEM", chip_.name));
    }
    if (tile.space == Space::kNone) {
      if (static_cast<const Tile&>(tile) != Tile{})
        fail("an absent operand with an address", "none");
      return;
    }
    if (tile.broadcast != Broadcast::kNone && ((kAllowed != Space::kNone) && ...)) {
      fail("a broadcast operand", "broadcast on the operands of vector only");
    }
    check_tile(tile);
  }

  void check_tile(const Tile& tile) const {
    const bool per_mxu = tile.space == Space::kAcc || tile.space == Space::kFifo;
    const std::int64_t memories = per_mxu ? chip_.mxu.count : 1;
    if (tile.unit < 0 || tile.unit >= memories) {
      fail(fmt::format("memory {}{}", name_of(tile.space), tile.unit),
           fmt::format("a number below {}", memories));
    }
    if (tile.pitch < 0 || tile.pitch > kLargestPitch || tile.pitch % size_of(tile.type) != 0) {
      fail(fmt::format("pitch {}", tile.pitch),
           fmt::format("a multiple of {} in 0..2^48", size_of(tile.type)));
    }
    if (tile.space == Space::kAcc) {
      if (tile.type != row_of(tile.type).accumulator) {
        fail(fmt::format("{} in accumulators", name_of(tile.type)), "int32 or fp32");
      }
      if (tile.broadcast != Broadcast::kRow && tile.pitch != acc_row_bytes(chip_.mxu)) {
        fail(fmt::format("pitch {}", tile.pitch),
             fmt::format("{}, from one accumulator row to the next", acc_row_bytes(chip_.mxu)));
      }
    }
  }

  void check_field(const Value& /*value*/) const {}
  void check_field(const Guard& /*guard*/) const {}
  void check_field(const RowIndex& /*index*/) const {}
  void check_field(ReduceOp /*op*/) const {}
  void check_field(VectorOp op) const {
    if (row_of(op).transcendental > 0 && !chip_.vpu.transcendental) {
      fail(fmt::format("operation {}", name_of(op)),
           fmt::format("one without transcendentals: {} has no unit for them", chip_.name));
    }
  }
  void check_field(const Mask& mask) const {
    if ((mask.kind == MaskKind::kWindow) != (mask.window > 0) || mask.window < 0) {
      fail(fmt::format("window {}", mask.window), "1 or more in a window mask, 0 in others");
    }
    if (mask.kind == MaskKind::kNone && mask != Mask{}) fail("a mask of kind none", "no mask");
  }
  void check_field(double imm) const {
    if (std::isnan(imm)) fail("not a number as constant", "a number");
  }

  void check_same_type(const Tile& dst, const Tile& src) const {
    if (dst.type != src.type) {
      fail(fmt::format("{} from {}", name_of(dst.type), name_of(src.type)), "the same type");
    }
  }
  void check_operand_type(DataType type) const {
    if (macs_per_pe(chip_.mxu, type) == 0) {
      fail(fmt::format("operands of type {}", name_of(type)),
           fmt::format("a type that the MXUs of {} take", chip_.name));
    }
  }
  void check_own(const Tile& tile) const {
    if (tile.space != Space::kVmem && tile.unit != unit_.number) {
      fail(fmt::format("memory {}{}", name_of(tile.space), tile.unit),
           fmt::format("that of {}", name_of(unit_)));
    }
  }

  void check_body(const Load& body) const { check_copy(body.dst, body.src); }
  void check_body(const Store& body) const { check_copy(body.dst, body.src); }
  void check_copy(const Tile& dst, const Tile& src) const {
    check_same_type(dst, src);
    if (dst.space == src.space) {
      fail(fmt::format("a copy from {} to {}", name_of(src.space), name_of(dst.space)),
           "a copy from one memory to another");
    }
  }
  void check_body(const Gather& body) const { check_same_type(body.dst, body.src); }
  void check_body(const Scatter& body) const { check_same_type(body.dst, body.src); }
  void check_body(const Transpose& body) const { check_same_type(body.dst, body.src); }
  // A dataflow has its instructions; the others are those of an array that is not there.
  void check_dataflow(bool output_stationary) const {
    if ((chip_.mxu.dataflow == Dataflow::kOutputStationary) == output_stationary) return;
    const std::string_view kept = output_stationary ? "a stationary operand" : "stationary outputs";
    fail(fmt::format("an instruction for {} arrays",
                     output_stationary ? "output-stationary" : "weight- and input-stationary"),
         fmt::format("{}: the MXUs of {} have {}",
                     output_stationary ? "wload and matmul" : "multiply and unload", chip_.name,
                     kept));
  }
  void check_body(const WeightLoad& body) const {
    check_dataflow(false);
    check_operand_type(body.src.type);
    check_own(body.src);
  }
  void check_body(const WeightLoadTransposed& body) const {
    check_dataflow(false);
    if (!chip_.mxu.transposed_load) {
      fail("a transposed weight load", fmt::format("wload: {} has no other", chip_.name));
    }
    check_operand_type(body.src.type);
  }
  void check_body(const Matmul& body) const {
    check_dataflow(false);
    check_operand_type(body.lhs.type);
    const DataType wanted = row_of(body.lhs.type).accumulator;
    if (body.dst.type != wanted) {
      fail(fmt::format("{} accumulated in {}", name_of(body.lhs.type), name_of(body.dst.type)),
           std::string(name_of(wanted)));
    }
    check_own(body.dst);
  }
  void check_body(const Multiply& body) const { check_streams(body.lhs, body.rhs); }
  void check_body(const MultiplyTransposed& body) const {
    check_dataflow(true);
    if (!chip_.mxu.transposed_load) {
      fail("a transposed operand", fmt::format("multiply: {} has no other", chip_.name));
    }
    check_streams(body.lhs, body.rhs);
  }
  void check_streams(const Tile& lhs, const Tile& rhs) const {
    check_dataflow(true);
    check_operand_type(lhs.type);
    if (rhs.type != lhs.type) {
      fail(fmt::format("{} times {}", name_of(lhs.type), name_of(rhs.type)), "the same type");
    }
  }
  void check_body(const Unload& body) const {
    check_dataflow(true);
    check_own(body.dst);
  }
  void check_body(const Vector& body) const {
    int operands = 0;
    for (const OptionalTile* tile : {&body.a, &body.b, &body.c}) {
      const bool wanted = operands < row_of(body.op).arity;
      if ((tile->space != Space::kNone) != wanted) {
        fail(fmt::format("{} operand {}", wanted ? "no" : "an", "abc"[operands]),
             fmt::format("{} operands of {}", row_of(body.op).arity, name_of(body.op)));
      }
      ++operands;
    }
    const bool quantises = body.op == VectorOp::kQuantize || body.op == VectorOp::kQuantizeBy;
    if (quantises && !row_of(body.dst.type).integer) {
      fail(fmt::format("quantisation to {}", name_of(body.dst.type)), "an integer type");
    }
    if (body.mask.kind != MaskKind::kNone && body.a.space == Space::kNone) {
      fail("a mask", "none where there is no operand a");
    }
  }
  void check_body(const Reduce& /*body*/) const {}
  void check_body(const Sync& /*body*/) const {}
  void check_body(const Loop& /*body*/) const {}
  void check_body(const End& /*body*/) const {}
  void check_body(const Halt& /*body*/) const {}

  const ChipSpec& chip_;
  const StreamReport& report_;
  std::size_t at_ = 0;
  UnitId unit_;
  int field_ = -1;
};

}  // namespace

void verify_types(const ChipSpec& chip, const StreamReport& report) {
  TypeCheck(chip, report).run();
}

}  // namespace systole
