// SPDX-License-Identifier: Apache-2.0
// Standard output, files and interruption: nothing is left half-written.
#pragma once

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigset_t is POSIX

#include <filesystem>
#include <string>
#include <string_view>

namespace systole {

// From here on SIGINT ends the program with status 130 at once; nothing is on disk then but what
// was complete.
void exit_on_interrupt();

// From here on a write beyond the limit on the size of files (ulimit -f) fails as on a full disk,
// instead of ending the program at once with a file half-written.
void survive_file_size_limit();

// While one lives, SIGINT waits: files are renamed to their names within such a section.
class Uninterrupted {
 public:
  Uninterrupted();
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;
  ~Uninterrupted();

 private:
  sigset_t before_;
};

// While one lives, SIGINT removes `file` (its name has to stay where it is) before it ends the
// program. One at a time; nothing is removed for an empty name.
class RemovedOnInterrupt {
 public:
  explicit RemovedOnInterrupt(const std::string& file);
  RemovedOnInterrupt(const RemovedOnInterrupt&) = delete;
  RemovedOnInterrupt& operator=(const RemovedOnInterrupt&) = delete;
  ~RemovedOnInterrupt();
};

// Results, to standard output. Error kUsage where it cannot be written.
void print_result(std::string_view text);

// A note or warning, to standard error.
void print_message(std::string_view text);

// To `file`, or to standard output where `file` is empty.
void write_output(const std::filesystem::path& file, std::string_view bytes);

// Error kUsage where no file can be made beside `file`; leaves nothing behind. For finding out
// before long work; empty names are fine.
void probe_output(const std::filesystem::path& file);

}  // namespace systole
