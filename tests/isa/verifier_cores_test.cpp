// SPDX-License-Identifier: Apache-2.0
// Programs with a stream for each of several cores, and CMEM.
#include "catch.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

ChipSpec two_cores() {
  ChipSpec chip = small_chip();
  chip.core.count = 2;
  return chip;
}

ChipSpec with_cmem(bool per_core = false) {
  ChipSpec chip = two_cores();
  chip.cmem = {
      .size = 8192, .per_core = per_core, .banks = 1, .ports = 1, .port_width = 16, .latency = 5};
  return chip;
}

// Streams of core 0 and core 1; core 1 has semaphores p and q.
Program program(const std::string& first, const std::string& second) {
  std::string header{kHeader};
  const std::string semaphores = ".semaphore p initial=0 core=1\n.semaphore q initial=0 core=1\n";
  header.insert(header.find(".symbol"), semaphores);
  return parse_program(header + first + "halt\n.stream\n" + second + "halt\n", "t.sasm");
}
std::string found(const std::string& first, const std::string& second,
                  const ChipSpec& chip = two_cores()) {
  return finding(program(first, second), chip);
}

// Four rows of eight bytes of symbol s from byte `address` on.
std::string store(int address, const std::string& tokens = "") {
  return "dma0 store dst=hbm[" + std::to_string(address) +
         ", pitch=8]:bf16 src=vmem[0, pitch=8]:bf16 rows=4 cols=4 " + tokens + "\n";
}
std::string load(int address, const std::string& tokens = "") {
  return "dma0 load dst=vmem[1024, pitch=8]:bf16 src=hbm[" + std::to_string(address) +
         ", pitch=8]:bf16 rows=4 cols=4 " + tokens + "\n";
}
std::string sync(const std::string& tokens) { return "dma0 sync " + tokens + "\n"; }
std::string a_copy(const std::string& name, const std::string& dst, const std::string& src) {
  return "dma0 " + name + " dst=" + dst + ", pitch=8]:bf16 src=" + src +
         ", pitch=8]:bf16 rows=4 cols=4\n";
}

}  // namespace

TEST_CASE("a program has at most as many streams as the chip has cores") {
  CHECK(found("", "") == "");
  CHECK_THAT(found("", "", small_chip()), Contains("2 streams; expected 1 to 1"));
}

TEST_CASE("a semaphore belongs to a core with a stream, whose units wait on it") {
  CHECK(found(sync("signal=(p)"), sync("wait=(p)")) == "");
  CHECK_THAT(
      found(sync("wait=(p)"), sync("signal=(p)")),
      Contains("instruction 0 of stream 0 (dma0 sync): found a wait on semaphore p of core 1; "
               "expected one of core 0"));
  Program other = program("", "");
  other.semaphores[0].core = 2;
  CHECK_THAT(finding(other, two_cores()),
             Contains("semaphore a: found core 2; expected 0 to 1: a core with a stream"));
}

TEST_CASE("units of the same name on two cores are two signallers") {
  CHECK_THAT(found(sync("signal=(p)"), sync("wait=(p)") + sync("signal=(p)")),
             Contains("it signals semaphore p, as instruction 0 of stream 0 (dma0 sync) does"));
}

TEST_CASE("a stream waits for tokens of other cores, in whichever order streams are written") {
  CHECK(found(sync("wait=(a)") + sync("signal=(p)"), sync("signal=(a)") + sync("wait=(p)")) == "");
  CHECK(found(sync("signal=(p)") + sync("wait=(a)"), sync("wait=(p)") + sync("signal=(a)")) == "");
}

TEST_CASE("cores that wait for each other are a deadlock, and both instructions are told") {
  CHECK_THAT(
      found(sync("wait=(a)") + sync("signal=(p)"), sync("wait=(p)") + sync("signal=(a)")),
      Contains("instruction 0 of stream 0 (dma0 sync): found a deadlock: it waits for 1 tokens of "
               "semaphore a, which has 0, and the core that signals it waits at instruction 0 of "
               "stream 1 (dma0 sync)"));
  CHECK_THAT(found(sync("wait=(a*2)"), sync("signal=(a)")),
             Contains("which has 1, and the core that signals it has halted"));
}

TEST_CASE("a wait for what its own core signals later is a deadlock on any core") {
  CHECK_THAT(found("", sync("wait=(p)") + sync("signal=(p)")),
             Contains("instruction 0 of stream 1 (dma0 sync): found a deadlock: it waits for 1 "
                      "tokens of semaphore p, which has 0; expected 1 more signals"));
}

TEST_CASE("tokens that no core takes are out of balance") {
  CHECK_THAT(found(sync("signal=(p)"), ""),
             Contains("stream 1 (halt): found semaphore p unbalanced, with 1 tokens"));
}

TEST_CASE("accesses of two cores to the HBM that they share are ordered by semaphores") {
  CHECK(found(store(16384), load(16416)) == "");  // behind the four rows
  CHECK_THAT(found(store(16384), load(16408)),
             Contains("instruction 0 of stream 1 (dma0 load src=hbm[16408, pitch=8]:bf16): found a "
                      "race in hbm: it reads bytes 16408 to 16439, which instruction 0 of stream 0 "
                      "(dma0 store dst=hbm[16384, pitch=8]:bf16) writes"));
  CHECK(found(store(16384, "signal=(p)"), load(16408, "wait=(p)")) == "");
  // The order is one of completion: a signal of another queue says nothing of the store.
  CHECK_THAT(found(store(16384) + "dma1 sync signal=(p)\n", load(16408, "wait=(p)")),
             Contains("a race in hbm"));
  CHECK_THAT(found(load(16384), store(16384)), Contains("it writes bytes"));
}

TEST_CASE("order between cores passes on through a third queue") {
  CHECK(found(store(16384, "signal=(p)"),
              "vpu0 sync wait=(p) signal=(q)\n" + load(16384, "wait=(q)")) == "");
}

TEST_CASE("VMEM, accumulators and arrays are each core's own") {
  CHECK(found(load(0), load(0)) == "");
  const std::string weights = "mxu0 wload src=vmem[0, pitch=8]:bf16 depth=4 cols=4\n";
  const std::string matmul =
      "mxu0 matmul dst=acc0[0, pitch=16]:fp32 lhs=vmem[64, pitch=8]:bf16 rows=4 depth=4 cols=4\n";
  CHECK(found(weights + matmul, weights + matmul) == "");
  CHECK_THAT(found(weights, matmul), Contains("stream 1 (mxu0 matmul"));
}

TEST_CASE("where HBM is split, a core reaches its share and no other") {
  ChipSpec chip = two_cores();
  chip.hbm.per_core = true;  // 32 KiB each
  CHECK(found(load(32768 - 32), load(32768), chip) == "");
  CHECK_THAT(found(load(32768 - 24), "", chip), Contains("expected bytes 0 to 32767 of hbm"));
  CHECK_THAT(found("", load(32768 - 8), chip), Contains("expected bytes 32768 to 65535 of hbm"));
  CHECK(found("", load(65536 - 32), chip) == "");
  CHECK_THAT(found("", load(65536 - 24), chip), Contains("expected bytes 32768 to 65535 of hbm"));
  // A symbol lies in one share.
  Program split = program("", "");
  split.symbols[3].address = 32768 - 4096;
  CHECK(finding(split, chip) == "");
  split.symbols[3].address += 16;
  CHECK_THAT(finding(split, chip), Contains("symbol s: found bytes 28688 to 32783, in the shares "
                                            "of several cores"));
  split.symbols[3].address = 32768;
  CHECK(finding(split, chip) == "");
  split.streams.pop_back();
  split.semaphores.resize(3);
  CHECK_THAT(finding(split, chip), Contains("symbol s: found an end outside of HBM"));
}

TEST_CASE("a chip without CMEM refuses operands there") {
  CHECK_THAT(finding(a_copy("load", "vmem[0", "cmem[0")),
             Contains("(dma0 load src=cmem[0, pitch=8]:bf16): found an operand in cmem; expected "
                      "another memory: small has no CMEM"));
}

TEST_CASE("load takes data towards the core, store away from it, from one memory to another") {
  const auto verdict = [](const std::string& text) { return finding(text, with_cmem()); };
  CHECK(verdict(a_copy("load", "vmem[0", "cmem[0")) == "");
  CHECK(verdict(a_copy("load", "cmem[0", "hbm[0")) == "");
  CHECK(verdict(a_copy("store", "cmem[0", "vmem[0")) == "");
  CHECK(verdict(a_copy("store", "hbm[8192", "cmem[0")) == "");
  CHECK_THAT(verdict(a_copy("load", "cmem[0", "cmem[64")), Contains("a copy from cmem to cmem"));
  CHECK_THAT(verdict(a_copy("store", "cmem[0", "cmem[64")), Contains("a copy from cmem to cmem"));
  CHECK_THAT(verdict(a_copy("load", "cmem[0", "vmem[0")), Contains("expected hbm or cmem"));
  CHECK_THAT(verdict(a_copy("load", "hbm[8192", "cmem[0")),
             Contains("expected vmem or fifo or cmem"));
  CHECK_THAT(verdict("vpu0 vector op=relu dst=vmem[0, pitch=8]:bf16 a=cmem[0, pitch=8]:bf16 rows=4 "
                     "cols=4\n"),
             Contains("an operand in cmem; expected none or vmem or acc"));
}

TEST_CASE("an access stays within CMEM") {
  const auto verdict = [](const std::string& place) {
    return finding(a_copy("load", "vmem[0", "cmem[" + place), with_cmem());
  };
  CHECK(verdict("8160") == "");
  CHECK_THAT(verdict("8162"), Contains("expected bytes 0 to 8191 of cmem"));
}

TEST_CASE("accesses to a CMEM that cores share race, and those to one of each core do not") {
  const std::string write = a_copy("store", "cmem[0", "vmem[0");
  const std::string read = a_copy("load", "vmem[0", "cmem[24");
  CHECK_THAT(found(write, read, with_cmem()), Contains("a race in cmem"));
  CHECK(found(write, read, with_cmem(true)) == "");
  CHECK(found(write, a_copy("load", "vmem[0", "cmem[32"), with_cmem()) == "");
}
