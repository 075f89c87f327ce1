// SPDX-License-Identifier: Apache-2.0
// Semaphores and races.
#include "catch.hpp"
#include "isa/files.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

std::string double_buffer() { return read_file(SYSTOLE_TEST_DATA "/double_buffer.sasm"); }

std::string with(std::string text, const std::string& old, const std::string& replacement) {
  const std::size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), replacement);
}

std::string finding_in(const std::string& text) { return finding(parse_program(text, "d.sasm")); }

// A tile of four rows of eight bytes, read or written by a unit.
std::string load(const std::string& unit, int address, const std::string& tokens = "") {
  return unit + " load dst=vmem[" + std::to_string(address) +
         ", pitch=16]:bf16 src=hbm[0, pitch=128]:bf16 rows=4 cols=4 " + tokens + "\n";
}
std::string use(int address, const std::string& tokens = "") {
  return "vpu0 vector op=relu dst=vmem[2048, pitch=16]:bf16 a=vmem[" + std::to_string(address) +
         ", pitch=16]:bf16 rows=4 cols=4 " + tokens + "\n";
}

}  // namespace

TEST_CASE("a double buffer races exactly where the free semaphore is missing") {
  CHECK(finding_in(double_buffer()) == "");
  std::string text = with(double_buffer(), " wait=(free)", "");
  text = with(text, "signal=(free, done)", "signal=(done)");
  const std::string found = finding_in(text);
  CHECK_THAT(found,
             Contains("instruction 1 of stream 0 (dma0 load dst=vmem[(32*i0)%64, "
                      "pitch=8]:bf16) at i0=2: found a race in vmem: it writes bytes 0 to 31"));
  CHECK_THAT(found, Contains("which instruction 1 of stream 0 (dma0 load dst=vmem[(32*i0)%64, "
                             "pitch=8]:bf16) at i0=0 writes"));
}

TEST_CASE("one token too many in a double buffer is a race, one too few is not") {
  CHECK_THAT(finding_in(with(double_buffer(), "free initial=2", "free initial=3")),
             Contains("a race in vmem"));
  CHECK(finding_in(with(double_buffer(), "free initial=2", "free initial=1")) == "");
}

TEST_CASE("a result stored before it is computed is a race") {
  std::string text = with(double_buffer(), " wait=(done)", "");
  text = with(text, "signal=(free, done)", "signal=(free)");
  CHECK_THAT(finding_in(text),
             Contains("(dma1 store src=vmem[64+32*i0, pitch=8]:bf16) at i0=0: found a "
                      "race in vmem: it reads bytes 64 to 95, which instruction 2"));
}

TEST_CASE("a wait without tokens is a deadlock, named with what is missing") {
  CHECK(finding("vpu0 sync wait=(c*2) signal=(b)\nxlu0 sync wait=(b) signal=(c*2)") == "");
  CHECK_THAT(
      finding("loop count=3\nvpu0 sync wait=(c*2)\nend"),
      Contains("instruction 1 of stream 0 (vpu0 sync) at i0=1: found a deadlock: it waits for 2 "
               "tokens of semaphore c, which has 0; expected 2 more signals"));
  CHECK_THAT(finding("vpu0 sync wait=(a)\nxlu0 sync signal=(a)"), Contains("a deadlock"));
}

TEST_CASE("each semaphore is back at its initial count when the program halts") {
  CHECK_THAT(finding("vpu0 sync signal=(a)"),
             Contains("semaphore a unbalanced, with 1 tokens at the end; expected 0"));
  CHECK_THAT(finding("vpu0 sync wait=(c)"),
             Contains("semaphore c unbalanced, with 1 tokens at the end; expected 2"));
  CHECK(finding("vpu0 sync signal=(a*3)\nvpu0 sync wait=(a)\nvpu0 sync wait=(a*2)") == "");
}

TEST_CASE("an instruction names a semaphore once among its waits and once among its signals") {
  CHECK(finding("vpu0 sync wait=(c) signal=(c)") == "");
  CHECK(finding("vpu0 sync wait=(c*2) signal=(c*2)") == "");
  CHECK_THAT(
      finding("vpu0 sync wait=(c, c) signal=(c*2)"),
      Contains("semaphore c twice among its waits; expected each semaphore once, with a count"));
  CHECK_THAT(finding("vpu0 sync wait=(c*2) signal=(c, a, c)"),
             Contains("semaphore c twice among its signals"));
}

TEST_CASE("a semaphore has one signalling and one waiting queue") {
  CHECK_THAT(
      finding("dma0 sync signal=(a)\ndma1 sync signal=(a)\nvpu0 sync wait=(a*2)"),
      Contains("instruction 1 of stream 0 (dma1 sync): found that it signals semaphore a, as "
               "instruction 0 of stream 0 (dma0 sync) does; expected one queue"));
  CHECK_THAT(finding("dma0 sync signal=(a*2)\nvpu0 sync wait=(a)\nxlu0 sync wait=(a)"),
             Contains("waits on semaphore a"));
}

TEST_CASE("two reads are no race, a read and a write of one byte are") {
  CHECK(finding(use(0) +
                "xlu0 reduce op=max dst=vmem[1024, pitch=2]:bf16 a=vmem[0, pitch=16]:bf16 rows=4 "
                "cols=4") == "");
  CHECK_THAT(finding(load("dma0", 0) + use(0)), Contains("a race in vmem"));
  CHECK_THAT(finding(load("dma0", 0) + use(6)), Contains("a race in vmem"));
  CHECK(finding(load("dma0", 0) + use(8)) == "");  // the other half of each row
}

TEST_CASE("transfers of one DMA queue are unordered, instructions of a VPU queue are ordered") {
  CHECK_THAT(finding(load("dma0", 0) + load("dma0", 0)), Contains("a race in vmem"));
  CHECK(finding(use(0) + use(0)) == "");
  CHECK(finding(load("dma0", 0, "signal=(a)") + load("dma0", 0, "wait=(a)")) == "");
}

TEST_CASE("a signal covers the earlier instructions of its queue, not the later ones") {
  CHECK(finding(load("dma0", 0) + load("dma0", 64, "signal=(a)") + use(0, "wait=(a)")) == "");
  CHECK_THAT(finding(load("dma0", 64, "signal=(a)") + load("dma0", 0) + use(0, "wait=(a)")),
             Contains("a race in vmem"));
}

TEST_CASE("a wait holds for the later instructions of its queue, and signals pass it on") {
  CHECK(finding(load("dma0", 0, "signal=(a)") + "vpu0 sync wait=(a)\n" + use(0)) == "");
  CHECK(finding(load("dma0", 0, "signal=(a)") + "xlu0 sync wait=(a) signal=(b)\n" +
                use(0, "wait=(b)")) == "");
  CHECK_THAT(finding(load("dma0", 0, "signal=(a)") + "xlu0 sync wait=(a)\n" + use(0)),
             Contains("a race in vmem"));
}

TEST_CASE("tokens are taken in the order in which they were given") {
  const std::string two = load("dma0", 0, "signal=(a)") + load("dma0", 64, "signal=(a)");
  CHECK(finding(two + use(0, "wait=(a)") + use(64, "wait=(a)")) == "");
  CHECK_THAT(finding(two + use(64, "wait=(a)") + use(0, "wait=(a)")), Contains("a race in vmem"));
  CHECK(finding(two + use(64, "wait=(a*2)") + use(0)) == "");
  // The two tokens that c has at the start order nothing.
  CHECK_THAT(finding(load("dma0", 0, "signal=(c)") + use(0, "wait=(c)")),
             Contains("a race in vmem"));
  CHECK(finding(load("dma0", 0, "signal=(c*2)") + use(0, "wait=(c*3)") +
                "dma0 sync signal=(a)\n"
                "vpu0 sync wait=(a)\ndma0 sync signal=(c)") == "");
}

TEST_CASE("a skipped instruction neither waits nor signals nor races") {
  CHECK(finding(load("dma0", 0, "signal=(a)") + use(0, "wait=(a)") +
                use(0, "wait=(a) if=(-1 >= 0)")) == "");
  CHECK(finding(load("dma0", 0) + use(0, "if=(-1 >= 0)")) == "");
}

TEST_CASE("an instruction of extent 0 waits and signals, and touches nothing") {
  const std::string nothing = "vpu0 vector op=relu dst=vmem[0]:bf16 a=vmem[0]:bf16 rows=0 cols=4 ";
  CHECK(finding(load("dma0", 0) + nothing) == "");
  CHECK(finding(load("dma0", 0, "signal=(a)") + nothing + "wait=(a)\n" + use(0)) == "");
}

TEST_CASE("HBM is checked for races, but not where only inputs and weights are read") {
  const std::string store =
      "dma1 store dst=hbm[16384, pitch=8]:bf16 src=vmem[0, pitch=8]:bf16 rows=4 cols=4 ";
  const std::string read =
      "dma0 load dst=vmem[1024, pitch=8]:bf16 src=hbm[16384, pitch=8]:bf16 rows=4 cols=4 ";
  CHECK_THAT(finding(store + "\n" + read), Contains("a race in hbm"));
  CHECK(finding(store + "signal=(a)\n" + read + "wait=(a)") == "");
  CHECK_THAT(
      finding(store + "\ndma0 scatter dst=hbm[16384, pitch=8]:bf16 src=vmem[64, pitch=8]:bf16 "
                      "index=rows[0] rows=4 cols=4"),
      Contains("it writes bytes 16408 to 16415, which instruction 0"));
}

TEST_CASE("accumulators of two MXUs are different memories") {
  const auto copy = [](int unit) {
    const std::string n = std::to_string(unit);
    return finding(
        "mxu0 wload src=vmem[0, pitch=8]:bf16 depth=4 cols=4\n"
        "mxu0 matmul dst=acc0[0, pitch=16]:fp32 lhs=vmem[64, pitch=8]:bf16 rows=4 depth=4 cols=4\n"
        "vpu0 vector op=copy dst=vmem[1024, pitch=16]:fp32 a=acc" +
        n + "[0, pitch=16]:fp32 rows=4 cols=4");
  };
  CHECK_THAT(copy(0), Contains("a race in acc"));
  CHECK(copy(1) == "");
}

TEST_CASE("old accesses are forgotten only where later ones stand for them") {
  // The read of 0 stands behind a wider read by the same queue; a write still meets it.
  CHECK_THAT(finding(use(0) + use(0) + load("dma0", 0)), Contains("a race in vmem"));
  // A write that a later, ordered write covers: a reader ordered after the first one only races.
  CHECK_THAT(finding(load("dma0", 0, "signal=(a)") + load("dma0", 0, "wait=(a) signal=(b)") +
                     "xlu0 sync wait=(b)\n" + use(0)),
             Contains("a race in vmem"));
  // Many live accesses, none of which may be lost: each store of a loop meets one late load.
  for (const int late : {0, 1, 999, 1999}) {
    const std::string loop =
        "loop count=2000\ndma1 store dst=hbm[16384+16*i0]:bf16 src=vmem[0]:bf16 rows=1 "
        "cols=8\nend\n";
    CHECK_THAT(finding(loop + "dma0 load dst=vmem[1024]:bf16 src=hbm[" +
                       std::to_string(16384 + 16 * late) + "]:bf16 rows=1 cols=1"),
               Contains("at i0=" + std::to_string(late) + " writes"));
  }
}
