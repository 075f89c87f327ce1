// SPDX-License-Identifier: Apache-2.0
// A folder of files that appears whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace systole {

// Files are written into a temporary folder on the same file system. commit() renames: the whole
// folder where `path` does not exist yet, else each of its entries into `path`. What is not
// committed is removed.
class OutputFolder {
 public:
  // Finds out whether `path` can be written, and leaves nothing behind. Error kUsage if not.
  explicit OutputFolder(const std::filesystem::path& path);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  ~OutputFolder();

  const std::filesystem::path& path() const { return path_; }

  // `name` is a relative path; folders in it are created. Error kUsage.
  void write(const std::filesystem::path& name, std::string_view bytes);

  // Moves what was written to its place. Entries of `stale` in an existing folder, left by an
  // earlier run, are removed where this run has not written them. Error kUsage.
  void commit(const std::vector<std::string>& stale);

 private:
  void stage();

  std::filesystem::path path_;
  std::filesystem::path existing_;  // the nearest ancestor that existed, or path_ itself
  std::filesystem::path staging_;
};

}  // namespace systole
