// SPDX-License-Identifier: Apache-2.0
// Orders the accesses of a generated program by semaphores, so that its result does not depend on
// timing.
#pragma once

#include "isa/dice.hpp"
#include "sim/witness/program_tree.hpp"

namespace systole {

// Walks the program, finds accesses of different queues (or of one DMA queue) that meet in memory,
// and adds for them what orders them in program order:
// - within a list of nodes, a token from the last of a queue's nodes that comes before;
// - from one iteration of a loop to the d-th after it, a token of a semaphore that starts with d,
//   where d is the least distance at which two iterations meet.
// A token that an instruction cannot carry (a guard may skip it, it has four already, or it is a
// loop) is carried by a sync beside it; some others are, too. `program`: tables, and the semaphores
// are added to it.
Nodes ordered(const Nodes& nodes, Program& program, Dice& dice);

}  // namespace systole
