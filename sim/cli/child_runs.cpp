// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/child_runs.hpp"

#include <fmt/format.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): with sys/prctl.h
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <thread>

#include "isa/error.hpp"

namespace systole {
namespace {

struct Child {
  pid_t process = -1;
  int pipe = -1;  // its end to read from
};

void write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // nobody reads: the parent has failed already
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_all(int file) {
  std::string bytes;
  std::array<char, 1 << 16> buffer{};
  for (;;) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

// Writes the result, or what went wrong, and ends this process with the status that says which.
[[noreturn]] void work_and_exit(const std::function<std::string()>& work, int file) {
  int status = static_cast<int>(ExitCode::kDone);
  std::string answer;
  try {
    answer = work();
  } catch (const Error& error) {
    status = static_cast<int>(error.code());
    answer = error.what();
  } catch (const std::bad_alloc&) {
    status = static_cast<int>(ExitCode::kBadInput);
    answer = "the workload is too large for this machine's memory; expected a smaller one";
  } catch (const std::exception& error) {
    status = static_cast<int>(ExitCode::kInternal);
    answer = error.what();
  }
  write_all(file, answer);
  ::_exit(status);
}

Child start(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe for a simulation's process");
  std::fflush(nullptr);  // or both processes would print what waits
  const pid_t process = ::fork();
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // an interrupted run leaves no simulation behind
    ::close(ends[0]);
    work_and_exit(work, ends[1]);
  }
  ::close(ends[1]);
  if (process < 0) {
    ::close(ends[0]);
    throw std::runtime_error("no process for a simulation");
  }
  return {process, ends[0]};
}

struct Answer {
  ExitCode code = ExitCode::kDone;
  std::string text;
};

Answer finish(const Child& child) {
  Answer answer{ExitCode::kInternal, read_all(child.pipe)};
  ::close(child.pipe);
  int status = 0;
  while (::waitpid(child.process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) {
    answer.code = static_cast<ExitCode>(WEXITSTATUS(status));
  } else {
    answer.text = fmt::format("a simulation's process ended by signal {}", WTERMSIG(status));
  }
  return answer;
}

}  // namespace

std::vector<std::string> run_in_children(const std::vector<std::function<std::string()>>& work) {
  const std::size_t at_a_time = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Child> children;
  std::vector<std::string> results;
  Answer wrong;
  for (std::size_t done = 0; done < work.size(); ++done) {
    const bool stop = wrong.code != ExitCode::kDone;
    while (!stop && children.size() < std::min(work.size(), done + at_a_time)) {
      children.push_back(start(work[children.size()]));
    }
    if (done >= children.size()) break;
    Answer answer = finish(children[done]);
    if (answer.code != ExitCode::kDone && !stop) wrong = answer;
    results.push_back(std::move(answer.text));
  }
  if (wrong.code == ExitCode::kInternal) throw std::logic_error(wrong.text);
  if (wrong.code != ExitCode::kDone) throw Error(wrong.code, wrong.text);
  return results;
}

}  // namespace systole
