// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph.hpp"

namespace systole {

double attribute(const Op& op, std::string_view name, double otherwise) {
  const auto found = op.attributes.find(name);
  return found == op.attributes.end() ? otherwise : found->second;
}

}  // namespace systole
