// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/wave_file.hpp"

#include <fmt/format.h>
#include <sysc/tracing/sc_tracing_ids.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "isa/error.hpp"

namespace systole {
namespace {

namespace fs = std::filesystem;

// The last simulation command of a whole file.
constexpr std::string_view kEnd = "$comment end of the run $end\n";

// Adds `text` to the file, and so makes it where there is none. A pipe is not asked: its reader
// would take the end of the question for the end of the file. Returns why it failed, or "".
std::string append(const std::string& path, std::string_view text) {
  std::error_code failed;
  if (fs::status(path, failed).type() == fs::file_type::fifo) return {};
  std::FILE* const file = std::fopen(path.c_str(), "abe");
  if (file == nullptr) return std::generic_category().message(errno);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  return written && closed ? std::string{} : std::generic_category().message(errno);
}

[[noreturn]] void cannot_write(const std::string& path, const std::string& why) {
  throw Error(ExitCode::kUsage, fmt::format("file '{}': cannot be written: {}; expected a file in "
                                            "a folder to write to",
                                            path, why));
}

// SystemC's notes go to standard output, where the result is.
void silence() {
  using sc_core::sc_report_handler;
  sc_report_handler::set_actions(sc_core::SC_ID_TRACING_TIMESCALE_UNIT_, sc_core::SC_DO_NOTHING);
  sc_report_handler::set_actions(sc_core::SC_ID_TRACING_CLOSE_EMPTY_FILE_, sc_core::SC_DO_NOTHING);
}

}  // namespace

// SystemC opens the file when the simulation starts, and cannot go on where that fails.
WaveFile::WaveFile(const std::string& stem) : path_(stem + ".vcd") {
  const std::string why = append(path_, {});
  if (!why.empty()) cannot_write(path_, why);
  silence();
  file_.reset(sc_core::sc_create_vcd_trace_file(stem.c_str()));
  file_->set_time_unit(1, sc_core::SC_PS);
}

// A full disk, or a limit on the size of files, that cut SystemC's writes cuts this one as well.
void WaveFile::finish() {
  file_.reset();
  const std::string why = append(path_, kEnd);
  if (why.empty()) return;
  std::error_code failed;
  if (fs::symlink_status(path_, failed).type() == fs::file_type::regular) fs::remove(path_, failed);
  cannot_write(path_, why);
}

}  // namespace systole
