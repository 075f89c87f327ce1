// SPDX-License-Identifier: Apache-2.0
// Where the data files are: chips, models, energy tables.
#pragma once

#include <filesystem>
#include <string_view>

namespace systole {

// `relative` is a path from the repository root ("isa/chips/tpu-v5e.yaml"). The root is the
// environment variable SYSTOLE_DATA where that is set and not empty, else the source folder that
// the program was built from.
std::filesystem::path data_path(std::string_view relative);

}  // namespace systole
