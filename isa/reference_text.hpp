// SPDX-License-Identifier: Apache-2.0
// The parts of docs/isa.md that no table holds: grammar and semantics.
#pragma once

#include <string_view>

namespace systole {

inline constexpr std::string_view kReferenceIntroduction = R"(# The instruction set

Written from the tables in `isa/` by `isa_reference()`; a test compares this file with them
(`SYSTOLE_UPDATE=1` rewrites it).

A program has a stream of macro-instructions on two-dimensional tiles for each core that it uses. A
core's sequencer fetches them in program order, takes loops, and puts each instruction into the queue
of its unit. Queues run concurrently; each starts and completes its instructions in order. Semaphores
are the only order between queues, on one core and between cores.

)";

inline constexpr std::string_view kReferenceText = R"(## Text form (`.sasm`)

One directive or instruction per line; `#` starts a comment. Names consist of letters, digits and
`. _ - / : %`, or stand in double quotes with `\"`, `\\` and `\xHH` as escapes.

- `.systole 1`: the version; first line.
- `.workload name tokens=N`: what the program computes, for reports.
- `.chip name hash=0x...`: the chip it is for; `.chip any` for all.
- `.table name 1 2 3 ...`: a constant table. Further lines for the same table continue it.
- `.stream`: the instructions of a core follow; the first one is core 0's, the next core 1's.
)";

inline constexpr std::string_view kReferenceSyntax = R"(
An instruction is `unit name field=... [if=guard] [wait=(tokens)] [signal=(tokens)] [for=op]`. Units
are `dma0`, `mxu0`, `vpu0`, `xlu0` and so on; `loop`, `end` and `halt` have none.

| form | example | is |
|---|---|---|
| sum | `1000-256*i0+i1` | base + sum of stride x index; `i0` is the outermost loop's index |
| value | `4096+512*i0` | a sum |
| | `4096+(512*i0)%1024` | base + (sum mod ring): a ring of buffers; the result of mod is never negative |
| | `clamp(1000-256*i0, 256)` | either of them, not below 0 and not above 256 |
| | `clamp(1000-256*i0, 256)+(8*i1)` | the same plus a sum |
| | `lookup(table, i0)` | the table's entry at any of them |
| | `lookup(table, i0)+(512*i1)` | the same plus a sum |
| tile | `vmem[value, pitch=256]:bf16` | row r starts at byte value + r x pitch; `acc1`, `fifo1` belong to mxu1 |
| | `vmem[0]:fp32:row` | broadcast: one row for all rows; `:col`: one element per row |
| guard | `(i0-1 >= 0 & 7-i0 >= 0)` | every test holds |
| mask | `causal(row0, col0)` | element (r, c) of `a` is seen where row0 + r >= col0 + c |
| | `window(row0, col0, n)` | as causal, and row0 + r - (col0 + c) < n |
| table entries | `table[sum]` | entries sum, sum + 1, ... |
| tokens | `(name, other*2)` | one token of `name`, two of `other` |

    .systole 1
    .workload example tokens=0
    .chip any
    .semaphore free initial=2   # places of the double buffer
    .semaphore ready initial=0
    .stream
      loop count=8
        dma0 load dst=vmem[(512*i0)%1024]:bf16 src=hbm[512*i0]:bf16 rows=1 cols=256 wait=(free) signal=(ready)
        vpu0 vector op=relu dst=vmem[2048]:bf16 a=vmem[(512*i0)%1024]:bf16 rows=1 cols=256 wait=(ready) signal=(free)
      end
      halt
)";

inline constexpr std::string_view kReferenceSemantics = R"(
## Memories

Addresses are bytes in each of them. Addresses and pitches are multiples of the element's size.

| memory | holds |
|---|---|
| `hbm` | off-chip memory, reached by DMA only. All cores share it; where `hbm.per_core` holds, core c reaches bytes c x share to (c + 1) x share - 1, share being `hbm.size` / `core.count` |
| `cmem` | second on-chip memory of some chips, reached by DMA only; shared by the cores, or one of each core where `cmem.per_core` holds |
| `vmem` | on-chip memory of a core, reached by all its units |
| `acc<n>` | accumulators of MXU n: rows of 4 x `mxu.cols` bytes, which are also the pitch; int32 or fp32 |
| `fifo<n>` | weight FIFO of MXU n, in places of one weight tile |

## Semantics

- **Guard** (`if=`): where it does not hold, the instruction with its waits and signals is skipped; a
  loop, with its body.
- **Extent 0**, also by a clamp: no work, but the instruction still waits and signals.
- **Ring, clamp, look-up** apply in this order: base + (offset mod ring), clamped, looked up, and
  what follows the look-up added.
- **Semaphore**: counts tokens. An instruction takes those that it waits for when it starts and
  gives those that it signals when all its effects are done. A signal of a queue covers all earlier
  instructions of that queue, and a wait holds for all later ones. One queue signals a semaphore
  and one queue waits on it.
- **Cores**: a semaphore belongs to a core (`core=`), whose units wait on it. A signal names it by its
  name from any core; from another one the token takes `core.signal_latency`. Cores share nothing else
  but HBM and CMEM.
- **Copies** go from one memory to another: load brings data towards the core, store takes them away
  from it. CMEM lies between HBM and VMEM: `load dst=cmem src=hbm`, `load dst=vmem src=cmem`,
  `store dst=cmem src=vmem`, `store dst=hbm src=cmem`.
- **Order of data**: accesses of one MXU, VPU or XLU queue take effect in program order. Transfers
  of one DMA queue may overlap in time; semaphores order them like those of different queues.
- **Weights**: a matmul uses those of the last wload or wloadt with work before it in its queue.
  Whether the array's weights or shadow weights are free is looked after by the hardware.
- **Matmul**: within an instruction products are added along K in order, in fp32 (int32 for int8),
  starting from 0 (fp8 products are exact); the sum then overwrites the accumulator where `first` holds (or is left out)
  and is added to it elsewhere.
- **Multiply**: products are added along K in order, in fp32 (int32 for int8), to the sums in the
  array, which start from 0 where `first` holds (or is left out). Sums stay in the array; unload
  takes them out, and the next multiply starts new ones.
- **Dataflow**: wload, wloadt and matmul are for weight- and input-stationary MXUs, multiply,
  multiplyt and unload for output-stationary ones. An input-stationary MXU is a weight-stationary one
  whose wload brings a tile of lhs and whose matmul streams rhs: out^T = rhs^T lhs^T.
- **Vector and reduce** compute in fp32 and round once to the type of dst, to nearest even. Beyond
  the largest number of an fp8 type its result is that number, infinities included.
  copy, add, sub, max, min and relu on integers alone are exact, modulo 2^32. Elements that the
  mask hides read as minus infinity.
- **Symbols before a run**: inputs, weights and states (a KV cache: read and written) hold seeded
  numbers, constants their cosines or sines; outputs and scratch are zero.
)";

inline constexpr std::string_view kReferenceVerifier = R"(
## What the verifier proves

Before a program runs, `verify_program` checks, in this order:

- It is for this chip (hash) or for any, and has a stream for each core in use, from core 0 on.
- Names are unique; loops nest, at most 8 deep; halt is last and only there; loop, end and halt
  neither wait nor signal; at most 4 waits and 4 signals with a count of at least 1 each, of
  different semaphores; sums use indices of open loops only and stay within 2^62; no count of a loop
  can look beyond its table.
- Ops have a count of at least 1; no figure of an op, and no number of tokens, is negative.
- Symbols lie in the HBM that one core reaches, aligned, with rows (of a column-major one, columns)
  and copies that do not overlap. Two symbols may share bytes where both are scratch. All together
  have at most 65536 copies. A constant is fp32, filled with cos or sin, with a finite frequency per
  column; other symbols have no fill.
- Units and memories exist; operands lie in memories that the instruction reaches; types agree and
  the chip takes them; a vector operation has as many operands as it reads; broadcast only on operands
  of vector; transcendentals and transposed loads only where the chip has them.
- One queue of all cores signals a semaphore, one of its own core waits on it.

Then it walks each stream once, every dynamic instruction of it that can find what no other does:

- Extents are 0 or more; tiles lie in their memory and are aligned; look-ups lie in their table; no
  accumulator row is crossed; written rows do not overlap.
- Instructions are those of the MXUs' dataflow. Weight tiles fit the array; a matmul comes after a
  wload, has its type, and is no deeper and no wider. Sums fit the array; a multiply that goes on with
  sums finds sums of its type and extents, and an unload finds sums of at least its extents.
- Nothing stores into an input, a weight or a constant.
- **Deadlock**: each stream, executed serially and blocking only on tokens that other cores give,
  reaches its halt. Such a program cannot deadlock, whatever the depth of the queues. At the end each
  semaphore is back at its initial count.
- **Races**: two accesses that overlap in a byte, one of them a write, are ordered by semaphores (or
  by a queue in order), on one core and in the HBM and CMEM that cores share. Vector clocks decide,
  tokens carry the clock of their signaller; overlap of strided tiles is exact.
- **Claims**: no op claims more MACs (`macs`) than the matmuls and multiplies that serve it execute (rows x depth x
  cols), or more compulsory bytes (`read`, `write`) than the instructions that serve it read from or
  write to HBM, over the whole run.
)";

}  // namespace systole
