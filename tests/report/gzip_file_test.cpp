// SPDX-License-Identifier: Apache-2.0
#include "sim/report/gzip_file.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "isa/error.hpp"
#include "isa/seeded.hpp"
#include "trace_file.hpp"

using namespace systole;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("systole-gzip-" + std::to_string(::getpid()));
  Folder() { fs::create_directory(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(path), fs::directory_iterator());
  }
};

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

ExitCode failure(const std::string& path) {
  try {
    GzipFile file{path};
    file.write("x");
    file.commit();
  } catch (const Error& error) {
    CHECK(std::string{error.what()}.find("cannot be written") != std::string::npos);
    return error.code();
  }
  return ExitCode::kDone;
}

}  // namespace

TEST_CASE("what is written in pieces is read as one") {
  const Folder folder;
  std::string all;
  GzipFile file{folder / "x.gz"};
  for (std::uint64_t piece = 0; piece < 300; ++piece) {
    std::string bytes(piece * 7, 'a');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<char>(mix64(piece * 100'000 + i));
    }
    file.write(bytes);
    all += bytes;
  }
  file.commit();
  CHECK(gunzip(folder / "x.gz") == all);
}

TEST_CASE("the same bytes make the same file, without a time stamp") {
  const Folder folder;
  for (const char* name : {"a.gz", "b.gz"}) {
    GzipFile file{folder / name};
    file.write("the same");
    file.commit();
  }
  const std::string bytes = bytes_of(folder / "a.gz");
  CHECK(bytes == bytes_of(folder / "b.gz"));
  CHECK(bytes.substr(0, 2) == "\x1f\x8b");
  CHECK(bytes.substr(3, 5) == std::string(5, '\0'));  // no name, no time
}

TEST_CASE("the file is there after commit and not before, and without commit nothing is") {
  const Folder folder;
  {
    GzipFile file{folder / "x.gz"};
    file.write("x");
    CHECK_FALSE(fs::exists(folder / "x.gz"));
    CHECK(fs::exists(file.temporary()));
  }
  CHECK(folder.entries() == 0);
  std::ofstream(folder / "x.gz") << "old";
  {
    GzipFile file{folder / "x.gz"};
    file.write("new");
    CHECK(bytes_of(folder / "x.gz") == "old");
    file.commit();
    CHECK(file.temporary().empty());
  }
  CHECK(gunzip(folder / "x.gz") == "new");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a path that cannot be written is a usage error at once") {
  const Folder folder;
  CHECK_THROWS_AS(GzipFile{folder / "none/x.gz"}, Error);
  CHECK_THROWS_AS(GzipFile{folder.path}, Error);
  CHECK(failure(folder / "none/x.gz") == ExitCode::kUsage);
  CHECK(failure(folder.path.string()) == ExitCode::kUsage);
  CHECK(folder.entries() == 0);
}

TEST_CASE("a full disk is said by commit") {
  GzipFile file{"/dev/full"};
  for (int i = 0; i < 1000; ++i) file.write(std::string(1000, static_cast<char>(i)));
  CHECK_THROWS_AS(file.commit(), Error);
  CHECK(failure("/dev/full") == ExitCode::kUsage);
}

TEST_CASE("a device is written to and stays") {
  CHECK(failure("/dev/null") == ExitCode::kDone);
  CHECK(fs::is_character_file("/dev/null"));
}
