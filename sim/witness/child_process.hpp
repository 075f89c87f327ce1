// SPDX-License-Identifier: Apache-2.0
// Work in a process of its own: SystemC elaborates once per process, and every witness of a program
// is a simulation.
#pragma once

#include <functional>
#include <string>

namespace systole {

// The bytes that `work` returns, in a forked child (about 0.6 ms). What is thrown there is thrown
// here: an Error as an Error, anything else, and the child's death, as std::runtime_error.
// Preconditions: this process has not simulated, and it has one thread.
std::string in_child_process(const std::function<std::string()>& work);

}  // namespace systole
