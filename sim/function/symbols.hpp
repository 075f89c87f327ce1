// SPDX-License-Identifier: Apache-2.0
// The tensors of a program in its HBM image: seeding, reading, and a digest of their bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isa/program.hpp"
#include "sim/function/memory_image.hpp"

namespace systole {

// An HBM image that ends with the program's last symbol; all zero.
MemoryImage hbm_image(const Program& program);

// Fills inputs, weights and states (isa/seeded.hpp): element k = row * cols + col of each copy.
// Real numbers are rounded to the symbol's type, whole ones clamped to it. Fills constants
// (isa/fill.hpp): row r is at position offset + r. Precondition: constants are as verify_program
// wants them.
void seed_inputs(const Program& program, std::uint64_t seed, MemoryImage& hbm);

// The rows x cols elements of one copy, row-major.
std::vector<double> read_symbol(const Symbol& symbol, std::int64_t copy, const MemoryImage& hbm);

// The elements' bytes of one copy, row by row without the padding between them, whatever the
// symbol's layout.
std::string symbol_bytes(const Symbol& symbol, std::int64_t copy, const MemoryImage& hbm);

// FNV-1a, 64 bits, over symbol_bytes() of all copies; 16 hexadecimal digits. Depends on values and
// types only, not on where the tensor lies.
std::string digest(const Symbol& symbol, const MemoryImage& hbm);

}  // namespace systole
