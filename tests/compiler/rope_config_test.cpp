// SPDX-License-Identifier: Apache-2.0
#include "compiler/rope_config.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

RopeScaling read(const Json& json) { return read_rope(ConfigReader(json, "m.json"), 4, 64); }

RopeScaling read_scaling(const Json& scaling) { return read({{"rope_scaling", scaling}}); }

std::string refusal(const Json& json) {
  try {
    read(json);
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::kBadInput);
    return e.what();
  }
  return "";
}

std::string scaling_refusal(const Json& scaling) { return refusal({{"rope_scaling", scaling}}); }

const Json kLlama3 = {{"rope_type", "llama3"},
                      {"factor", 8.0},
                      {"low_freq_factor", 1.0},
                      {"high_freq_factor", 4.0},
                      {"original_max_position_embeddings", 16}};

Json with(Json json, const std::string& key, const Json& value) {
  json[key] = value;
  return json;
}
Json without(Json json, const std::string& key) {
  json.erase(key);
  return json;
}

}  // namespace

TEST_CASE("no scaling is the default type, and theta 10000 unless it is given") {
  for (const Json& json :
       {Json::object(), Json{{"rope_scaling", nullptr}}, Json{{"rope_parameters", nullptr}}}) {
    CHECK(read(json).type == RopeType::kDefault);
    CHECK(read(json).theta == 10000);
  }
  CHECK(read({{"rope_theta", 500000}}).theta == 500000);
  CHECK(read_scaling({{"rope_type", "default"}}).type == RopeType::kDefault);
}

TEST_CASE("the type is read from rope_type, or from the older type") {
  CHECK(read_scaling({{"type", "linear"}, {"factor", 2.0}}).type == RopeType::kLinear);
  CHECK(read_scaling({{"rope_type", "dynamic"}, {"type", "linear"}, {"factor", 3}}).type ==
        RopeType::kDynamic);
  CHECK(read_scaling({{"rope_type", "dynamic"}, {"factor", 3}}).factor == 3);
}

TEST_CASE("rope_parameters may hold theta and need no type") {
  const RopeScaling plain = read({{"rope_parameters", {{"rope_theta", 123.5}}}});
  CHECK(plain.type == RopeType::kDefault);
  CHECK(plain.theta == 123.5);
  const RopeScaling scaled =
      read({{"rope_theta", 7.0},
            {"rope_parameters", {{"rope_theta", 9.0}, {"rope_type", "linear"}, {"factor", 2.0}}}});
  CHECK(scaled.theta == 9);
  CHECK(scaled.factor == 2);
}

TEST_CASE("a type that is not known is named, with the nearest and all that are") {
  CHECK(scaling_refusal({{"rope_type", "yarm"}, {"factor", 2.0}}) ==
        "m.json: key 'rope_scaling.rope_type': found \"yarm\"; expected one of default, linear, "
        "dynamic, llama3, yarn, longrope; did you mean 'yarn'?");
  CHECK_THAT(scaling_refusal({{"type", "mrope"}}),
             contains("key 'rope_scaling.type': found \"mrope\"; expected one of default"));
  CHECK_THAT(scaling_refusal({{"type", 7}}), contains("a string"));
  CHECK_THAT(scaling_refusal({{"factor", 2.0}}), contains("key 'rope_scaling.rope_type'"));
  CHECK_THAT(scaling_refusal("linear"), contains("an object or null"));
}

TEST_CASE("scaling that is given twice, or of a part of each head, is refused") {
  CHECK_THAT(refusal({{"rope_scaling", {{"type", "default"}}},
                      {"rope_parameters", {{"rope_theta", 2.0}}}}),
             contains("one of the two"));
  CHECK_THAT(refusal({{"partial_rotary_factor", 0.5}}), contains("partial_rotary_factor"));
  CHECK_THAT(scaling_refusal({{"rope_type", "default"}, {"partial_rotary_factor", 0.5}}),
             contains("rope_scaling.partial_rotary_factor"));
  CHECK(refusal({{"partial_rotary_factor", 1.0}}).empty());
}

TEST_CASE("theta and factors have bounds") {
  CHECK_THAT(refusal({{"rope_theta", 1.0}}), contains("key 'rope_theta': found 1.0"));
  CHECK_THAT(refusal({{"rope_theta", 1e13}}), contains("a number from 1.001 to"));
  for (const char* type : {"linear", "dynamic"}) {
    CHECK_THAT(scaling_refusal({{"rope_type", type}}), contains("key 'rope_scaling.factor'"));
    CHECK_THAT(scaling_refusal({{"rope_type", type}, {"factor", 0.99}}), contains("found 0.99"));
    CHECK(scaling_refusal({{"rope_type", type}, {"factor", 1.0}}).empty());
    CHECK_THAT(scaling_refusal({{"rope_type", type}, {"factor", "2"}}), contains("a number from"));
  }
}

TEST_CASE("llama3 needs its four numbers in order") {
  const RopeScaling scaling = read_scaling(kLlama3);
  CHECK(scaling.factor == 8);
  CHECK(scaling.low_freq_factor == 1);
  CHECK(scaling.high_freq_factor == 4);
  CHECK(scaling.original_positions == 16);
  for (const char* key :
       {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}) {
    CHECK_THAT(scaling_refusal(without(kLlama3, key)),
               contains("key 'rope_scaling." + std::string(key) + "'"));
  }
  CHECK_THAT(scaling_refusal(with(kLlama3, "high_freq_factor", 1.0)),
             contains("more than low_freq_factor = 1"));
}

TEST_CASE("yarn's options are read, and its factor is that of the positions where it is absent") {
  const Json yarn = {{"rope_type", "yarn"}, {"original_max_position_embeddings", 16}};
  CHECK(read_scaling(yarn).factor == 4);
  CHECK(read_scaling(with(yarn, "factor", 3.0)).factor == 3);
  CHECK(read_scaling(without(yarn, "original_max_position_embeddings")).original_positions == 64);
  CHECK(read_scaling(yarn).original_positions == 16);
  CHECK(read_scaling(with(yarn, "beta_fast", 16)).beta_fast == 16);
  CHECK(read_scaling(with(yarn, "beta_slow", 2)).beta_slow == 2);
  CHECK(read_scaling(with(yarn, "mscale", 0.5)).mscale == 0.5);
  CHECK(read_scaling(with(yarn, "mscale_all_dim", 0.25)).mscale_all_dim == 0.25);
  CHECK(read_scaling(yarn).truncate);
  CHECK_FALSE(read_scaling(with(yarn, "truncate", false)).truncate);
  CHECK_FALSE(read_scaling(yarn).attention_factor);
  CHECK(read_scaling(with(yarn, "attention_factor", 1.5)).attention_factor == 1.5);
  CHECK_THAT(scaling_refusal(with(yarn, "beta_fast", 0.5)), contains("at least beta_slow = 1"));
}

TEST_CASE("longrope needs a factor per pair of columns, twice") {
  const Json lists = {{"rope_type", "longrope"},
                      {"short_factor", {1.0, 2.0}},
                      {"long_factor", {3, 4.5}},
                      {"original_max_position_embeddings", 16}};
  const RopeScaling scaling = read_scaling(lists);
  CHECK(scaling.short_factor == std::vector<double>{1, 2});
  CHECK(scaling.long_factor == std::vector<double>{3, 4.5});
  CHECK(scaling.factor == 4);
  CHECK(read_scaling(with(lists, "attention_factor", 1.5)).attention_factor == 1.5);
  CHECK_THAT(scaling_refusal(with(lists, "long_factor", {1.0})),
             contains("key 'rope_scaling.long_factor': found 1 entries; expected a list of 2"));
  CHECK_THAT(scaling_refusal(with(lists, "long_factor", {1.0, "x"})), contains("\"x\" as entry 1"));
  CHECK_THAT(scaling_refusal(with(lists, "short_factor", {0.0, 1.0})), contains("0.0 as entry 0"));
  CHECK_THAT(scaling_refusal(without(lists, "short_factor")), contains("short_factor"));
  CHECK_THAT(scaling_refusal(with(lists, "original_max_position_embeddings", 1)),
             contains("at least 2"));
}

TEST_CASE("longrope's original length may lie beside rope_scaling") {
  const Json lists = {{"rope_type", "longrope"}, {"short_factor", {1, 1}}, {"long_factor", {2, 2}}};
  CHECK(
      read({{"original_max_position_embeddings", 8}, {"rope_scaling", lists}}).original_positions ==
      8);
}
