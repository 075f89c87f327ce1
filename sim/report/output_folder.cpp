// SPDX-License-Identifier: Apache-2.0
#include "sim/report/output_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

#include "isa/error.hpp"
#include "isa/files.hpp"

namespace systole {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, const std::string& why) {
  throw Error(ExitCode::kUsage,
              fmt::format("folder '{}': cannot be written: {}; expected a folder to write to",
                          path.string(), why));
}

fs::path without_slash(const fs::path& path) {
  const fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() || !normal.has_relative_path() ? normal : normal.parent_path();
}

// A new, empty folder in `parent`.
fs::path make_temporary(const fs::path& parent, const fs::path& target) {
  constexpr int kAttempts = 1000;  // names that an earlier, killed run may have left
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    fs::path folder = parent / fmt::format(".systole-{}-{}", ::getpid(), attempt);
    std::error_code failed;
    if (fs::create_directory(folder, failed)) return folder;
    if (failed) cannot_write(target, failed.message());
  }
  cannot_write(target, "no name is left for a temporary folder");
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& path) {
  if (path.empty()) cannot_write(path, "the name is empty");
  try {
    path_ = without_slash(path);
    existing_ = path_;
    while (!fs::exists(fs::symlink_status(existing_)) && existing_ != existing_.root_path()) {
      existing_ = existing_.parent_path();
    }
    if (!fs::is_directory(existing_)) {
      cannot_write(path_, fmt::format("'{}' is no folder", existing_.string()));
    }
  } catch (const fs::filesystem_error& error) {
    cannot_write(path, error.code().message());
  }
  std::error_code ignored;
  fs::remove(make_temporary(existing_, path_), ignored);
}

OutputFolder::~OutputFolder() {
  if (staging_.empty()) return;
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
  // Parents that were made for this folder, as far as they are empty.
  for (fs::path made = path_.parent_path(); made.string().size() > existing_.string().size();
       made = made.parent_path()) {
    if (!fs::remove(made, ignored)) break;
  }
}

void OutputFolder::stage() {
  if (!staging_.empty()) return;
  const fs::path parent = existing_ == path_ ? path_ : path_.parent_path();
  std::error_code failed;
  fs::create_directories(parent, failed);
  if (failed) cannot_write(path_, failed.message());
  staging_ = make_temporary(parent, path_);
}

void OutputFolder::write(const fs::path& name, std::string_view bytes) {
  stage();
  const fs::path file = staging_ / name;
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) cannot_write(path_, failed.message());
  write_file(file, bytes);
}

void OutputFolder::commit(const std::vector<std::string>& stale) {
  stage();
  try {
    if (existing_ != path_) {
      fs::rename(staging_, path_);
      staging_.clear();
      return;
    }
    for (const std::string& name : stale) fs::remove_all(path_ / name);
    for (const auto& entry : fs::directory_iterator(staging_)) {
      const fs::path target = path_ / entry.path().filename();
      if (entry.is_directory()) fs::remove_all(target);
      fs::rename(entry.path(), target);
    }
  } catch (const fs::filesystem_error& error) {
    cannot_write(path_, error.code().message());
  }
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
  staging_.clear();
}

}  // namespace systole
