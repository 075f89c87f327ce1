// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/reducer.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "isa/error.hpp"
#include "isa/verifier.hpp"
#include "sim/witness/simplify.hpp"

namespace systole {
namespace {

class Reducer {
 public:
  Reducer(TimingCase found, const StillWrong& wrong) : best_(std::move(found)), wrong_(wrong) {}

  TimingCase run() {
    bool smaller = true;
    while (smaller) {
      smaller = remove_runs();
      smaller = remove_loops() || smaller;
      smaller = remove_tokens() || smaller;
      smaller = simplify_numbers() || smaller;
      smaller = reset_parameters() || smaller;
    }
    keep(without_unused(best_.program));
    return best_;
  }

 private:
  std::size_t size() const { return best_.program.streams.at(0).size(); }

  bool keep(TimingCase candidate) {
    try {
      verify_program(candidate.chip.spec, 0, candidate.program, "reduced");
      if (!wrong_(candidate)) return false;
    } catch (const Error&) {
      return false;  // no legal case
    }
    best_ = std::move(candidate);
    return true;
  }
  bool keep(Program program) { return keep(TimingCase{best_.chip, std::move(program)}); }

  // The halt stays.
  bool remove_runs() {
    bool any = false;
    for (std::size_t length = size() / 2; length > 0; length /= 2) {
      for (std::size_t begin = 0; begin + length < size();) {
        if (keep(without(best_.program, begin, begin + length))) {
          any = true;
        } else if (length == 1 && keep(without_keeping_tokens(best_.program, begin))) {
          any = true;
        } else {
          begin += std::max<std::size_t>(length / 2, 1);
        }
      }
    }
    return any;
  }

  bool remove_loops() {
    bool any = false;
    for (std::size_t at = 0; at < size();) {
      const auto end = end_of_loop(best_.program, at);
      if (end &&
          (keep(without(best_.program, at, *end + 1)) || keep(unrolled(best_.program, at)))) {
        any = true;
      } else {
        ++at;
      }
    }
    return any;
  }

  bool remove_tokens() {
    bool any = false;
    for (std::size_t s = 0; s < best_.program.semaphores.size(); ++s) {
      const auto semaphore = static_cast<std::int32_t>(s);
      const Program simpler = without_tokens(best_.program, semaphore);
      if (simpler == best_.program) continue;
      if (keep(simpler)) {
        any = true;
        continue;
      }
      while (remove_pair(semaphore)) any = true;
    }
    return any;
  }

  bool remove_pair(std::int32_t semaphore) {
    for (Program& simpler : without_token_pairs(best_.program, semaphore)) {
      if (keep(std::move(simpler))) return true;
    }
    return false;
  }

  bool simplify_numbers() {
    bool any = false;
    for (std::size_t at = 0; at < size(); ++at) {
      bool again = true;
      while (again) {
        again = false;
        for (Program& simpler : with_simpler_numbers(best_.program, at)) {
          if (!keep(std::move(simpler))) continue;
          any = again = true;
          break;
        }
      }
    }
    return any;
  }

  bool reset_parameters() {
    bool any = false;
    for (std::size_t n = 0; n < best_.chip.overrides.size();) {
      ChipVariant chip = preset_variant(best_.chip.base);
      for (std::size_t other = 0; other < best_.chip.overrides.size(); ++other) {
        if (other == n) continue;
        const std::string& override = best_.chip.overrides[other];
        const std::size_t equals = override.find('=');
        chip = with(std::move(chip), override.substr(0, equals), override.substr(equals + 1));
      }
      if (keep(TimingCase{std::move(chip), best_.program})) {
        any = true;
      } else {
        ++n;
      }
    }
    return any;
  }

  TimingCase best_;
  const StillWrong& wrong_;
};

}  // namespace

TimingCase reduced(TimingCase found, const StillWrong& wrong) {
  return Reducer(std::move(found), wrong).run();
}

}  // namespace systole
