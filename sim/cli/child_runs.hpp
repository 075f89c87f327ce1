// SPDX-License-Identifier: Apache-2.0
// Several simulations: one process each, since a process elaborates SystemC once.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace systole {

// What each piece of work returns, in order. Each runs in a process of its own, several at a time
// (as many as there are CPUs). Precondition: this process has not elaborated. Errors: that of the
// first piece, in order, that throws one, after all that were started have ended.
std::vector<std::string> run_in_children(const std::vector<std::function<std::string()>>& work);

}  // namespace systole
