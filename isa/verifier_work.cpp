// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_work.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.hpp"
#include "isa/verifier_report.hpp"

namespace systole {
namespace {

__extension__ using Wide = __int128;

// Extents are at most 2^31, regions lie in their memory: a part is below 2^94, and a sum of this
// and a part still fits. Claims have 63 bits.
constexpr Wide kSaturated = Wide{1} << 96;

}  // namespace

void OpWork::add(Wide& sum, Wide part) { sum = std::min(sum + part, kSaturated); }

void OpWork::add_matmul(std::int32_t op, const Extents& extents) {
  if (op < 0) return;
  add(done_[static_cast<std::size_t>(op)].macs, Wide{extents.rows} * extents.depth * extents.cols);
}

void OpWork::add_hbm(std::int32_t op, bool write, const Region& region) {
  if (op < 0) return;
  Done& done = done_[static_cast<std::size_t>(op)];
  add(write ? done.write_bytes : done.read_bytes, Wide{region.rows} * region.row_bytes);
}

void OpWork::repeat(const OpWork& before, std::int64_t times) {
  const auto more = [&](Wide& sum, Wide then) { add(sum, (sum - then) * times); };
  for (std::size_t op = 0; op < done_.size(); ++op) {
    more(done_[op].macs, before.done_[op].macs);
    more(done_[op].read_bytes, before.done_[op].read_bytes);
    more(done_[op].write_bytes, before.done_[op].write_bytes);
  }
}

void OpWork::check(std::string_view where) const {
  for (std::size_t number = 0; number < done_.size(); ++number) {
    const SourceOp& op = program_.ops[number];
    const auto compare = [&](std::int64_t claimed, Wide done, std::string_view unit,
                             std::string_view does) {
      if (claimed <= done) return;  // so what was done fits 64 bits
      bad_input(fmt::format("{}: op {}", where, op.name), fmt::format("{} {}", claimed, unit),
                fmt::format("at most the {} that its instructions {}",
                            static_cast<std::int64_t>(done), does));
    };
    compare(op.macs, done_[number].macs, "MACs", "execute");
    compare(op.read_bytes, done_[number].read_bytes, "bytes read", "read from HBM");
    compare(op.write_bytes, done_[number].write_bytes, "bytes written", "write to HBM");
  }
}

void verify_claims(const Program& program, std::string_view where) {
  if (program.tokens < 0) {
    bad_input(fmt::format("{}: workload {}", where, program.workload),
              fmt::format("tokens={}", program.tokens), "0 (not a model) or more");
  }
  for (const SourceOp& op : program.ops) {
    const auto at_least = [&](std::string_view name, std::int64_t value, std::int64_t least) {
      if (value >= least) return;
      bad_input(fmt::format("{}: op {}", where, op.name), fmt::format("{}={}", name, value),
                fmt::format("{} or more", least));
    };
    at_least("count", op.count, 1);
    at_least("macs", op.macs, 0);
    at_least("read", op.read_bytes, 0);
    at_least("write", op.write_bytes, 0);
    at_least("kept", op.kept_bytes, 0);
  }
}

}  // namespace systole
