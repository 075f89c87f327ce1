// SPDX-License-Identifier: Apache-2.0
// The file of --trace: it is there when the run has ended well, and an interrupt leaves nothing.
#pragma once

#include <optional>
#include <string>

#include "sim/cli/output.hpp"
#include "sim/report/gzip_file.hpp"

namespace systole {

class TraceOutput {
 public:
  // Error kUsage where `path` cannot be written.
  explicit TraceOutput(const std::string& path);
  TraceOutput(const TraceOutput&) = delete;
  TraceOutput& operator=(const TraceOutput&) = delete;
  ~TraceOutput();

  GzipFile& file() { return *file_; }
  // Error kUsage where it could not be written.
  void commit();

 private:
  std::optional<GzipFile> file_;
  std::optional<RemovedOnInterrupt> removed_;
};

}  // namespace systole
