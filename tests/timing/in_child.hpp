// SPDX-License-Identifier: Apache-2.0
// Runs a simulation in a forked child: SystemC elaborates once per process, and many rules compare
// two runs.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <type_traits>

namespace systole {

// The value of f() in a child process; throws where f does or the child dies.
template <class F>
auto in_child(F f) {
  using Result = decltype(f());
  static_assert(std::is_trivially_copyable_v<Result>);
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    int status = 1;
    try {
      const Result result = f();
      if (::write(ends[1], &result, sizeof result) == static_cast<ssize_t>(sizeof result)) {
        status = 0;
      }
    } catch (...) {
      status = 2;
    }
    ::_exit(status);
  }
  ::close(ends[1]);
  Result result{};
  const ssize_t got = ::read(ends[0], &result, sizeof result);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0 || got != static_cast<ssize_t>(sizeof result)) {
    throw std::runtime_error("a simulation in a child process failed");
  }
  return result;
}

}  // namespace systole
