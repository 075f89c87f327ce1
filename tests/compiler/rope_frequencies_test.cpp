// SPDX-License-Identifier: Apache-2.0
// The numbers expected were computed apart from this code, in double precision, from the formulas
// of the sources that compiler/rope_frequencies.cpp names.
#include "compiler/rope_frequencies.hpp"

#include <cmath>

#include "catch.hpp"

using namespace systole;

namespace {

RopeScaling rope(RopeType type, double theta, std::int64_t head_dim, std::int64_t positions) {
  RopeScaling scaling;
  scaling.type = type;
  scaling.theta = theta;
  scaling.head_dim = head_dim;
  scaling.max_positions = scaling.original_positions = positions;
  return scaling;
}

void require_near(double got, double expected) {
  INFO(got << " for " << expected);
  REQUIRE(std::abs(got - expected) <= 1e-12 * std::abs(expected));
}

void require_all_near(const std::vector<double>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) require_near(got[i], expected[i]);
}

}  // namespace

TEST_CASE("unscaled frequencies fall from 1 by powers of theta") {
  require_all_near(rope_frequencies(rope(RopeType::kDefault, 10000, 8, 16), 16),
                   {1.0, 0.1, 0.01, 0.001});
  require_all_near(rope_frequencies(rope(RopeType::kDefault, 500, 6, 16), 99),
                   {1.0, 0.12599210498948732, 0.015874010519682});
}

TEST_CASE("linear scaling divides every frequency by the factor") {
  RopeScaling scaling = rope(RopeType::kLinear, 10000, 8, 16);
  scaling.factor = 2.5;
  require_all_near(rope_frequencies(scaling, 16), {0.4, 0.04, 0.004, 0.0004});
}

TEST_CASE("dynamic scaling starts one token beyond the trained length") {
  RopeScaling scaling = rope(RopeType::kDynamic, 10000, 8, 16);
  scaling.factor = 4;
  for (const std::int64_t within : {1, 15, 16}) {
    require_all_near(rope_frequencies(scaling, within), {1.0, 0.1, 0.01, 0.001});
  }
  require_all_near(rope_frequencies(scaling, 17),
                   {1.0, 0.09283177667225559, 0.008617738760127535, 0.0008});
  require_all_near(rope_frequencies(scaling, 40),
                   {1.0, 0.052275795857471025, 0.0027327588325319844, 0.00014285714285714287});
}

TEST_CASE("dynamic scaling leaves heads of one pair as they are") {
  RopeScaling scaling = rope(RopeType::kDynamic, 10000, 2, 16);
  scaling.factor = 4;
  require_all_near(rope_frequencies(scaling, 40), {1.0});
}

TEST_CASE("Llama 3.1 keeps short waves, stretches long ones and blends those between") {
  RopeScaling scaling = rope(RopeType::kLlama3, 500000, 128, 131072);
  scaling.original_positions = 8192;
  scaling.factor = 8;
  const std::vector<double> got = rope_frequencies(scaling, 2048);
  REQUIRE(got.size() == 64);
  const std::vector<std::pair<std::size_t, double>> expected{
      {0, 1.0},
      {16, 0.03760603093086393},
      {28, 0.0032114459947525913},
      {29, 0.002166570763503359},
      {32, 0.0005248461609929547},
      {35, 9.556212353964683e-05},
      {36, 7.78465527393245e-05},
      {63, 3.068925988914511e-07},
  };
  for (const auto& [pair, value] : expected) require_near(got[pair], value);
}

TEST_CASE("yarn keeps fast pairs, stretches slow ones and ramps between them") {
  RopeScaling qwen = rope(RopeType::kYarn, 1e6, 128, 32768);
  qwen.factor = 4;
  const std::vector<double> got = rope_frequencies(qwen, 2048);
  const std::vector<std::pair<std::size_t, double>> expected{
      {0, 1.0},
      {23, 0.006978305848598663},
      {24, 0.005375321490790102},
      {30, 0.0010643609812470017},
      {39, 6.490394320837028e-05},
      {40, 4.445698525097307e-05},
      {50, 5.133812566142866e-06},
      {63, 3.102344401879299e-07},
  };
  for (const auto& [pair, value] : expected) require_near(got[pair], value);

  RopeScaling low = rope(RopeType::kYarn, 100, 12, 16);  // the ramp begins below pair 0
  low.factor = 4;
  require_all_near(rope_frequencies(low, 5), {1.0, 0.29009930210079865, 0.0538608672507971, 0.025,
                                              0.01160397208403195, 0.005386086725079708});
}

TEST_CASE("yarn's ramp moves with its betas and with truncation") {
  RopeScaling scaling = rope(RopeType::kYarn, 10000, 16, 2048);
  scaling.factor = 4;
  require_all_near(rope_frequencies(scaling, 5),
                   {1.0, 0.31622776601683794, 0.1, 0.02569350598886808, 0.00625,
                    0.0013834964763236657, 0.00025, 7.905694150420948e-05});
  scaling.truncate = false;
  require_all_near(rope_frequencies(scaling, 5),
                   {1.0, 0.31622776601683794, 0.1, 0.023870192321736323, 0.005056971521129435,
                    0.0008112903817014309, 0.00025, 7.905694150420948e-05});
  scaling.truncate = true;
  scaling.beta_fast = 16;
  scaling.beta_slow = 2;
  require_all_near(rope_frequencies(scaling, 5),
                   {1.0, 0.31622776601683794, 0.1, 0.023717082451262847, 0.005,
                    0.0007905694150420947, 0.00025, 7.905694150420948e-05});
}

TEST_CASE("longrope takes its short factors up to the original length and its long ones beyond") {
  RopeScaling scaling = rope(RopeType::kLongrope, 10000, 6, 64);
  scaling.original_positions = 16;
  scaling.short_factor = {1, 1.1, 1.3};
  scaling.long_factor = {1, 2.5, 4};
  require_all_near(rope_frequencies(scaling, 16),
                   {1.0, 0.04219626212375254, 0.0016572574538706803});
  require_all_near(rope_frequencies(scaling, 17),
                   {1.0, 0.01856635533445112, 0.0005386086725079711});
}

TEST_CASE("attention factors are those of the papers unless the file gives one") {
  for (const RopeType type :
       {RopeType::kDefault, RopeType::kLinear, RopeType::kDynamic, RopeType::kLlama3}) {
    RopeScaling scaling = rope(type, 10000, 8, 16);
    scaling.factor = 4;
    CHECK(rope_attention_factor(scaling) == 1);
  }
  RopeScaling yarn = rope(RopeType::kYarn, 10000, 8, 16);
  CHECK(rope_attention_factor(yarn) == 1);
  yarn.factor = 4;
  require_near(rope_attention_factor(yarn), 1.138629436111989);
  yarn.factor = 40;
  yarn.mscale = 1;
  yarn.mscale_all_dim = 0.707;
  require_near(rope_attention_factor(yarn), 1.0857263992561355);
  yarn.attention_factor = 1.5;
  CHECK(rope_attention_factor(yarn) == 1.5);

  RopeScaling longrope = rope(RopeType::kLongrope, 10000, 8, 131072);
  longrope.original_positions = 4096;
  longrope.factor = 1;
  CHECK(rope_attention_factor(longrope) == 1);
  longrope.factor = 32;
  require_near(rope_attention_factor(longrope), 1.1902380714238083);
  longrope.attention_factor = 1.25;
  CHECK(rope_attention_factor(longrope) == 1.25);
}

TEST_CASE("linear, dynamic and yarn reach factor times the original positions") {
  for (const RopeType type : {RopeType::kLinear, RopeType::kDynamic, RopeType::kYarn}) {
    RopeScaling scaling = rope(type, 10000, 8, 100);
    scaling.factor = 4;
    CHECK(rope_positions(scaling) == 400);
    scaling.original_positions = 20;
    CHECK(rope_positions(scaling) == 100);
  }
  for (const RopeType type : {RopeType::kDefault, RopeType::kLlama3, RopeType::kLongrope}) {
    RopeScaling scaling = rope(type, 10000, 8, 100);
    scaling.factor = 4;
    CHECK(rope_positions(scaling) == 100);
  }
}
