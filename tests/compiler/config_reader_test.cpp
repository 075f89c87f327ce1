// SPDX-License-Identifier: Apache-2.0
#include "compiler/config_reader.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

template <class Read>
std::string refusal(const Json& json, Read read) {
  try {
    read(ConfigReader(json, "m.json"));
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::kBadInput);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("sizes are whole numbers from 1 to the largest") {
  const Json json = {{"one", 1}, {"most", 16777216}};
  const ConfigReader read(json, "m.json");
  CHECK(read.size("one") == 1);
  CHECK(read.size("most") == 16777216);
  CHECK(read.size_or("none", 5) == 5);
  for (const Json& bad : {Json(0), Json(-1), Json(16777217), Json(18446744073709551615ULL),
                          Json(2.0), Json("2"), Json(true), Json(nullptr), Json::array()}) {
    CHECK_THAT(refusal({{"n", bad}}, [](const ConfigReader& r) { r.size("n"); }),
               contains("m.json: key 'n': found " + bad.dump() +
                        "; expected a whole number from 1 to 16777216"));
  }
  CHECK_THAT(refusal({{"n", 9}}, [](const ConfigReader& r) { r.size("n", 8); }),
             contains("from 1 to 8"));
}

TEST_CASE("null counts as absent where a key may be absent") {
  const Json json = {{"n", nullptr}};
  const ConfigReader read(json, "m.json");
  CHECK_FALSE(read.has("n"));
  CHECK(read.given("n"));
  CHECK_FALSE(read.given("m"));
  CHECK(read.size_or("n", 3) == 3);
  CHECK(read.number_or("n", 0, 1, 0.5) == 0.5);
  CHECK(read.flag("n", true));
}

TEST_CASE("numbers are bounded on both sides, ends included") {
  const Json json = {{"low", 2}, {"high", 3.5}};
  const ConfigReader read(json, "m.json");
  CHECK(read.number("low", 2, 3.5) == 2);
  CHECK(read.number("high", 2, 3.5) == 3.5);
  const auto number = [](const ConfigReader& r) { r.number("x", 2, 3.5); };
  CHECK_THAT(refusal({{"x", 1.99}}, number), contains("a number from 2 to 3.5"));
  CHECK_THAT(refusal({{"x", 3.51}}, number), contains("a number from 2 to 3.5"));
  CHECK_THAT(refusal({{"x", "3"}}, number), contains("found \"3\""));
  const auto fraction = [](const ConfigReader& r) { r.fraction_or("x", 0.5); };
  CHECK(refusal({{"x", 1}}, fraction).empty());
  CHECK_FALSE(refusal({{"x", 0}}, fraction).empty());
  CHECK_FALSE(refusal({{"x", 1.01}}, fraction).empty());
}

TEST_CASE("a key of an inner object is named with the way to it") {
  const Json json = {{"a", {{"b", {{"c", -1}}}}}, {"d", 1}};
  const ConfigReader read(json, "m.json");
  CHECK_THROWS_WITH(read.object("a").object("b").size("c"),
                    contains("m.json: key 'a.b.c': found -1"));
  CHECK_THROWS_WITH(read.object("d"), contains("expected an object or null"));
}

TEST_CASE("a divisor is expected with its nearest neighbours") {
  const auto message = [](std::int64_t value, std::int64_t total) {
    return refusal(Json::object(), [&](const ConfigReader& r) {
      r.require_divisor("heads", value, "hidden", total);
    });
  };
  CHECK(message(4, 32).empty());
  CHECK(message(6, 32) ==
        "m.json: key 'heads': found 6; expected a divisor of hidden = 32, such as 4 or 8");
  CHECK_THAT(message(33, 32), contains("such as 32"));
  CHECK_THAT(message(16777216, 16777215), contains("such as 16777215"));
  CHECK_THAT(message(2, 7), contains("such as 1 or 7"));
}

TEST_CASE("an architecture is found among those listed, or named") {
  const std::vector<std::string> supported{"A", "B"};
  const auto found = [&](const Json& list) {
    const Json json = {{"architectures", list}};
    return ConfigReader(json, "m.json").architecture(supported);
  };
  CHECK(found({"X", "B"}) == "B");
  CHECK_FALSE(found(nullptr));
  CHECK_THROWS_WITH(found({"X"}), contains("found [\"X\"]; expected A or B among them"));
  CHECK_THROWS_WITH(found("A"), contains("A or B among them"));
  CHECK_THROWS_WITH(found({1}), contains("A or B among them"));
}

TEST_CASE("an activation that is not known is named, with the nearest") {
  const Json json = {{"act", "silu"}, {"near", "gelu_newer"}};
  const ConfigReader read(json, "m.json");
  CHECK(read.activation_or("act", OpKind::kRelu) == OpKind::kSilu);
  CHECK_THROWS_WITH(read.activation_or("near", OpKind::kRelu),
                    contains("did you mean 'gelu_new'?"));
}

TEST_CASE("absent fractions and activations are what the caller says") {
  const Json json = {{"null", nullptr}};
  const ConfigReader read(json, "m.json");
  CHECK(read.fraction_or("eps", 0.25) == 0.25);
  CHECK(read.fraction_or("null", 0.25) == 0.25);
  CHECK(read.activation_or("act", OpKind::kRelu) == OpKind::kRelu);
  CHECK(read.activation_or("null", OpKind::kGelu) == OpKind::kGelu);
}
