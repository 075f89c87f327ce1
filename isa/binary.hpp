// SPDX-License-Identifier: Apache-2.0
// The binary form of programs (.sbin): magic, version, payload length, checksum, payload. Numbers
// in the payload are variable-length (LEB128, signed ones zigzag); the fields of an instruction
// follow its opcode in the order of the instruction table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isa/program.hpp"

namespace systole {

inline constexpr std::string_view kBinaryMagic{"\x7fSYSTOLE", 8};
inline constexpr std::uint32_t kBinaryVersion = 3;
// magic, version (4 bytes), payload length (8), FNV-1a of the payload (8), little endian.
inline constexpr std::size_t kBinaryHeaderBytes = 28;

// Precondition: absent tiles and unit numbers are as verify_program wants them. decode(encode(p))
// == p, and encode(decode(b)) == b for bytes b that encode_program has written.
std::string encode_program(const Program& program);

// Throws Error with kBadInput, naming the byte, on anything that is no program: a wrong magic,
// version, length or checksum, an unknown opcode, an index that the program lacks. Memory is
// bounded by a small multiple of the input.
Program decode_program(std::string_view bytes, std::string_view where);

}  // namespace systole
