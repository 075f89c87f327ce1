// SPDX-License-Identifier: Apache-2.0
// Chips for tests, in folders of their own, and the errors that they end in.
#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "catch.hpp"
#include "isa/chip_loader.hpp"
#include "isa/data_path.hpp"
#include "isa/error.hpp"

namespace systole::testing {

// The message of the Error that `call` throws, after its exit status: "3 file:1:2: found ...".
inline std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + " " + error.what();
  }
  return "no error";
}

// The text of tiny-4x4, whose lines tests replace.
inline std::string tiny_text() {
  std::ifstream file(data_path("isa/chips/tiny-4x4.yaml"));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// `text` with its only `from` replaced.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos) {
    throw std::logic_error("'" + from + "' does not occur exactly once");
  }
  return text.replace(at, from.size(), to);
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "systole-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  // Path of a new file.
  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }

 private:
  std::filesystem::path path_;
};

inline const ResolvedParameter& parameter(const Chip& chip, const std::string& key) {
  for (const ResolvedParameter& p : chip.parameters) {
    if (p.key == key) return p;
  }
  throw std::logic_error("no parameter " + key);
}

}  // namespace systole::testing
