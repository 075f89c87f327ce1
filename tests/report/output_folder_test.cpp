// SPDX-License-Identifier: Apache-2.0
#include "sim/report/output_folder.hpp"

#include <unistd.h>

#include <fstream>

#include "catch.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"

using namespace systole;
namespace fs = std::filesystem;

namespace {

// A folder of this test's own.
struct Scratch {
  fs::path path = fs::temp_directory_path() / ("systole-test-" + std::to_string(::getpid()));
  Scratch() {
    fs::remove_all(path);
    fs::create_directory(path);
  }
  ~Scratch() { fs::remove_all(path); }

  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::recursive_directory_iterator(path), fs::recursive_directory_iterator()));
  }
};

}  // namespace

TEST_CASE("a folder appears with all its files when it is committed, parents included") {
  const Scratch scratch;
  OutputFolder folder(scratch.path / "a" / "b" / "");
  CHECK(scratch.entries() == 0);
  folder.write("x.txt", "x");
  folder.write("deep/y.txt", "y");
  CHECK_FALSE(fs::exists(scratch.path / "a" / "b"));
  folder.commit({});
  CHECK(read_file(scratch.path / "a/b/x.txt") == "x");
  CHECK(read_file(scratch.path / "a/b/deep/y.txt") == "y");
  CHECK(scratch.entries() == 5);
}

TEST_CASE("what is not committed is not there, and neither are its parents") {
  const Scratch scratch;
  {
    OutputFolder folder(scratch.path / "a" / "b");
    folder.write("x.txt", "x");
  }
  CHECK(scratch.entries() == 0);
}

TEST_CASE("files in an existing folder are replaced, others stay, stale ones go") {
  const Scratch scratch;
  write_file(scratch.path / "x.txt", "old");
  write_file(scratch.path / "notes.txt", "mine");
  fs::create_directory(scratch.path / "tensors");
  write_file(scratch.path / "tensors/t.bin", "old");
  {
    OutputFolder folder(scratch.path);
    folder.write("x.txt", "new");
    CHECK(read_file(scratch.path / "x.txt") == "old");
    folder.commit({"tensors"});
  }
  CHECK(read_file(scratch.path / "x.txt") == "new");
  CHECK(read_file(scratch.path / "notes.txt") == "mine");
  CHECK(scratch.entries() == 2);
}

TEST_CASE("a folder of an earlier run is replaced as a whole") {
  const Scratch scratch;
  fs::create_directory(scratch.path / "tensors");
  write_file(scratch.path / "tensors/old.bin", "old");
  OutputFolder folder(scratch.path);
  folder.write("tensors/new.bin", "new");
  folder.commit({"tensors"});
  CHECK(fs::exists(scratch.path / "tensors/new.bin"));
  CHECK_FALSE(fs::exists(scratch.path / "tensors/old.bin"));
}

TEST_CASE("a folder that cannot be written is refused before anything is") {
  const Scratch scratch;
  write_file(scratch.path / "file", "x");
  fs::create_symlink(scratch.path / "nowhere", scratch.path / "dangling");
  for (const fs::path& path : {scratch.path / "file", scratch.path / "file" / "below",
                               scratch.path / "dangling", fs::path{"/proc/none/out"}, fs::path{}}) {
    INFO(path);
    try {
      const OutputFolder folder(path);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kUsage);
      CHECK(std::string{error.what()}.find("cannot be written") != std::string::npos);
    }
  }
  CHECK(scratch.entries() == 2);
}
