// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/law.hpp"

#include <fmt/format.h>

namespace systole {
namespace {

std::string name_at(const std::vector<std::string>& names, std::int32_t index) {
  const auto at = static_cast<std::size_t>(index);
  return at < names.size() ? names[at] : fmt::format("number {}", index);
}

}  // namespace

std::string describe(const LawResult& result, const std::vector<std::string>& unit_names,
                     const std::vector<std::string>& op_names) {
  const LawRow& row = row_of(result.law);
  const Breach& breach = *result.breach;
  std::string text = fmt::format("law {} ({}) is broken", row.name, row.doc);
  if (breach.site.unit >= 0) text += " by " + name_at(unit_names, breach.site.unit);
  if (breach.site.op >= 0) text += ", op " + name_at(op_names, breach.site.op);
  if (!breach.operand.empty()) text += fmt::format(", operand {}", breach.operand);
  if (breach.site.at >= 0) text += fmt::format(", at cycle {}", breach.site.at);
  return text + fmt::format(": found {} {}; expected {} {}", breach.found, row.unit,
                            name_of(row.relation), breach.bound);
}

}  // namespace systole
