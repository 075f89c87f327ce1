// SPDX-License-Identifier: Apache-2.0
// Writes instruction streams, one core's after the other: loops, tokens, and rings of buffers
// handed from one queue to others. Kernels (compiler/lower_*.cpp) say what is done; the emitter
// keeps tokens in balance.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "isa/program.hpp"

namespace systole {

// A ring of `slots` buffers of `slot` bytes at `base`. Block number t of an op lies in slot
// t mod slots. The producer fills a slot after every consumer has released the block that lay
// there; a consumer reads it after the producer has published it.
struct Ring {
  UnitId producer;
  std::vector<UnitId> consumers;
  std::int64_t base = 0;
  std::int64_t slot = 0;
  std::int64_t slots = 0;
  std::vector<std::int32_t> full;  // semaphore to each consumer
  std::vector<std::int32_t> free;  // semaphore from each consumer

  // Byte `inside` (less than slot) of block t.
  Value at(const Affine& t, const Affine& inside = 0) const {
    return ring_value(base, t * slot + inside, slots * slot);
  }
};

// A queue of a core.
struct CoreUnit {
  std::int64_t core = 0;
  UnitId unit;
  friend auto operator<=>(const CoreUnit&, const CoreUnit&) = default;
};

class Emitter {
 public:
  explicit Emitter(Program& program) : program_(program) { program_.streams.emplace_back(); }

  std::int64_t core() const { return std::ssize(program_.streams) - 1; }
  // Goes on to the next core's stream. Precondition: this one has its halt.
  void next_core();

  // The op that the instructions to come serve.
  void serve(std::int32_t op) { op_ = op; }

  // Opens a loop and returns its index. A loop of the constant count 1 is not written; its index
  // is the constant 0.
  Affine open(const Value& count);
  void close();

  // Where the guard never holds, nothing is written.
  void emit(UnitId unit, Body body, Guard guard = {}, std::vector<Token> waits = {},
            std::vector<Token> signals = {});
  // Waits or signals without work; any number of tokens.
  void wait(UnitId unit, const std::vector<Token>& tokens, const Guard& guard = {});
  void signal(UnitId unit, const std::vector<Token>& tokens, const Guard& guard = {});

  // The semaphore from one queue to another for one purpose; made at its first use.
  std::int32_t semaphore(const std::string& purpose, UnitId from, UnitId to);
  // The same between queues of two cores.
  std::int32_t semaphore(const std::string& purpose, CoreUnit from, CoreUnit to);

  // The number of a constant table with these values; made at their first use.
  std::int32_t table(const std::string& purpose, std::vector<std::int64_t> values);

  // A ring whose semaphores are those of `purpose`. `space` numbers the half of VMEM in use: rings
  // of one space are reused only after drain(space).
  Ring ring(const std::string& purpose, int space, UnitId producer,
            const std::vector<UnitId>& consumers, std::int64_t base, std::int64_t slot,
            std::int64_t slots);
  // The producer waits until block t's slot is free; it is at the start for t < slots.
  void acquire(const Ring& ring, const Affine& t, const Guard& guard = {});
  std::vector<Token> published(const Ring& ring) const;     // tokens that announce a block
  Token filled(const Ring& ring, UnitId consumer) const;    // token that a consumer waits for
  Token released(const Ring& ring, UnitId consumer) const;  // token that a consumer gives back
  // After the last of `blocks` blocks: notes the tokens of the final blocks, which the producer
  // takes back when the space is used again.
  void finish(const Ring& ring, int space, std::int64_t blocks);
  // `unit` takes `token` before the memory of `space` is used again.
  void owe(int space, UnitId unit, Token token) { pending_[space].push_back({unit, token}); }
  // Producers take back all tokens noted for a space, so that its memory may be laid out anew.
  void drain(int space);
  void drain_all();

  void halt();

 private:
  struct Pending {
    UnitId unit;
    Token token;
  };
  Program& program_;
  std::int32_t op_ = -1;
  std::vector<bool> written_;  // per open loop: is it in the stream
  int depth_ = 0;              // loops in the stream
  std::map<std::string, std::int32_t> semaphores_;
  std::map<int, std::vector<Pending>> pending_;
};

// The conjunction of two guards.
Guard both(Guard a, const Guard& b);
// Guards from one affine test.
Guard at_least(const Affine& value, std::int64_t bound);
Guard equals_first(const Affine& index);                     // index == 0
Guard equals_last(const Affine& index, std::int64_t count);  // index == count - 1

}  // namespace systole
