// SPDX-License-Identifier: Apache-2.0
#include "isa/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "isa/error.hpp"

namespace systole {
namespace {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool close() {
    const int closed = number_ < 0 ? 0 : ::close(number_);
    number_ = -1;
    return closed == 0;
  }

 private:
  int number_;
};

std::string reason() { return std::strerror(errno); }

// Writes all of `bytes`; false with errno set where that fails.
bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

[[noreturn]] void cannot_write(const std::filesystem::path& path, const std::string& why) {
  usage_error(fmt::format("that '{}' cannot be written ({})", path.string(), why),
              "an output in an existing folder that can be written");
}

}  // namespace

std::string read_file(const std::filesystem::path& path, Bytes limit) {
  const auto refuse = [&](const std::string& found) {
    bad_input(path.string(), found, fmt::format("a regular file of at most {} bytes", limit));
  };
  // Opening a pipe without a writer would block.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) refuse(errno == ENOENT ? "no such file" : reason());
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) refuse(reason());
  if (!S_ISREG(status.st_mode)) refuse(S_ISDIR(status.st_mode) ? "a folder" : "no regular file");
  if (status.st_size > limit) refuse(fmt::format("{} bytes", status.st_size));

  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.number(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(reason());
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  const std::string temporary = fmt::format("{}.part{}", path.string(), ::getpid());
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.number() < 0) cannot_write(path, reason());
  const bool written = write_all(file.number(), bytes) && file.close() &&
                       std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    const std::string why = reason();
    ::unlink(temporary.c_str());
    cannot_write(path, why);
  }
}

}  // namespace systole
