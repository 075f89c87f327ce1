// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "compiler/evaluator_kernels.hpp"
#include "evaluator_bench.hpp"

using namespace systole;

namespace {

Matrix row_of_numbers(const std::vector<float>& numbers) {
  Matrix matrix = make_matrix(1, static_cast<std::int64_t>(numbers.size()), false);
  matrix.real = numbers;
  return matrix;
}

}  // namespace

TEST_CASE("rmsnorm divides each group by its root mean square, and multiplies by the gain") {
  const Values v = values_of(R"(input %x bf16[3, 12] scale=2 offset=1
weight %g bf16[1, 4] scale=1
%y = rmsnorm(%x, %g) {eps=0.25, groups=3}
output %y)");
  const auto x = seeded("x", 36, 2, 1), g = seeded("g", 4, 1);
  for (std::size_t group = 0; group < 9; ++group) {
    double squares = 0;
    for (std::size_t c = 0; c < 4; ++c) squares += x[group * 4 + c] * x[group * 4 + c];
    for (std::size_t c = 0; c < 4; ++c) {
      const double expected = x[group * 4 + c] / std::sqrt(squares / 4 + 0.25) * g[c];
      CHECK(v.at("y")[group * 4 + c] == Approx(expected).epsilon(1e-6).margin(1e-7));
    }
  }
}

TEST_CASE("an rmsnorm with a gain of one leaves rows of root mean square one, mean and all") {
  const Values v = values_of(R"(input %x bf16[4, 64] scale=2 offset=3
weight %one bf16[1, 64] scale=0 offset=1
%y = rmsnorm(%x, %one) {eps=0}
output %y)");
  for (std::size_t r = 0; r < 4; ++r) {
    double square = 0, sum = 0;
    for (std::size_t c = 0; c < 64; ++c) {
      square += v.at("y")[r * 64 + c] * v.at("y")[r * 64 + c] / 64;
      sum += v.at("y")[r * 64 + c] / 64;
    }
    CHECK(square == Approx(1).epsilon(1e-6));
    CHECK(sum > 0.5);
  }
}

TEST_CASE("a constant holds the cosine or sine of position times frequency") {
  const Values v = values_of(R"(input %zero fp32[3, 2] scale=0
constant %c fp32[3, 2] cos scale=0.5 offset=7 frequencies=[1, 0.125]
constant %s fp32[3, 2] sin offset=7 frequencies=[1, 0.125]
%y = add(%zero, %c)
%z = rows(%s) {first=1, step=1, count=2}
output %y, %z)");
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 2; ++c) {
      const double angle = (7 + static_cast<double>(r)) * (c == 0 ? 1 : 0.125);
      CHECK(v.at("y")[r * 2 + c] == Approx(0.5 * std::cos(angle)).epsilon(1e-6));
      if (r > 0) CHECK(v.at("z")[(r - 1) * 2 + c] == Approx(std::sin(angle)).epsilon(1e-6));
    }
  }
}

TEST_CASE("rope turns a head's halves by the angle: none at position 0, a right angle at 1") {
  const Values v = values_of(R"(input %x bf16[4, 12]
constant %c fp32[2, 3] cos frequencies=[1.5707963267948966, 0, 3.1415926535897931]
constant %s fp32[2, 3] sin frequencies=[1.5707963267948966, 0, 3.1415926535897931]
%y = rope(%x, %c, %s) {heads=2}
output %y)");
  const auto x = seeded("x", 48, 1);
  const auto& y = v.at("y");
  for (std::size_t r = 0; r < 4; ++r) {
    for (const std::size_t head : {r * 12, r * 12 + 6}) {
      for (std::size_t i = 0; i < 3; ++i) {
        const double a = x[head + i], b = x[head + 3 + i];
        double turned_a = a, turned_b = b;
        if (r % 2 == 1 && i == 0) turned_a = -b, turned_b = a;
        if (r % 2 == 1 && i == 2) turned_a = -a, turned_b = -b;
        CHECK(y[head + i] == Approx(turned_a).margin(1e-6));
        CHECK(y[head + 3 + i] == Approx(turned_b).margin(1e-6));
      }
    }
  }
}

TEST_CASE("rope keeps lengths, and products depend on the distance of positions alone") {
  const auto turned = [](std::int64_t position) {
    const std::string at = "offset=" + std::to_string(position) + " frequencies=[1, 0.3]\n";
    return values_of("input %q bf16[1, 4]\ninput %k bf16[1, 4]\nconstant %c fp32[1, 2] cos " + at +
                     "constant %s fp32[1, 2] sin " + at +
                     "%qr = rope(%q, %c, %s) {heads=1}\n%kr = rope(%k, %c, %s) {heads=1}\n"
                     "output %qr, %kr");
  };
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  const auto q = seeded("q", 4, 1);
  const Values at_5 = turned(5), at_2 = turned(2), at_1003 = turned(1003), at_1000 = turned(1000);
  CHECK(dot(at_5.at("qr"), at_5.at("qr")) == Approx(dot(q, q)).epsilon(1e-6));
  CHECK(at_5.at("qr") != at_2.at("qr"));
  const double product = dot(at_5.at("qr"), at_2.at("kr"));
  CHECK(dot(at_1003.at("qr"), at_1000.at("kr")) == Approx(product).epsilon(1e-5));
  CHECK(dot(at_1003.at("qr"), at_2.at("kr")) != Approx(product).epsilon(1e-2));
}

TEST_CASE("the largest magnitude of a row becomes 127, halves go to the even side") {
  Matrix x = row_of_numbers({254, -254, 1, 3, 5, -1, -3, 2.99F, 3.01F, 0});
  const Matrix scales = quantize_rows(x);
  REQUIRE(scales.real.size() == 1);
  CHECK(scales.real[0] == 2);
  CHECK(x.integer);
  CHECK(x.whole == std::vector<std::int32_t>{127, -127, 0, 2, 2, 0, -2, 1, 2, 0});
}

TEST_CASE("a row of zeros quantises to zeros") {
  Matrix x = row_of_numbers({0, -0.0F, 0});
  const Matrix scales = quantize_rows(x);
  CHECK(scales.real == std::vector<float>{0});
  CHECK(x.whole == std::vector<std::int32_t>{0, 0, 0});
}

TEST_CASE("the smallest and the largest rows still use the whole range") {
  for (const float largest : {1e-25F, 1e-3F, 1e30F, std::numeric_limits<float>::max()}) {
    INFO(largest);
    Matrix x = row_of_numbers({largest, -largest, largest / 4});
    quantize_rows(x);
    CHECK(x.whole == std::vector<std::int32_t>{127, -127, 32});
  }
}

TEST_CASE("a quantised row times its scale is within half a scale of the row") {
  const Values v = values_of(R"(input %x bf16[9, 33] scale=3 offset=1
%q, %s = quantize_rows(%x)
%y = mul(%q, %s)
output %q, %s, %y)");
  const auto x = seeded("x", 9 * 33, 3, 1);
  for (std::size_t r = 0; r < 9; ++r) {
    const double scale = v.at("s")[r];
    double largest = 0, largest_whole = 0;
    for (std::size_t c = 0; c < 33; ++c) {
      const std::size_t at = r * 33 + c;
      largest = std::max(largest, std::abs(x[at]));
      largest_whole = std::max(largest_whole, std::abs(v.at("q")[at]));
      CHECK(std::abs(v.at("y")[at] - x[at]) <= scale / 2 * 1.0001);
      CHECK(v.at("y")[at] == Approx(v.at("q")[at] * scale));
    }
    CHECK(scale == Approx(largest / 127).epsilon(1e-6));
    CHECK(largest_whole == 127);
  }
}

TEST_CASE("a fused norm quantises what it has in fp32, a norm alone what it wrote") {
  const std::string head =
      "input %x bf16[5, 24]\nweight %g bf16[1, 24] scale=0.5 offset=1\n"
      "weight %b bf16[1, 24] scale=0.5\n";
  for (const std::string norm :
       {"rmsnorm(%x, %g) {eps=1e-5}", "layernorm(%x, %g, %b) {eps=1e-5}"}) {
    const std::string fused = head + "%q, %s = " + norm + " then quantize_rows() output %q, %s";
    const std::string parts = head + "%n = " + norm + "\n%q, %s = quantize_rows(%n) output %q, %s";
    const std::string wide =
        head + "%n = " + norm + " : fp32[5, 24]\n%q, %s = quantize_rows(%n) output %q, %s";
    const Values exact = values_of(fused, Precision::kFp32);
    const Values rounded = values_of(fused, Precision::kBf16PerOp);
    for (const char* result : {"q", "s"}) {
      CHECK(values_of(parts, Precision::kFp32).at(result) == exact.at(result));
      CHECK(rounded.at(result) == exact.at(result));
      CHECK(values_of(wide, Precision::kBf16PerOp).at(result) == exact.at(result));
    }
    CHECK(values_of(parts, Precision::kBf16PerOp).at("s") != exact.at("s"));
  }
}

TEST_CASE("a number per row serves its row, also of whole numbers and in an epilogue") {
  const Values v = values_of(R"(input %i int8[4, 6] scale=9
input %j int8[6, 3] scale=9
input %s fp32[4, 1]
input %t int32[4, 1] scale=20
%p = matmul(%i, %j)
%y = mul(%p, %s)
%z = gemm(%i, %j) then mul(%s) : fp32[4, 3]
%m = max(%p, %t)
output %y, %z, %m)");
  const SeededTensor s(kSeed, "s", 0), t(kSeed, "t", 0);
  for (std::int64_t r = 0; r < 4; ++r) {
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto at = static_cast<std::size_t>(r * 3 + c);
      const double p = v.at("p")[at];
      CHECK(v.at("y")[at] == Approx(p * static_cast<double>(s.real(r, 1, 0))));
      CHECK(v.at("m")[at] == std::max(p, static_cast<double>(t.integer(r, 20, 0))));
    }
  }
  CHECK(v.at("y") == v.at("z"));
}
