// SPDX-License-Identifier: Apache-2.0
// A gzip file that is written piece by piece and appears whole or not at all.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct z_stream_s;

namespace systole {

// The same bytes make the same file: it holds no time stamp and no name.
class GzipFile {
 public:
  // Opens a temporary file beside `path`; where `path` is a device or a pipe, that itself. Error
  // kUsage where that cannot be done.
  explicit GzipFile(const std::filesystem::path& path);
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;
  // Removes what was not committed.
  ~GzipFile();

  // Never fails: what could not be written is said by commit().
  void write(std::string_view bytes);

  // The file gets its name. Error kUsage where it could not be written.
  void commit();

  // What is on disk until commit() or the destructor; empty where nothing is.
  const std::string& temporary() const { return temporary_; }

 private:
  struct Closes {
    void operator()(std::FILE* file) const;
  };
  struct Ends {
    void operator()(z_stream_s* stream) const;
  };
  void deflate_input(int flush);
  void fail(const std::string& why);

  std::filesystem::path path_;
  std::string temporary_;
  std::unique_ptr<std::FILE, Closes> file_;
  std::unique_ptr<z_stream_s, Ends> stream_;
  std::vector<unsigned char> out_;
  std::string failure_;  // the first one
};

}  // namespace systole
