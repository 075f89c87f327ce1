// SPDX-License-Identifier: Apache-2.0
// What is left out of loops: the findings are those of a walk over every iteration, and of a
// comparison of all pairs of accesses.
#include "isa/verifier_repeats.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <set>

#include "catch.hpp"
#include "isa/footprint.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

std::string walked(const Program& program, WalkLoops loops, std::int64_t* left_out = nullptr) {
  const ChipSpec chip = small_chip();
  std::vector<StreamReport> reports;
  reports.emplace_back(program, 0, "t");
  try {
    const std::int64_t iterations = verify_walk(chip, program, reports, loops);
    if (left_out != nullptr) *left_out = iterations;
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// Goes before a store that waits for b and signals c, of which there are two.
constexpr std::string_view kTurn = "vpu0 sync wait=(c) signal=(b)\n";

// A dynamic instruction, and which earlier ones are complete before it starts.
struct Done {
  UnitId unit;
  std::vector<TileAccess> accesses;
  std::set<std::size_t> known;
};

bool touch(const Region& a, const Region& b) {
  for (std::int64_t r = 0; r < a.rows; ++r) {
    for (std::int64_t s = 0; s < b.rows; ++s) {
      const std::int64_t p = a.begin + r * a.pitch;
      const std::int64_t q = b.begin + s * b.pitch;
      if (p < q + b.row_bytes && q < p + a.row_bytes) return true;
    }
  }
  return false;
}

bool race(const Done& a, std::size_t number, const Done& b) {
  if (b.known.count(number) == 1 || (a.unit == b.unit && a.unit.kind != UnitKind::kDma)) {
    return false;
  }
  for (const TileAccess& x : a.accesses) {
    for (const TileAccess& y : b.accesses) {
      if (x.access == Access::kRead && y.access == Access::kRead) continue;
      if (x.region.space == y.region.space && touch(x.region, y.region)) return true;
    }
  }
  return false;
}

// Whether any two accesses of a run race. Precondition: a wait finds its tokens.
bool any_race(const Program& program) {
  std::vector<Done> done;
  constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
  std::vector<std::deque<std::size_t>> tokens;  // who gave them
  for (const Semaphore& semaphore : program.semaphores) {
    tokens.emplace_back(static_cast<std::size_t>(semaphore.initial), kNobody);
  }
  const auto last_of = [&](UnitId unit) {
    const auto last = std::find_if(done.rbegin(), done.rend(),
                                   [&](const Done& other) { return other.unit == unit; });
    return last == done.rend() ? nullptr : &*last;
  };
  StreamWalker walker(program.streams[0], program.tables);
  while (walker.next()) {
    const Instruction& instruction = walker.instruction();
    Done now{instruction.unit, footprint(instruction, walker.indices(), program.tables), {}};
    if (const Done* const last = last_of(now.unit)) now.known = last->known;
    for (const Token token : instruction.waits) {
      std::deque<std::size_t>& given = tokens[static_cast<std::size_t>(token.semaphore)];
      for (std::int32_t n = 0; n < token.count; ++n) {
        const std::size_t by = given.front();
        given.pop_front();
        if (by == kNobody) continue;
        now.known.insert(done[by].known.begin(), done[by].known.end());
        for (std::size_t before = 0; before <= by; ++before) {
          if (done[before].unit == done[by].unit) now.known.insert(before);
        }
      }
    }
    for (std::size_t before = 0; before < done.size(); ++before) {
      if (race(done[before], before, now)) return true;
    }
    for (const Token token : instruction.signals) {
      tokens[static_cast<std::size_t>(token.semaphore)].insert(
          tokens[static_cast<std::size_t>(token.semaphore)].end(),
          static_cast<std::size_t>(token.count), done.size());
    }
    done.push_back(std::move(now));
  }
  return false;
}

// A loop with instructions before and behind it. Semaphores order instructions of one iteration, or
// of neighbouring ones.
class LoopDraw {
 public:
  explicit LoopDraw(std::uint32_t seed) : random_(seed) {}

  Program draw() {
    const std::int64_t body = within(2, 6);
    for (std::int64_t n = 0; n < body; ++n) lines_.push_back(instruction(true));
    std::vector<std::string> waits(lines_.size());
    std::vector<std::string> signals(lines_.size());
    std::string semaphores;
    for (std::int64_t n = within(1, 8); n > 0; --n) {
      const auto from = static_cast<std::size_t>(below(body));
      const auto to = static_cast<std::size_t>(below(body));
      if (std::count(waits[to].begin(), waits[to].end(), 't') == 4) continue;
      if (std::count(signals[from].begin(), signals[from].end(), 't') == 4) continue;
      const std::string name = "t" + std::to_string(n);
      const std::int64_t initial = (from < to ? 0 : 1) + (below(3) == 0 ? 1 : 0);
      semaphores += ".semaphore " + name + " initial=" + std::to_string(initial) + "\n";
      waits[to] += (waits[to].empty() ? "" : ", ") + name;
      signals[from] += (signals[from].empty() ? "" : ", ") + name;
    }
    std::string text(kHeader);
    text.insert(text.find(".symbol"), semaphores);
    for (std::int64_t n = below(3); n > 0; --n) text += instruction(false) + "\n";
    text += "loop count=" + std::to_string(within(5, 14)) + "\n";
    for (std::size_t n = 0; n < lines_.size(); ++n) {
      text += lines_[n];
      if (!waits[n].empty()) text += " wait=(" + waits[n] + ")";
      if (!signals[n].empty()) text += " signal=(" + signals[n] + ")";
      text += "\n";
    }
    text += "end\n";
    for (std::int64_t n = below(3); n > 0; --n) text += instruction(false) + "\n";
    return parse_program(text + "halt\n", "drawn");
  }

 private:
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint32_t>(limit));
  }
  std::int64_t within(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }

  std::string vmem(bool in_loop) {
    const std::string base = std::to_string(256 * below(8));
    if (!in_loop || below(2) == 0) return "vmem[" + base + ", pitch=16]:bf16";
    const std::int64_t ring = 128 * within(1, 3);
    return "vmem[" + base + "+(128*i0)%" + std::to_string(ring) + ", pitch=16]:bf16";
  }
  // In the input, the output, or scratch: at one place, in a ring, or moving on.
  std::string hbm(bool in_loop, bool written) {
    const std::int64_t base = below(written ? 12 : 4) == 0 ? 0 : (below(2) == 0 ? 8192 : 16384);
    std::string address = std::to_string(base + 128 * below(6));
    if (in_loop && below(3) > 0) {
      address += below(3) == 0 ? "+(256*i0)%512" : "+" + std::to_string(128 * within(1, 3)) + "*i0";
    }
    return "hbm[" + address + ", pitch=" + std::to_string(16 * within(1, 2)) + "]:bf16";
  }
  std::string instruction(bool in_loop) {
    const std::string rows = " rows=" + std::to_string(within(1, 8)) + " cols=8";
    const std::string dma = "dma" + std::to_string(below(2));
    switch (below(4)) {
      case 0: return dma + " load dst=" + vmem(in_loop) + " src=" + hbm(in_loop, false) + rows;
      case 1: return dma + " store dst=" + hbm(in_loop, true) + " src=" + vmem(in_loop) + rows;
      default: return "vpu0 vector op=relu dst=" + vmem(in_loop) + " a=" + vmem(in_loop) + rows;
    }
  }

  std::mt19937 random_;
  std::vector<std::string> lines_;
};

}  // namespace

TEST_CASE("leaving out iterations changes no finding, and pairs of accesses agree") {
  int raced = 0;
  int passed = 0;
  int other = 0;
  int shortened = 0;
  for (std::uint32_t seed = 0; seed < 6000; ++seed) {
    const Program program = LoopDraw(seed).draw();
    const std::string all = walked(program, WalkLoops::kAll);
    std::int64_t left_out = 0;
    const std::string some = walked(program, WalkLoops::kWhatIsNew, &left_out);
    shortened += left_out > 0 ? 1 : 0;
    INFO(seed << "\n" << print_program(program) << all << "\n" << some);
    REQUIRE(all.empty() == some.empty());
    const bool race = all.find("a race in") != std::string::npos;
    REQUIRE(race == (some.find("a race in") != std::string::npos));
    if (all.empty() || race) REQUIRE(any_race(program) == race);
    (all.empty() ? passed : race ? raced : other) += 1;
  }
  CHECK(raced > 500);
  CHECK(passed > 500);
  CHECK(other > 100);
  CHECK(shortened > 100);
}

TEST_CASE("a loop that repeats itself is verified however often it does") {
  const std::string body =
      "\nvpu0 sync wait=(c) signal=(a)\n"
      "dma0 load dst=vmem[(128*i0)%256, pitch=16]:bf16 src=hbm[0, pitch=128]:bf16 rows=8 cols=8 "
      "wait=(a) signal=(b)\n"
      "vpu0 vector op=relu dst=vmem[1024, pitch=16]:bf16 a=vmem[(128*i0)%256, pitch=16]:bf16 "
      "rows=8 cols=8 wait=(b) signal=(c)\nend\n";
  const std::string count = std::to_string(kMaxDynamicInstructions);
  CHECK(finding("loop count=" + count + body) == "");
  const std::string unordered =
      "vpu0 vector op=relu dst=vmem[1024, pitch=16]:bf16 "
      "a=vmem[128, pitch=16]:bf16 rows=8 cols=8\n"
      "dma0 load dst=vmem[1024, pitch=16]:bf16 src=hbm[0, pitch=128]:bf16 "
      "rows=8 cols=8";
  CHECK_THAT(finding("loop count=" + count + body + unordered), Contains("a race in vmem"));
}

TEST_CASE("what an iteration that is left out stores is remembered behind the loop") {
  const auto after = [](int rows) {
    return finding("loop count=14\n" + std::string(kTurn) +
                   "dma1 store dst=hbm[8192+128*i0, pitch=16]:bf16 src=vmem[0, pitch=16]:bf16 "
                   "rows=" +
                   std::to_string(rows) +
                   " cols=8 wait=(b) signal=(c)\nend\ndma0 load dst=vmem[1024, pitch=16]:bf16 "
                   "src=hbm[9200, pitch=16]:bf16 rows=1 cols=8");
  };
  CHECK(after(7) == "");  // iteration 7 stores rows of 16 bytes at 9088 to 9199
  CHECK_THAT(after(8), Contains("which instruction 2 of stream 0 (dma1 store dst=hbm[8192+128*i0, "
                                "pitch=16]:bf16) at i0=7 writes (bytes 9088 to 9215)"));
}

TEST_CASE("stores of a loop must not reach an input in any iteration") {
  const auto stores = [](int count) {
    return finding("loop count=" + std::to_string(count) + "\n" + std::string(kTurn) +
                   "dma1 store dst=hbm[16384-512*i0, pitch=16]:bf16 src=vmem[0, pitch=16]:bf16 "
                   "rows=8 cols=8 wait=(b) signal=(c)\nend");
  };
  CHECK(stores(25) == "");  // the last one is at 4096, where symbol w ends
  CHECK_THAT(stores(26), Contains("at i0=25: found a store into symbol w"));
}

TEST_CASE("only addresses may depend on the index of a loop whose iterations are left out") {
  const auto shape = [](const std::string& body) {
    const Program program = program_of("loop count=9\n" + body + "\nend");
    return study_loop(program, program.streams[0], 0);
  };
  const auto load = [&](const std::string& dst, const std::string& src, const std::string& rest) {
    return shape("dma0 load dst=vmem[" + dst + ", pitch=16]:bf16 src=hbm[" + src +
                 ", pitch=128]:bf16 cols=8 " + rest);
  };
  CHECK(load("0", "128*i0", "rows=4 wait=(c)").regular);
  CHECK(load("0", "128*i0", "rows=4 wait=(c)").semaphores == std::vector<bool>{false, false, true});
  CHECK(load("(64*i0)%192", "0", "rows=4").period == 3);
  CHECK(load("(64*i0)%512", "0", "rows=4").period == 8);
  CHECK_FALSE(load("(64*i0)%576", "0", "rows=4").regular);
  CHECK_FALSE(load("16*i0", "0", "rows=4").regular);
  CHECK_FALSE(load("0", "0", "rows=clamp(30-4*i0, 4)").regular);
  CHECK_FALSE(load("0", "0", "rows=4 if=(5-i0 >= 0)").regular);
  CHECK(advance_of(ring_value(0, index(0) * 64, 128)) == 0);
  CHECK(advance_of(Affine(64) + index(0) * 32) == 32);
}
