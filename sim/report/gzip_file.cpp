// SPDX-License-Identifier: Apache-2.0
#include "sim/report/gzip_file.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>

#include "isa/error.hpp"
#include "isa/units.hpp"

namespace systole {
namespace {

namespace fs = std::filesystem;

// Of a trace: two thirds of the time of zlib's default, level 6, for a fifth more bytes.
constexpr int kLevel = 4;
constexpr int kGzip = 15 + 16;  // the largest window, and gzip's header instead of zlib's
constexpr int kMemory = 8;      // zlib's default
constexpr std::size_t kOut = 64 * kKiB;

std::string reason() { return std::generic_category().message(errno); }

[[noreturn]] void cannot_write(const fs::path& path, const std::string& why) {
  throw Error(ExitCode::kUsage, fmt::format("file '{}': cannot be written: {}; expected a file in "
                                            "a folder to write to",
                                            path.string(), why));
}

// /dev/null or a pipe must not be renamed over.
bool is_device(const fs::path& path) {
  std::error_code failed;
  const fs::file_type type = fs::status(path, failed).type();
  if (type == fs::file_type::directory) cannot_write(path, "it is a folder");
  return type != fs::file_type::regular && type != fs::file_type::not_found;
}

}  // namespace

void GzipFile::Closes::operator()(std::FILE* file) const { std::fclose(file); }

void GzipFile::Ends::operator()(z_stream_s* stream) const {
  deflateEnd(stream);
  delete stream;  // NOLINT(cppcoreguidelines-owning-memory): the deleter of a unique_ptr
}

GzipFile::GzipFile(const fs::path& path) : path_(path), out_(kOut) {
  const std::string temporary = fmt::format("{}.part{}", path.string(), ::getpid());
  const bool device = is_device(path);
  file_.reset(std::fopen((device ? path.string() : temporary).c_str(), "wbe"));
  if (file_ == nullptr) cannot_write(path, reason());
  if (!device) temporary_ = temporary;
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);  // out_ is the buffer
  stream_.reset(new z_stream{});
  const int status =
      deflateInit2(stream_.get(), kLevel, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY);
  if (status == Z_OK) return;
  if (!device) ::unlink(temporary_.c_str());
  throw std::bad_alloc{};
}

GzipFile::~GzipFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void GzipFile::fail(const std::string& why) {
  if (failure_.empty()) failure_ = why;
}

// Compresses the stream's input to its end.
void GzipFile::deflate_input(int flush) {
  int status = Z_OK;
  do {
    stream_->next_out = out_.data();
    stream_->avail_out = static_cast<uInt>(out_.size());
    status = deflate(stream_.get(), flush);
    const std::size_t made = out_.size() - stream_->avail_out;
    if (std::fwrite(out_.data(), 1, made, file_.get()) != made) return fail(reason());
  } while (stream_->avail_out == 0);
  if (flush == Z_FINISH && status != Z_STREAM_END) fail("compression failed");
}

void GzipFile::write(std::string_view bytes) {
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  while (!bytes.empty() && failure_.empty()) {
    const std::size_t part = std::min(bytes.size(), kMost);
    // zlib does not write to its input, but does not say so where ZLIB_CONST is not defined.
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_->avail_in = static_cast<uInt>(part);
    deflate_input(Z_NO_FLUSH);
    bytes.remove_prefix(part);
  }
}

void GzipFile::commit() {
  if (failure_.empty()) deflate_input(Z_FINISH);
  if (std::fclose(file_.release()) != 0) fail(reason());
  if (!failure_.empty()) cannot_write(path_, failure_);
  if (temporary_.empty()) return;
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) cannot_write(path_, reason());
  temporary_.clear();
}

}  // namespace systole
