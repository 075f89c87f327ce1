// SPDX-License-Identifier: Apache-2.0
#include "isa/data_path.hpp"

#include <cstdlib>

namespace systole {

std::filesystem::path data_path(std::string_view relative) {
  const char* const chosen = std::getenv("SYSTOLE_DATA");
  const std::filesystem::path root =
      chosen != nullptr && *chosen != '\0' ? chosen : SYSTOLE_DATA_ROOT;
  return root / std::filesystem::path(relative);
}

}  // namespace systole
