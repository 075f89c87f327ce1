// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/child_process.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <system_error>

#include "isa/error.hpp"

namespace systole {
namespace {

// The child's exit status says what it has written; an Error's own is above this.
constexpr int kResult = 0;
constexpr int kFailure = 1;
constexpr int kError = 100;

[[noreturn]] void give_up(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

bool write_all(int file, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(file, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

std::string read_all(int file) {
  std::string bytes;
  std::array<char, 65536> part{};
  while (true) {
    const ssize_t got = ::read(file, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return bytes;
    bytes.append(part.data(), static_cast<std::size_t>(got));
  }
}

[[noreturn]] void work_in_child(const std::function<std::string()>& work, int file) {
  int status = kResult;
  std::string bytes;
  try {
    bytes = work();
  } catch (const Error& error) {
    status = kError + static_cast<int>(error.code());
    bytes = error.what();
  } catch (const std::exception& error) {
    status = kFailure;
    bytes = error.what();
  }
  ::_exit(write_all(file, bytes) ? status : kFailure);
}

}  // namespace

std::string in_child_process(const std::function<std::string()>& work) {
  std::fflush(nullptr);  // what is buffered is written once, by this process
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) give_up("pipe");
  const pid_t child = ::fork();
  if (child < 0) give_up("fork");
  if (child == 0) {
    ::close(ends[0]);
    work_in_child(work, ends[1]);
  }
  ::close(ends[1]);
  std::string bytes = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) give_up("waitpid");
  }
  if (!WIFEXITED(status)) {
    throw std::runtime_error(
        fmt::format("a simulation in a child process ended by signal {}", WTERMSIG(status)));
  }
  const int code = WEXITSTATUS(status);
  if (code >= kError) throw Error(static_cast<ExitCode>(code - kError), bytes);
  if (code != kResult) throw std::runtime_error(bytes);
  return bytes;
}

}  // namespace systole
