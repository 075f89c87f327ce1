// SPDX-License-Identifier: Apache-2.0
// Whole files in and out.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "isa/units.hpp"

namespace systole {

// The bytes of a regular file. Throws Error with kBadInput where it is missing, is no regular
// file, cannot be read, or holds more than `limit` bytes.
std::string read_file(const std::filesystem::path& path, Bytes limit = kGiB);

// Writes under a temporary name beside `path` and renames: the file is there whole or not at all.
// Throws Error with kUsage where that cannot be done; the temporary file is removed.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace systole
