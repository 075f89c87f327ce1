// SPDX-License-Identifier: Apache-2.0
// docs/isa.md, written from the tables.
#pragma once

#include <string>

namespace systole {

std::string isa_reference();

}  // namespace systole
