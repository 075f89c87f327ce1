// SPDX-License-Identifier: Apache-2.0
// Runs the program as its users do: a command line in, exit status and both outputs out.
#pragma once

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace systole {

// A folder of this test's own, removed at its end.
struct Scratch {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("systole-cli-" + std::to_string(::getpid()));
  Scratch() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string& name) const { return (path / name).string(); }
  // Writes a file and returns its path.
  std::string file(const std::string& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return *this / name;
  }
  // Names of all entries below the folder.
  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      names.push_back(std::filesystem::relative(entry.path(), path).string());
    }
    return names;
  }
};

inline std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

struct Outcome {
  int status = -1;  // exit status; 128 + the signal where one ended it
  std::string out;
  std::string err;
};

// What a running program is given: standard output to a file instead of being captured, a signal
// after some milliseconds, and a limit on the bytes of each file that it writes (0: none).
struct Circumstances {
  std::string stdout_file;
  int signal = 0;
  int after_ms = 0;
  unsigned file_limit = 0;
};

inline Outcome run_program(const std::vector<std::string>& arguments,
                           const Circumstances& with = {}) {
  constexpr std::chrono::seconds kLimit{240};
  const std::filesystem::path base =
      std::filesystem::temp_directory_path() / ("systole-out-" + std::to_string(::getpid()));
  const std::string out = with.stdout_file.empty() ? base.string() + ".out" : with.stdout_file;
  const std::string err = base.string() + ".err";
  const pid_t child = ::fork();
  if (child == 0) {
    const int out_file = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err_file = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out_file < 0 || err_file < 0) ::_exit(127);
    ::dup2(out_file, STDOUT_FILENO);
    ::dup2(err_file, STDERR_FILENO);
    if (with.file_limit > 0) {
      const rlimit limit{with.file_limit, with.file_limit};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(127);
    }
    std::vector<char*> argv{const_cast<char*>(SYSTOLE_PROGRAM)};
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.data()));
    argv.push_back(nullptr);
    ::execv(SYSTOLE_PROGRAM, argv.data());
    ::_exit(127);
  }
  if (child < 0) throw std::runtime_error("fork failed");
  const auto begin = std::chrono::steady_clock::now();
  bool signalled = with.signal == 0;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    const auto spent = std::chrono::steady_clock::now() - begin;
    if (!signalled && spent >= std::chrono::milliseconds(with.after_ms)) {
      ::kill(child, with.signal);
      signalled = true;
    }
    if (spent > kLimit) ::kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  Outcome outcome;
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (with.stdout_file.empty()) outcome.out = file_bytes(out);
  outcome.err = file_bytes(err);
  std::filesystem::remove(base.string() + ".out");
  std::filesystem::remove(err);
  return outcome;
}

}  // namespace systole
