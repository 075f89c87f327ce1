// SPDX-License-Identifier: Apache-2.0
#include "isa/binary.hpp"

#include <random>

#include "catch.hpp"
#include "isa/assembly.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/random_program.hpp"
#include "isa/seeded.hpp"

using namespace systole;
using namespace systole::test;

namespace {

Program every_form() {
  return parse_program(read_file(SYSTOLE_TEST_DATA "/every_form.sasm"), "every_form.sasm");
}

std::string refusal(std::string_view bytes) {
  try {
    decode_program(bytes, "t.sbin");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    return error.what();
  }
  return {};
}

// `payload` under a header that fits it.
std::string with_header(const std::string& payload) {
  std::string bytes = encode_program(Program{}).substr(0, 12);
  for (const std::uint64_t field : {std::uint64_t{payload.size()}, hash_text(payload)}) {
    for (int b = 0; b < 8; ++b) bytes += static_cast<char>(field >> (8 * b));
  }
  return bytes + payload;
}

}  // namespace

TEST_CASE("any program decodes to itself, and its bytes encode to themselves") {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Program program = RandomProgram(seed).draw();
    const std::string bytes = encode_program(program);
    INFO("seed " << seed);
    const Program again = decode_program(bytes, "random");
    REQUIRE(again == program);
    REQUIRE(encode_program(again) == bytes);
  }
}

TEST_CASE("text and binary form carry the same program") {
  const Program program = every_form();
  CHECK(decode_program(encode_program(program), "t.sbin") == program);
  CHECK(encode_program(program).size() < print_program(program).size() / 2);
}

TEST_CASE("a program of more repetitions is no longer: counts, totals and addresses are padded") {
  const auto layers = [](std::int64_t count, std::int64_t each, std::int64_t end) {
    Program program = every_form();
    Loop& loop = std::get<Loop>(program.streams[0][0].body);
    loop.count = count;
    Symbol& stacked = program.symbols[0];
    stacked.count = count;
    stacked.stride = each;
    Symbol& behind = program.symbols[1];
    behind.address = end;
    behind.offset = 1.0 / static_cast<double>(count);
    SourceOp& op = program.ops[0];
    op.count = count;
    op.macs = count * each;
    op.read_bytes = count * each;
    op.write_bytes = count * each;
    for (Instruction& instruction : program.streams[0]) {
      auto* store = std::get_if<Store>(&instruction.body);
      if (store != nullptr && store->dst.space == Space::kHbm) store->dst.address = end;
    }
    return program;
  };
  const std::size_t two = encode_program(layers(2, 64, 128)).size();
  CHECK(encode_program(layers(32, 64, 2048)).size() == two);
  CHECK(encode_program(layers(3, 64, 0)).size() == two);
  CHECK(encode_program(layers(126, std::int64_t{1} << 40, std::int64_t{1} << 47)).size() == two);
  const Program most = layers(8191, std::int64_t{1} << 47, (std::int64_t{1} << 48) - 1);
  CHECK(encode_program(most).size() == two);
  CHECK(decode_program(encode_program(most), "most") == most);
  // One more, and loop, symbol and op have a byte more each.
  CHECK(encode_program(layers(8192, std::int64_t{1} << 40, 128)).size() == two + 3);
  Program total = layers(2, 64, 128);
  total.ops[0].macs = (std::int64_t{1} << 62) - 1;
  CHECK(encode_program(total).size() == two);
  ++total.ops[0].macs;
  CHECK(encode_program(total).size() == two + 1);
}

TEST_CASE("frequencies that the bytes cannot hold are refused") {
  Program program;
  Symbol& symbol = program.symbols.emplace_back();
  symbol.name = "c";
  symbol.frequencies = {0.5, 0.25};
  const std::string payload = encode_program(program).substr(kBinaryHeaderBytes);
  // Behind the symbol stand the number of ops and that of streams.
  const std::size_t count = payload.size() - 2 - 2 * sizeof(double) - 1;
  REQUIRE(payload[count] == 2);
  std::string changed = payload;
  changed[count] = 3;
  CHECK(refusal(with_header(changed)).find("3 items in 18 bytes") != std::string::npos);
  changed[count] = 2;
  changed[count - 1] = 2;
  CHECK(refusal(with_header(changed)).empty());
  changed[count - 1] = 3;
  CHECK(refusal(with_header(changed)).find("fill number 3; expected below 3") != std::string::npos);
}

TEST_CASE("a program cut short at any byte is refused") {
  const std::string bytes = encode_program(every_form());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    REQUIRE_FALSE(refusal(bytes.substr(0, length)).empty());
  }
  CHECK(refusal(bytes).empty());
  CHECK(refusal(bytes + "x").find("bytes of payload; expected") != std::string::npos);
}

TEST_CASE("a payload cut short at any byte is refused even with a header that fits") {
  const std::string payload = encode_program(every_form()).substr(kBinaryHeaderBytes);
  for (std::size_t length = 0; length < payload.size(); ++length) {
    REQUIRE_FALSE(refusal(with_header(payload.substr(0, length))).empty());
  }
  CHECK(refusal(with_header(payload)).empty());
  CHECK(refusal(with_header(payload + "x")).find("1 more bytes; expected the end") !=
        std::string::npos);
}

TEST_CASE("a wrong magic, version or checksum is named with its byte") {
  std::string bytes = encode_program(every_form());
  const auto changed = [&](std::size_t at) {
    std::string copy = bytes;
    copy[at] = static_cast<char>(copy[at] ^ 1);
    return refusal(copy);
  };
  CHECK(
      changed(0) ==
      "t.sbin: byte 0: found no magic number of a program; expected the magic number 7f 'SYSTOLE'");
  CHECK(changed(8) == "t.sbin: byte 12: found version 2; expected version 3");
  CHECK(changed(12).find("bytes of payload") != std::string::npos);
  CHECK(changed(20).find("a payload that was changed") != std::string::npos);
  CHECK(changed(bytes.size() - 1).find("a payload that was changed") != std::string::npos);
  CHECK(refusal("").find("no magic") != std::string::npos);
}

TEST_CASE("a count that the bytes cannot hold is refused before memory is taken for it") {
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";  // 2^63 - 1
  CHECK(refusal(with_header(huge)).find("items in 0 bytes") != std::string::npos);
  std::string payload = encode_program(Program{}).substr(kBinaryHeaderBytes);
  payload.back() = '\x7f';  // 127 streams
  CHECK(refusal(with_header(payload)).find("127 items in 0 bytes") != std::string::npos);
  CHECK(refusal(with_header(std::string(10, '\xff'))).find("beyond 64 bits") != std::string::npos);
}

TEST_CASE("opcode 0 and numbers outside of their tables are refused") {
  Program program;
  program.streams.resize(1);
  program.streams[0].push_back({UnitId{}, Halt{}, {}, {}, {}, -1});
  const std::string payload = encode_program(program).substr(kBinaryHeaderBytes);
  const std::size_t opcode = payload.size() - 4;
  const auto changed = [&](std::size_t at, char value) {
    std::string copy = payload;
    copy[at] = value;
    return refusal(with_header(copy));
  };
  REQUIRE(payload[opcode] == static_cast<char>(Halt::kOpcode));
  CHECK(changed(opcode, 0).find("opcode 0") != std::string::npos);
  CHECK(changed(opcode, Unload::kOpcode + 1).find("opcode 18") != std::string::npos);
  CHECK(changed(opcode, End::kOpcode).empty());
  CHECK(changed(opcode + 1, 5).find("unit kind 5") != std::string::npos);
  CHECK(changed(opcode + 3, 0).find("op number 0") != std::string::npos);
}

TEST_CASE("changed bytes decode or are refused, and what decodes can be printed") {
  const std::string payload = encode_program(every_form()).substr(kBinaryHeaderBytes);
  std::mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string changed = payload;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const std::size_t at = random() % changed.size();
      if (random() % 4 == 0) {
        changed.erase(at, 1 + random() % 4);
      } else {
        changed[at] = static_cast<char>(random() % 2 == 0 ? random() : random() % 8);
      }
    }
    try {
      const Program program = decode_program(with_header(changed), "changed");
      REQUIRE(parse_program(print_program(program), "printed") == program);
      REQUIRE(decode_program(encode_program(program), "again") == program);
    } catch (const Error& error) {
      REQUIRE(error.code() == ExitCode::kBadInput);
      ++refused;
    }
  }
  CHECK(refused > 1000);
  CHECK(refused < 4000);
}

TEST_CASE("random bytes are refused") {
  std::mt19937 random(13);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    REQUIRE_FALSE(refusal(bytes).empty());
    REQUIRE_FALSE(refusal(with_header(bytes)).empty());
  }
}
