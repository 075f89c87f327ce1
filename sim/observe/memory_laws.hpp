// SPDX-License-Identifier: Apache-2.0
// Conservation between ops, DMA engines and HBM: what ops need is asked for, what is asked for is
// moved and no more, and no transfer is free.
#pragma once

#include <array>
#include <vector>

#include "isa/operand_read.hpp"
#include "isa/program.hpp"
#include "sim/observe/action_counts.hpp"
#include "sim/observe/events.hpp"
#include "sim/observe/law.hpp"

namespace systole {

// Bytes of a transfer with each of its runs rounded out to whole bursts of `burst` bytes. Rows that
// follow each other without a gap are one run.
Bytes whole_bursts(const TransferWork& transfer, Bytes burst);

class MemoryLaws {
 public:
  // `memory_latency`: least cycles from a transfer's last byte being served to its completion.
  // `ledger` must outlive this.
  MemoryLaws(const ChipSpec& chip, std::size_t units, std::size_t ops,
             const std::vector<OperandRead>& operands, Cycles memory_latency, LawLedger& ledger);

  void asked(const TransferWork& transfer);
  void completed(const Completion& completion) {
    if (completion.unit >= 0 && !pending_[at(completion.unit)].empty()) check_time(completion);
  }
  // By a pseudo-channel; `cmem`: by a port of CMEM.
  void moved(const Interval& interval, bool cmem = false) {
    if (interval.bytes == 0) return;
    Both& by = cmem ? ports_ : channels_;
    by[interval.write ? 1 : 0] += interval.bytes;
    by[interval.write ? 0 : 1] += interval.other_bytes;
  }
  // At the end of the run, with what HBM said that it moved.
  void settle(const std::vector<SourceOp>& ops, const ActionCounts& actions);

 private:
  using Both = std::array<Bytes, 2>;  // read, written
  struct Asked {
    Both bytes{};
    Both bursts{};
    Both cmem{};
  };
  struct Pending {
    std::int64_t sequence = 0;
    Cycles begin = 0;
    Cycles least = 0;    // that it takes
    Cycles latency = 0;  // from its engine's being free to its completion, at least
  };
  struct Operand {
    OperandRead needed;
    Bytes asked = 0;
  };
  static std::size_t at(std::int32_t index) { return static_cast<std::size_t>(index); }
  void check_time(const Completion& completion);

  const Bytes burst_;
  const Bytes port_;
  const Cycles setup_;
  const Cycles latency_;  // of HBM
  const CmemParams cmem_;
  LawLedger& ledger_;
  std::vector<Asked> asked_;                    // by op + 1
  std::vector<std::vector<Operand>> operands_;  // by op
  std::vector<std::vector<Pending>> pending_;   // by unit: transfers, in order; few
  Both channels_{};
  Both ports_{};  // of CMEM
};

}  // namespace systole
