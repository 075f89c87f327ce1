// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "isa/error.hpp"
#include "isa/files.hpp"

namespace systole {
namespace {

// Of the one RemovedOnInterrupt. Written while SIGINT waits.
const char* unfinished_file = nullptr;

extern "C" void on_interrupt(int /*signal*/) {
  if (unfinished_file != nullptr) ::unlink(unfinished_file);
  constexpr std::string_view kMessage = "systole: interrupted\n";
  const auto ignored = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  static_cast<void>(ignored);
  ::_exit(static_cast<int>(ExitCode::kInterrupted));
}

[[noreturn]] void cannot_write(const std::filesystem::path& file, const std::string& why) {
  throw Error(ExitCode::kUsage, fmt::format("file '{}': cannot be written: {}; expected a file in "
                                            "a folder to write to",
                                            file.string(), why));
}

// /dev/null or a pipe must not be renamed over.
void write_device(const std::filesystem::path& file, std::string_view bytes) {
  std::FILE* device = std::fopen(file.c_str(), "wb");
  if (device == nullptr) cannot_write(file, std::generic_category().message(errno));
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), device) == bytes.size();
  const bool closed = std::fclose(device) == 0;
  if (!written || !closed) cannot_write(file, std::generic_category().message(errno));
}

}  // namespace

void exit_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

void survive_file_size_limit() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &action, nullptr);
}

Uninterrupted::Uninterrupted() : before_{} {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, &before_);
}

Uninterrupted::~Uninterrupted() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

RemovedOnInterrupt::RemovedOnInterrupt(const std::string& file) {
  const Uninterrupted section;
  unfinished_file = file.empty() ? nullptr : file.c_str();
}

RemovedOnInterrupt::~RemovedOnInterrupt() {
  const Uninterrupted section;
  unfinished_file = nullptr;
}

void print_result(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return;
  throw Error(ExitCode::kUsage, fmt::format("standard output: cannot be written: {}",
                                            std::generic_category().message(errno)));
}

void print_message(std::string_view text) { fmt::print(stderr, "systole: {}\n", text); }

void write_output(const std::filesystem::path& file, std::string_view bytes) {
  if (file.empty()) {
    print_result(bytes);
    return;
  }
  std::error_code failed;
  const auto type = std::filesystem::status(file, failed).type();
  const bool replaceable =
      type == std::filesystem::file_type::regular || type == std::filesystem::file_type::not_found;
  const Uninterrupted section;
  if (replaceable) {
    write_file(file, bytes);
  } else {
    write_device(file, bytes);
  }
}

void probe_output(const std::filesystem::path& file) {
  if (file.empty()) return;
  std::error_code failed;
  const auto parent = std::filesystem::absolute(file, failed).parent_path();
  std::string why;
  if (std::filesystem::is_directory(file, failed)) {
    why = "it is a folder";
  } else if (!std::filesystem::is_directory(parent, failed)) {
    why = fmt::format("'{}' is no folder", parent.string());
  } else if (::access(parent.c_str(), W_OK | X_OK) != 0) {
    why = std::generic_category().message(errno);
  } else {
    return;
  }
  cannot_write(file, why);
}

}  // namespace systole
