// SPDX-License-Identifier: Apache-2.0
#include "sim/report/gpus.hpp"

#include "catch.hpp"
#include "isa/error.hpp"

using namespace systole;

namespace {

const std::string kGood = R"({
  "name": "x1", "aliases": ["x1-sxm"], "title": "X1", "peak_tflops": {"bf16": 100},
  "bandwidth_gb_per_s": 2000, "memory_gb": 80, "tdp_w": 400, "basis": "data sheet",
  "sources": {"peak": ["a", "b"], "bandwidth": ["b"], "tdp": ["c"]}})";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("every GPU of the contract is there, with figures and sources") {
  std::vector<std::string> names;
  for (const Gpu& gpu : load_gpus()) {
    names.push_back(gpu.name);
    CHECK(gpu.peak_int8 >= gpu.peak_bf16);
    // Hopper and Blackwell multiply fp8 at twice the rate of bf16, those before do not.
    const bool before = gpu.name == "a100" || gpu.name == "ascend-910b";
    CHECK(gpu.peak_fp8 == Approx(before ? 0 : 2 * gpu.peak_bf16).epsilon(0.001));
    for (const auto& sources : {gpu.peak_sources, gpu.bandwidth_sources, gpu.tdp_sources}) {
      CHECK_FALSE(sources.empty());
    }
  }
  CHECK(names ==
        std::vector<std::string>{"a100", "ascend-910b", "b200", "h100", "h20", "h200", "h800"});
}

TEST_CASE("figures are read in their units") {
  const Gpu gpu = parse_gpu(kGood, "x1.json");
  CHECK(gpu.peak(DataType::kBf16) == 100e12);
  CHECK(gpu.peak(DataType::kInt8) == 0);
  CHECK(gpu.peak(DataType::kFp8E4m3) == 0);
  const Gpu fp8 = parse_gpu(with("{\"bf16\": 100}", "{\"bf16\": 100, \"fp8\": 250}"), "x1.json");
  CHECK(fp8.peak(DataType::kFp8E4m3) == 250e12);
  CHECK(fp8.peak(DataType::kFp8E5m2) == 250e12);
  CHECK(gpu.bandwidth == 2000e9);
  CHECK(gpu.tdp == 400);
  CHECK(gpu.peak_sources == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a GPU is found by name or alias in any case") {
  const std::vector<Gpu> gpus = load_gpus();
  CHECK(find_gpu(gpus, "H100").name == "h100");
  CHECK(find_gpu(gpus, "h100-SXM5-80GB").name == "h100");
  CHECK(find_gpu(gpus, "910b").name == "ascend-910b");
}

TEST_CASE("an unknown GPU is a usage error with the nearest name") {
  const std::vector<Gpu> gpus = load_gpus();
  const std::string message = message_of([&] { find_gpu(gpus, "h101"); });
  CHECK(message.find("'h101'") != std::string::npos);
  CHECK(message.find("did you mean 'h100'?") != std::string::npos);
  CHECK(message_of([&] { find_gpu(gpus, "radeon"); }).find("h200") != std::string::npos);
}

TEST_CASE("a list of GPUs keeps its order and has each GPU once") {
  const std::vector<Gpu> gpus = load_gpus();
  const std::vector<Gpu> two = select_gpus(gpus, "h20,H100");
  REQUIRE(two.size() == 2);
  CHECK(two[0].name == "h20");
  CHECK(two[1].name == "h100");
  CHECK_THROWS_AS(select_gpus(gpus, "h100,h100-sxm"), Error);
  CHECK_THROWS_AS(select_gpus(gpus, "h100,"), Error);
  CHECK_THROWS_AS(select_gpus(gpus, ""), Error);
}

TEST_CASE("a GPU file that is wrong says where and what") {
  CHECK(message_of([] { parse_gpu("{", "x.json"); }).find("x.json") == 0);
  CHECK(message_of([] { parse_gpu("[]", "x.json"); }).find("array") != std::string::npos);
  CHECK(message_of([] { parse_gpu(with("\"tdp_w\": 400,", ""), "x.json"); }).find("tdp_w") !=
        std::string::npos);
  CHECK(message_of([] { parse_gpu(with("400", "-1"), "x.json"); }).find("-1") != std::string::npos);
  CHECK(message_of([] { parse_gpu(with("400", "\"400 W\""), "x.json"); }).find("400 W") !=
        std::string::npos);
  CHECK(message_of([] { parse_gpu(with("[\"x1-sxm\"]", "[7]"), "x.json"); }).find("alias") !=
        std::string::npos);
  CHECK(message_of([] { parse_gpu(with("[\"x1-sxm\"]", "\"x\""), "x.json"); }).find("no list") !=
        std::string::npos);
  for (const char* sources : {"[]", "\"b\"", "[7]"}) {
    const std::string file = with("[\"b\"]", sources);
    CHECK(message_of([&] { parse_gpu(file, "x.json"); }).find("'bandwidth': ") !=
          std::string::npos);
  }
  const std::string unknown =
      message_of([] { parse_gpu(with("\"memory_gb\"", "\"tdp\": 1, \"memory_gb\""), "x.json"); });
  CHECK(unknown.find("unknown key 'tdp'") != std::string::npos);
}
