// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/child_process.hpp"

#include <csignal>
#include <stdexcept>

#include "catch.hpp"
#include "isa/error.hpp"

using namespace systole;

TEST_CASE("bytes of any size and value come back from a child") {
  CHECK(in_child_process([] { return std::string{}; }).empty());
  const std::string bytes("a\0b", 3);
  CHECK(in_child_process([&] { return bytes; }) == bytes);
  // More than a pipe holds.
  const std::string many(1 << 20, 'x');
  CHECK(in_child_process([&] { return many; }) == many);
}

TEST_CASE("an error in a child is thrown with its exit status and message") {
  try {
    in_child_process([]() -> std::string { bad_input("here", "this", "that"); });
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    CHECK(std::string{error.what()} == "here: found this; expected that");
  }
}

TEST_CASE("what else is thrown in a child, and its death, are told") {
  const auto message = [](const std::function<std::string()>& work) {
    try {
      in_child_process(work);
    } catch (const Error&) {
      return std::string{"an Error"};
    } catch (const std::runtime_error& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  CHECK(message([]() -> std::string { throw std::logic_error("broken"); }) == "broken");
  CHECK(message([]() -> std::string {
          std::raise(SIGKILL);
          return {};
        }).find("signal 9") != std::string::npos);
}

TEST_CASE("a child's memory is its own") {
  int value = 1;
  in_child_process([&] {
    value = 2;
    return std::string{};
  });
  CHECK(value == 1);
}
