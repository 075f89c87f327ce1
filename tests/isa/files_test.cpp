// SPDX-License-Identifier: Apache-2.0
#include "isa/files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <iterator>

#include "catch.hpp"
#include "isa/error.hpp"

using namespace systole;

namespace {

// A folder that is gone when the test ends.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "systole_filesXXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::ptrdiff_t entries() const {
    return std::distance(std::filesystem::directory_iterator(path_), {});
  }

 private:
  std::filesystem::path path_;
};

template <class F>
ExitCode code_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::kDone;
}

}  // namespace

TEST_CASE("a file reads back as it was written, and is replaced whole") {
  const Folder folder;
  const std::string bytes("a\0\r\n\xff", 5);
  write_file(folder / "f", "longer than what follows");
  write_file(folder / "f", bytes);
  CHECK(read_file(folder / "f") == bytes);
  CHECK(folder.entries() == 1);
}

TEST_CASE("a file may hold as many bytes as the limit and no more") {
  const Folder folder;
  write_file(folder / "f", "12345");
  CHECK(read_file(folder / "f", 5) == "12345");
  CHECK(code_of([&] { read_file(folder / "f", 4); }) == ExitCode::kBadInput);
}

TEST_CASE("what is missing or no regular file is bad input") {
  const Folder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const std::string name : {"missing", ".", "pipe"}) {
    CHECK(code_of([&] { read_file(folder / name); }) == ExitCode::kBadInput);
  }
  CHECK(code_of([] { read_file("/dev/zero"); }) == ExitCode::kBadInput);
}

TEST_CASE("an output that cannot be written is a usage error and leaves nothing behind") {
  const Folder folder;
  CHECK(code_of([&] { write_file(folder / "no/f", "x"); }) == ExitCode::kUsage);
  std::filesystem::create_directories(folder / "taken/inner");
  CHECK(code_of([&] { write_file(folder / "taken", "x"); }) == ExitCode::kUsage);
  CHECK(folder.entries() == 1);
}
