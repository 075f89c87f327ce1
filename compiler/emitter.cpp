// SPDX-License-Identifier: Apache-2.0
#include "compiler/emitter.hpp"

#include <algorithm>
#include <cassert>

namespace systole {

namespace {

bool never_holds(const Guard& guard) {
  return std::any_of(guard.tests.begin(), guard.tests.end(),
                     [](const Affine& test) { return test.is_constant() && test.base < 0; });
}

// A semaphore stands once among an instruction's tokens.
void add_tokens(const std::vector<Token>& more, std::vector<Token>& tokens) {
  for (const Token token : more) {
    const auto same = std::find_if(tokens.begin(), tokens.end(), [&](const Token other) {
      return other.semaphore == token.semaphore;
    });
    if (same == tokens.end()) {
      tokens.push_back(token);
    } else {
      same->count += token.count;
    }
  }
}

// Units of the first core go without its number.
std::string name_of(const CoreUnit& unit) {
  const std::string core = unit.core == 0 ? "" : "core" + std::to_string(unit.core) + ".";
  return core + systole::name_of(unit.unit);
}

// Joins a sync to the sync before it where that means the same: same queue, guard and op, and
// nothing is signalled before something else is awaited.
bool join(Instruction& before, const Instruction& next) {
  if (!std::holds_alternative<Sync>(before.body) || !std::holds_alternative<Sync>(next.body)) {
    return false;
  }
  const bool same = before.unit == next.unit && before.guard == next.guard && before.op == next.op;
  if (!same || (!before.signals.empty() && !next.waits.empty())) return false;
  std::vector<Token> waits = before.waits;
  std::vector<Token> signals = before.signals;
  add_tokens(next.waits, waits);
  add_tokens(next.signals, signals);
  if (waits.size() > kMaxTokens || signals.size() > kMaxTokens) return false;
  before.waits = std::move(waits);
  before.signals = std::move(signals);
  return true;
}

}  // namespace

void Emitter::next_core() {
  program_.streams.emplace_back();
  pending_.clear();
  op_ = -1;
}

Affine Emitter::open(const Value& count) {
  const bool write = !(count.is_constant() && count.base == 1);
  written_.push_back(write);
  if (!write) return 0;
  emit({}, Loop{count});
  assert(depth_ < kMaxLoops);
  return index(depth_++);
}

void Emitter::close() {
  if (written_.back()) {
    Stream& stream = program_.streams.back();
    if (std::holds_alternative<Loop>(stream.back().body)) {
      stream.pop_back();  // nothing in it
    } else {
      emit({}, End{});
    }
    --depth_;
  }
  written_.pop_back();
}

void Emitter::emit(UnitId unit, Body body, Guard guard, std::vector<Token> waits,
                   std::vector<Token> signals) {
  if (never_holds(guard)) return;
  // More tokens than an instruction carries go into syncs around it, on the same queue: it starts
  // after the first and they signal after it, because a queue starts and completes in order.
  while (waits.size() > kMaxTokens) {
    std::vector<Token> some(waits.end() - kMaxTokens, waits.end());
    waits.resize(waits.size() - kMaxTokens);
    program_.streams.back().push_back({unit, Sync{}, guard, std::move(some), {}, op_});
  }
  std::vector<Token> later;
  if (signals.size() > kMaxTokens) {
    later.assign(signals.begin() + kMaxTokens, signals.end());
    signals.resize(kMaxTokens);
  }
  Instruction next{unit, std::move(body), guard, std::move(waits), std::move(signals), op_};
  Stream& stream = program_.streams.back();
  if (stream.empty() || !join(stream.back(), next)) stream.push_back(std::move(next));
  if (!later.empty()) emit(unit, Sync{}, std::move(guard), {}, std::move(later));
}

void Emitter::wait(UnitId unit, const std::vector<Token>& tokens, const Guard& guard) {
  if (!tokens.empty()) emit(unit, Sync{}, guard, tokens, {});
}

void Emitter::signal(UnitId unit, const std::vector<Token>& tokens, const Guard& guard) {
  if (!tokens.empty()) emit(unit, Sync{}, guard, {}, tokens);
}

std::int32_t Emitter::semaphore(const std::string& purpose, UnitId from, UnitId to) {
  return semaphore(purpose, {core(), from}, {core(), to});
}

std::int32_t Emitter::semaphore(const std::string& purpose, CoreUnit from, CoreUnit to) {
  const std::string name = purpose + "." + name_of(from) + "." + name_of(to);
  const auto [found, fresh] =
      semaphores_.try_emplace(name, static_cast<std::int32_t>(program_.semaphores.size()));
  if (fresh) program_.semaphores.push_back({name, 0, to.core});
  return found->second;
}

std::int32_t Emitter::table(const std::string& purpose, std::vector<std::int64_t> values) {
  Tables& tables = program_.tables;
  const auto same = std::find_if(tables.begin(), tables.end(),
                                 [&](const Table& table) { return table.values == values; });
  const auto number = static_cast<std::int32_t>(same - tables.begin());
  if (same == tables.end()) {
    tables.push_back({purpose + "#" + std::to_string(number), std::move(values)});
  }
  return number;
}

Ring Emitter::ring(const std::string& purpose, int space, UnitId producer,
                   const std::vector<UnitId>& consumers, std::int64_t base, std::int64_t slot,
                   std::int64_t slots) {
  Ring ring{producer, consumers, base, slot, slots, {}, {}};
  const std::string name = purpose + std::to_string(space);
  for (const UnitId consumer : consumers) {
    ring.full.push_back(semaphore(name + ".full", producer, consumer));
    ring.free.push_back(semaphore(name + ".free", consumer, producer));
  }
  return ring;
}

void Emitter::acquire(const Ring& ring, const Affine& t, const Guard& guard) {
  if (t.is_constant() && t.base < ring.slots) return;
  std::vector<Token> tokens;
  for (const std::int32_t semaphore : ring.free) tokens.push_back({semaphore, 1});
  wait(ring.producer, tokens, both(guard, at_least(t, ring.slots)));
}

std::vector<Token> Emitter::published(const Ring& ring) const {
  std::vector<Token> tokens;
  for (const std::int32_t semaphore : ring.full) tokens.push_back({semaphore, 1});
  return tokens;
}

namespace {

std::size_t position(const Ring& ring, UnitId consumer) {
  const auto found = std::find(ring.consumers.begin(), ring.consumers.end(), consumer);
  assert(found != ring.consumers.end());
  return static_cast<std::size_t>(found - ring.consumers.begin());
}

}  // namespace

Token Emitter::filled(const Ring& ring, UnitId consumer) const {
  return {ring.full[position(ring, consumer)], 1};
}

Token Emitter::released(const Ring& ring, UnitId consumer) const {
  return {ring.free[position(ring, consumer)], 1};
}

void Emitter::finish(const Ring& ring, int space, std::int64_t blocks) {
  const auto count = static_cast<std::int32_t>(std::min(blocks, ring.slots));
  if (count == 0) return;
  for (const std::int32_t semaphore : ring.free) {
    owe(space, ring.producer, {semaphore, count});
  }
}

void Emitter::drain(int space) {
  std::map<UnitId, std::vector<Token>> tokens;
  for (const Pending& pending : pending_[space]) tokens[pending.unit].push_back(pending.token);
  pending_[space].clear();
  for (const auto& [unit, list] : tokens) wait(unit, list);
}

void Emitter::drain_all() {
  for (auto& [space, list] : pending_) drain(space);
}

void Emitter::halt() { emit({}, Halt{}); }

Guard both(Guard a, const Guard& b) {
  a.tests.insert(a.tests.end(), b.tests.begin(), b.tests.end());
  return a;
}

Guard at_least(const Affine& value, std::int64_t bound) {
  const Affine test = value - bound;
  // A test that always holds is not written.
  if (test.is_constant() && test.base >= 0) return {};
  return {{test}};
}

Guard equals_first(const Affine& index) {
  return index.is_constant() && index.base == 0 ? Guard{} : Guard{{Affine(0) - index}};
}

Guard equals_last(const Affine& index, std::int64_t count) { return at_least(index, count - 1); }

}  // namespace systole
