// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/memory_laws.hpp"

#include <algorithm>
#include <numeric>

namespace systole {
namespace {

Bytes run_bursts(std::int64_t begin, Bytes bytes, Bytes burst) {
  return ((begin + bytes - 1) / burst - begin / burst + 1) * burst;
}

}  // namespace

// Rows whose addresses are the same modulo a burst cost the same, and row r + burst / gcd(pitch,
// burst) lies as row r does.
Bytes whole_bursts(const TransferWork& transfer, Bytes burst) {
  const auto row = [&](std::int64_t r) {
    return run_bursts(transfer.address + r * transfer.pitch, transfer.row_bytes, burst);
  };
  const bool alike = transfer.pitch % burst == 0;
  if (transfer.index != nullptr) {
    if (alike) return transfer.rows * row(0);
    return std::accumulate(transfer.index, transfer.index + transfer.rows, Bytes{0},
                           [&](Bytes sum, std::int64_t r) { return sum + row(r); });
  }
  if (transfer.rows == 1 || transfer.pitch == transfer.row_bytes) {
    return run_bursts(transfer.address, transfer.rows * transfer.row_bytes, burst);
  }
  if (alike) return transfer.rows * row(0);
  const std::int64_t period = std::min(transfer.rows, burst / std::gcd(transfer.pitch, burst));
  Bytes sum = 0;
  for (std::int64_t r = 0; r < period; ++r) {
    sum += row(r) * ((transfer.rows - 1 - r) / period + 1);
  }
  return sum;
}

MemoryLaws::MemoryLaws(const ChipSpec& chip, std::size_t units, std::size_t ops,
                       const std::vector<OperandRead>& operands, Cycles memory_latency,
                       LawLedger& ledger)
    : burst_(burst_bytes(chip.hbm)),
      port_(chip.vmem.port_width),
      setup_(chip.dma.setup),
      latency_(memory_latency),
      cmem_(chip.cmem),
      ledger_(ledger),
      asked_(ops + 1),
      operands_(ops),
      pending_(units) {
  for (const OperandRead& operand : operands) operands_.at(at(operand.op)).push_back({operand, 0});
}

void MemoryLaws::asked(const TransferWork& transfer) {
  const Bytes bytes = transfer.rows * transfer.row_bytes;
  const std::size_t direction = transfer.write ? 1 : 0;
  Asked& asked = asked_[at(transfer.op + 1)];
  Cycles latency = 0;
  Cycles data = std::max<Cycles>(1, ceil_div(bytes, port_));
  if (transfer.hbm) {
    asked.bytes[direction] += bytes;
    asked.bursts[direction] += whole_bursts(transfer, burst_);
    latency += latency_;
  }
  if (transfer.cmem) {
    // With HBM on the other side, it is written by what comes from there.
    asked.cmem[transfer.hbm ? 1 - direction : direction] += bytes;
    latency += cmem_.latency;
    data = std::max(data, ceil_div(bytes, cmem_.port_width));
  }
  pending_[at(transfer.unit)].push_back(
      {transfer.sequence, transfer.begin, setup_ + latency + data, latency});
  if (transfer.write || transfer.op < 0 || !transfer.hbm) return;
  for (Operand& operand : operands_[at(transfer.op)]) {
    if (operand.needed.contains(transfer.address)) {
      operand.asked += bytes;
      return;
    }
  }
}

// Completions of a queue come in order; those of instructions without a transfer are passed over.
void MemoryLaws::check_time(const Completion& completion) {
  std::vector<Pending>& pending = pending_[at(completion.unit)];
  const Pending& first = pending.front();
  if (first.sequence != completion.sequence) return;
  ledger_.check(Law::kTransfer, completion.end - first.begin, first.least,
                {completion.unit, completion.op, first.begin, {}});
  ledger_.check(Law::kLatency, completion.end - completion.free, first.latency,
                {completion.unit, completion.op, first.begin, {}});
  pending.erase(pending.begin());
}

void MemoryLaws::settle(const std::vector<SourceOp>& ops, const ActionCounts& actions) {
  constexpr std::array<ActionId, 2> kMoved{ActionId::kHbmReadBytes, ActionId::kHbmWriteBytes};
  constexpr std::array<ActionId, 2> kCmemMoved{ActionId::kCmemReadBytes, ActionId::kCmemWriteBytes};
  for (std::size_t k = 0; k < asked_.size(); ++k) {
    const auto op = static_cast<std::int32_t>(k) - 1;
    const Site site{-1, op, -1, {}};
    for (std::size_t direction = 0; direction < 2; ++direction) {
      const Bytes moved = actions.of_op(op, kMoved[direction]);
      ledger_.check(Law::kServed, moved, asked_[k].bytes[direction], site);
      ledger_.check(Law::kBursts, moved, asked_[k].bursts[direction], site);
      ledger_.check(Law::kCmem, actions.of_op(op, kCmemMoved[direction]), asked_[k].cmem[direction],
                    site);
    }
    if (op < 0) continue;
    ledger_.check(Law::kOpRead, actions.of_op(op, kMoved[0]), ops[at(op)].read_bytes, site);
    ledger_.check(Law::kOpWrite, actions.of_op(op, kMoved[1]), ops[at(op)].write_bytes, site);
    for (const Operand& operand : operands_[at(op)]) {
      ledger_.check(Law::kOperandRead, operand.asked, operand.needed.bytes,
                    {-1, op, -1, operand.needed.name});
    }
  }
  for (std::size_t direction = 0; direction < 2; ++direction) {
    ledger_.check(Law::kChannels, channels_[direction], actions.total(kMoved[direction]), {});
    ledger_.check(Law::kCmemPorts, ports_[direction], actions.total(kCmemMoved[direction]), {});
  }
  for (std::size_t unit = 0; unit < pending_.size(); ++unit) {
    for (const Pending& left : pending_[unit]) {
      ledger_.fail(Law::kTransfer, 0, left.least,
                   {static_cast<std::int32_t>(unit), -1, left.begin, {}});
    }
  }
}

}  // namespace systole
