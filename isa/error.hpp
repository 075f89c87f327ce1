// SPDX-License-Identifier: Apache-2.0
// The one exception that a user can cause, and the exit statuses of the program.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace systole {

enum class ExitCode : int {
  kDone = 0,
  kCheckFailed = 1,   // a check or threshold failed
  kUsage = 2,         // a flag, an unknown name, an output that cannot be written
  kBadInput = 3,      // a file, an unsupported model or op, a finding of the verifier
  kStopped = 4,       // the simulated machine stopped: deadlock or cycle limit
  kPointsFailed = 5,  // some sweep points failed
  kInternal = 70,     // our bug
  kInterrupted = 130,
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// "where: found X; expected Y" with exit status 3. `where` is file:line:column, or a name.
[[noreturn]] void bad_input(std::string_view where, std::string_view found,
                            std::string_view expected);

// A wrong flag or name on the command line, exit status 2.
[[noreturn]] void usage_error(std::string_view found, std::string_view expected);

}  // namespace systole
