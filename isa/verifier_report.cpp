// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_report.hpp"

#include <fmt/format.h>

#include <type_traits>

#include "isa/assembly.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"

namespace systole {
namespace {

int depth_at(const Stream& stream, std::size_t position) {
  int depth = 0;
  for (std::size_t at = 0; at < position; ++at) {
    if (std::holds_alternative<Loop>(stream[at].body)) ++depth;
    if (std::holds_alternative<End>(stream[at].body)) --depth;
  }
  return depth;
}

}  // namespace

std::string StreamReport::describe(std::size_t position, int field) const {
  const Instruction& instruction = stream()[position];
  std::string short_form;
  if (instruction.unit != UnitId{}) short_form = name_of(instruction.unit) + ' ';
  std::visit(
      [&](const auto& body) {
        using B = std::decay_t<decltype(body)>;
        short_form += B::kName;
        int number = 0;
        for_each_field<B>([&](const auto& row) {
          if (number++ != field) return;
          if constexpr (std::is_base_of_v<Tile, std::decay_t<decltype(body.*row.member)>>) {
            short_form += fmt::format(" {}={}", row.name, print_tile(program_, body.*row.member));
          }
        });
      },
      instruction.body);
  return fmt::format("instruction {} of stream {} ({})", position, stream_, short_form);
}

std::string StreamReport::describe(std::size_t position, const Indices& i, int field) const {
  std::string text = describe(position, field);
  const int depth = depth_at(stream(), position);
  for (int d = 0; d < depth && d < kMaxLoops; ++d) {
    text += fmt::format("{}i{}={}", d == 0 ? " at " : ", ", d, i[d]);
  }
  return text;
}

void StreamReport::too_large(std::size_t position, std::string_view found,
                             std::string_view expected) const {
  throw TooLarge(ExitCode::kBadInput, fmt::format("{}: {}: found {}; expected {}", where_,
                                                  describe(position), found, expected));
}

void StreamReport::fail(std::size_t position, std::string_view found,
                        std::string_view expected) const {
  fail(position, -1, found, expected);
}

void StreamReport::fail(std::size_t position, int field, std::string_view found,
                        std::string_view expected) const {
  bad_input(fmt::format("{}: {}", where_, describe(position, field)), found, expected);
}

void StreamReport::fail(std::size_t position, const Indices& i, int field, std::string_view found,
                        std::string_view expected) const {
  bad_input(fmt::format("{}: {}", where_, describe(position, i, field)), found, expected);
}

}  // namespace systole
