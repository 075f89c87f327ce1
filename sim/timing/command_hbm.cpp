// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/command_hbm.hpp"

#include <algorithm>
#include <limits>

#include "isa/timing.hpp"
#include "sim/timing/kernel_time.hpp"

namespace systole {

namespace {

constexpr Cycles kNeverCycle = std::numeric_limits<Cycles>::max();

}  // namespace

// A pseudo-channel: its controller, and its account of time.
class CommandHbm::Channel : public DramSink {
 public:
  Channel(CommandHbm& memory, std::int32_t unit)
      : memory_(memory),
        controller_(memory.chip_.hbm, *this),
        account_(memory.probe_, unit, memory.ratio_, memory.clocks_, memory.burst_) {}

  void issued(const DramIssue& issue) override { memory_.issued(*this, issue); }

  void push(const DramAccess& access, Cycles now) {
    if (controller_.idle()) account_.work_from(now);
    controller_.push(access);
    next_ = now;
  }

  // Issues the commands of cycle `now`.
  void advance(Cycles now) {
    if (next_ > now) return;
    controller_.advance(memory_.ratio_.clock_at_or_after(now + 1));
    const Clocks next = controller_.next();
    next_ = next == DramController::kNever ? kNeverCycle : memory_.ratio_.cycle_before(next);
  }
  Cycles next() const { return next_; }

  void finish(Cycles end) {
    controller_.advance(memory_.ratio_.clock_at_or_after(end));  // refreshes of idle time
    account_.finish(end);
  }

  ChannelAccount& account() { return account_; }
  int direction = -1;  // of its last column command, for the counts

 private:
  CommandHbm& memory_;
  DramController controller_;
  ChannelAccount account_;
  Cycles next_ = kNeverCycle;
};

CommandHbm::CommandHbm(const sc_core::sc_module_name& name, const ChipSpec& chip,
                       const MemoryShare& share, const Probe& probe)
    : sc_module(name),
      probe_(probe),
      chip_(chip),
      base_(share.base),
      ratio_(chip),
      clocks_(dram_clocks(chip.hbm)),
      channel_map_(channels_per_core(chip)),
      map_(chip.hbm),
      burst_(burst_bytes(chip.hbm)),
      read_latency_(ratio_.cycle_at_or_after(clocks_.tcl) +
                    cycles_of_ns(chip.hbm.latency, chip.clock)),
      write_latency_(ratio_.cycle_at_or_after(clocks_.tcwl) +
                     cycles_of_ns(chip.hbm.latency, chip.clock)),
      counts_(clocks_.burst) {
  for (std::int32_t c = 0; c < channels_per_core(chip); ++c) {
    channels_.push_back(std::make_unique<Channel>(*this, share.first_channel + c));
  }
  for (std::int64_t e = 0; e < share.engines; ++e) {
    engines_.push_back({RequestSource{chip}, std::nullopt});
  }
  SC_METHOD(advance);
  sensitive << wake_;
  dont_initialize();
}

CommandHbm::~CommandHbm() = default;

Cycles CommandHbm::engine_cycles(Bytes bytes, std::int64_t /*requests*/) const {
  return std::max<Cycles>(1, ceil_div(bytes, chip_.vmem.port_width));
}

void CommandHbm::request(const MemoryRequest& request) {
  requests_.push_back(request);
  wake_.notify(sc_core::SC_ZERO_TIME);
}

void CommandHbm::advance() {
  const Cycles now = now_cycles();
  start_transfers(now);
  issue_requests(now);
  for (const auto& channel : channels_) channel->advance(now);
  wake_next(now);
}

void CommandHbm::start_transfers(Cycles now) {
  std::sort(requests_.begin(), requests_.end(),
            [](const MemoryRequest& a, const MemoryRequest& b) { return a.engine < b.engine; });
  for (const MemoryRequest& request : requests_) {
    Engine& engine = engines_[static_cast<std::size_t>(request.engine)];
    engine.transfer = request;
    HbmRuns runs = request.runs;
    runs.address -= base_;
    engine.source.start(runs, now);
    engine.number = transfers_++;
    engine.begin = now;
    engine.served = now;
    engine.bursts = 0;
    engine.activates = 0;
  }
  requests_.clear();
}

// One request of each engine in turn, until none has any more in this cycle.
void CommandHbm::issue_requests(Cycles now) {
  for (bool any = true; any;) {
    any = false;
    for (std::size_t e = 0; e < engines_.size(); ++e) {
      if (engines_[e].source.done()) continue;
      if (const std::optional<RequestSource::Span> span = engines_[e].source.take(now)) {
        send(e, *span, now);
        any = true;
      }
    }
  }
}

// A request becomes an access for each stretch of bytes that lie in one row of one pseudo-channel.
void CommandHbm::send(std::size_t engine, RequestSource::Span span, Cycles now) {
  std::int64_t number = static_cast<std::int64_t>(flights_.size());
  if (free_flights_.empty()) {
    flights_.emplace_back();
  } else {
    number = free_flights_.back();
    free_flights_.pop_back();
  }
  Flight& flight = flights_[static_cast<std::size_t>(number)];
  flight = {engine, 0, now};
  const bool write = engines_[engine].transfer->write;
  const Clocks arrival = ratio_.clock_at_or_after(now);
  const auto channels = static_cast<std::int64_t>(channels_.size());
  const Bytes interleave = chip_.hbm.interleave;
  for (std::int64_t at = span.begin; at < span.end;) {
    const std::int64_t block = at / interleave;
    const Bytes local = block / channels * interleave + at % interleave;
    const DramMap::Place place = map_.place(local);
    const std::int64_t end = std::min({span.end, (block + 1) * interleave, at + place.left});
    const std::int64_t bursts = (end - 1) / burst_ - at / burst_ + 1;
    ++flight.accesses;
    engines_[engine].bursts += bursts;
    const auto channel = static_cast<std::size_t>(channel_map_.channel(block));
    channels_[channel]->push(
        {number, engines_[engine].number, write, place.bank, place.row, bursts, arrival}, now);
    at = end;
  }
  ++engines_[engine].in_flight;
}

void CommandHbm::issued(Channel& channel, const DramIssue& issue) {
  counts_.add(issue, channel.direction);
  if (issue.command == DramCommand::kRef) channel.account().refreshed(issue.at);
  if (issue.access == nullptr) return;
  const std::int64_t number = issue.access->request;
  Flight& flight = flights_[static_cast<std::size_t>(number)];
  Engine& engine = engines_[flight.engine];
  if (issue.command == DramCommand::kAct) ++engine.activates;
  if (!kDramColumns.has(issue.command)) return;
  channel.account().moved(issue.at, issue.access->write, engine.transfer->op);
  if (!issue.last) return;
  flight.served = std::max(flight.served, ratio_.cycle_at_or_after(issue.at + clocks_.burst));
  if (--flight.accesses == 0) served(number);
}

void CommandHbm::served(std::int64_t number) {
  const Flight flight = flights_[static_cast<std::size_t>(number)];
  free_flights_.push_back(number);
  Engine& engine = engines_[flight.engine];
  engine.served = std::max(engine.served, flight.served);
  engine.source.release_at(flight.served + latency(engine.transfer->write));
  if (--engine.in_flight == 0 && engine.source.done()) finish_transfer(engine);
}

void CommandHbm::finish_transfer(Engine& engine) {
  const MemoryRequest transfer = *engine.transfer;
  engine.transfer.reset();
  probe_.action(transfer.write ? ActionId::kHbmWriteBytes : ActionId::kHbmReadBytes, transfer.op,
                engine.bursts * burst_, engine.begin, engine.served);
  probe_.action(ActionId::kHbmActivate, transfer.op, engine.activates, engine.begin, engine.served);
  transfer.client->served(engine.served);
}

void CommandHbm::wake_next(Cycles now) {
  Cycles next = kNeverCycle;
  for (const auto& channel : channels_) next = std::min(next, channel->next());
  for (Engine& engine : engines_) {
    if (const std::optional<Cycles> at = engine.source.next(now)) next = std::min(next, *at);
  }
  if (next != kNeverCycle) notify_at(wake_, std::max(next, now + 1));
}

void CommandHbm::finish(Cycles end) {
  for (const auto& channel : channels_) channel->finish(end);
}

}  // namespace systole
