// SPDX-License-Identifier: Apache-2.0
#include "compiler/append_verifier.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

std::string finding(const std::string& ops) {
  const std::string head =
      "graph \"g\"\ninput %x bf16[2, 8]\ninput %cache bf16[6, 8]\ninput %other bf16[6, 8]\n"
      "weight %w bf16[2, 8]\n";
  try {
    parse_graph(head + ops, "g.sgr");
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::kBadInput);
    return e.what();
  }
  return "none";
}

const std::string kRows = "%k = exp(%x)\n";
const std::string kAppend = "%all = append(%cache, %k) {seq=3, first=2}\n%y = exp(%all)\n";

}  // namespace

TEST_CASE("rows that an op computes may be appended to an input, and read besides") {
  CHECK(finding(kRows + kAppend + "output %y") == "none");
  CHECK(finding(kRows + kAppend + "%z = exp(%k)\noutput %y, %z") == "none");
  CHECK(finding(kRows + kAppend + "output %y, %all") == "none");
}

TEST_CASE("rows that no op computes are not appended") {
  CHECK_THAT(finding("%all = append(%cache, %x) {seq=3, first=2} output %all"),
             contains("op 'all' (append): found %x appended; expected rows that an op"));
  CHECK_THAT(finding("%all = append(%cache, %w) {seq=3, first=2} output %all"),
             contains("%w appended"));
  CHECK_THAT(finding("%k = rows(%x) {count=2}\n" + kAppend + "output %y"), contains("%k appended"));
}

TEST_CASE("rows are appended in the section in which they are computed") {
  const std::string body =
      "repeat 2 {\ninput %c bf16[6, 8]\ncarry %h = %x -> %last\n%a = append(%c, %k) {seq=3, "
      "first=2}\n%r = rows(%a) {count=2}\n%n = add(%h, %r)\nyield %n\n}\noutput %last";
  CHECK_THAT(finding(kRows + body), contains("%k appended; expected rows that an op before it"));
  std::string inside = body;
  inside.insert(inside.find("%a ="), "%k = exp(%h)\n");
  CHECK(finding(inside) == "none");
}

TEST_CASE("a cache is an input that its append alone reads") {
  CHECK_THAT(finding(kRows + kAppend + "%z = exp(%cache)\noutput %y, %z"),
             contains("%cache read by others too; expected a cache that only this append reads"));
  CHECK_THAT(finding(kRows + "%l = exp(%x)\n" + kAppend +
                     "%again = append(%cache, %l) {seq=3, first=1}\noutput %y, %again"),
             contains("%cache read by others too"));
  CHECK_THAT(
      finding(kRows + "%c = exp(%other)\n%all = append(%c, %k) {seq=3, first=2} output %all"),
      contains("%c as cache; expected an input"));
  CHECK_THAT(finding("weight %c bf16[6, 8]\n" + kRows +
                     "%all = append(%c, %k) {seq=3, first=2} output %all"),
             contains("%c as cache; expected an input"));
}

TEST_CASE("what an append made of a cache is one that another append may have, and nothing else") {
  const std::string two = kRows + "%l = exp(%x)\n%some = append(%cache, %k) {seq=6, first=0}\n" +
                          "%all = append(%some, %l) {seq=6, first=3}\n";
  CHECK(finding(two + "output %all") == "none");
  CHECK_THAT(finding(two + "%z = exp(%some)\noutput %all, %z"),
             contains("%some read by others too"));
}

TEST_CASE("rows are appended once") {
  CHECK_THAT(
      finding(kRows + kAppend + "%again = append(%other, %k) {seq=3, first=1}\noutput %y, %again"),
      contains("%k appended again; expected rows that are appended once"));
}

TEST_CASE("appended rows are neither an output nor carried, and their cache stays in place") {
  CHECK_THAT(finding(kRows + kAppend + "output %y, %k"), contains("%k carried or an output"));
  CHECK_THAT(finding(kRows + kAppend +
                     "repeat 2 {\ncarry %h = %k -> %last\n%n = exp(%h)\nyield %n\n}\noutput %last"),
             contains("%k carried or an output"));
  CHECK_THAT(finding(kRows + kAppend +
                     "repeat 2 {\ncarry %h = %all -> %last\n%n = exp(%h)\nyield %n\n}\n"
                     "output %last"),
             contains("%all carried; expected a cache that stays in place"));
}
