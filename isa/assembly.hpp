// SPDX-License-Identifier: Apache-2.0
// The text form of programs (.sasm); its grammar is in docs/isa.md. Printing and parsing walk the
// instruction table, and print(parse(print(p))) == print(p), parse(print(p)) == p.
#pragma once

#include <string>
#include <string_view>

#include "isa/program.hpp"

namespace systole {

// Throws Error with kBadInput at where:line:column. The structure of the program (loops, indices,
// types) is left to verify_program.
Program parse_program(std::string_view text, std::string_view where);

// An index that the program lacks is printed as ?<index>; such a program does not parse.
std::string print_program(const Program& program);

// One line of the text form, without indentation and line end.
std::string print_instruction(const Program& program, const Instruction& instruction);

// One tile operand, as in text: "vmem[4096+(512*i0)%1024, pitch=256]:bf16".
std::string print_tile(const Program& program, const Tile& tile);

}  // namespace systole
