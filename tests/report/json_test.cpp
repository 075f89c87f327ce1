// SPDX-License-Identifier: Apache-2.0
#include "sim/report/json.hpp"

#include "catch.hpp"
#include "report/sample.hpp"

using namespace systole;
using Json = nlohmann::ordered_json;

TEST_CASE("the result has every key of its schema") {
  RunResult result = sample_result();
  result.baselines.push_back({"h100", "rated", 1.5, 0.25, "by hand"});
  const Json json = result_json(result);
  for (const char* key : {"chip", "workload", "cores_used", "cycles", "time_us", "macs", "flops",
                          "tokens_per_s", "utilization", "bound_by", "units", "hbm_bytes",
                          "energy_j", "power_w", "ops", "baselines"}) {
    CHECK(json.contains(key));
  }
  CHECK(json["schema"] == "systole.result/1");
  CHECK(json["workload"] == "sample work");
  CHECK(json["cycles"] == 1000);
  CHECK(json["time_us"].get<double>() == Approx(1));
  CHECK(json["macs"] == 8000);
  CHECK(json["flops"] == 16000);
  CHECK(json["tokens_per_s"].get<double>() == Approx(100e6));
  CHECK(json["bound_by"] == "mxu");
  CHECK(json["hbm_bytes"]["read"] == 1152);
  CHECK(json["hbm_bytes"]["write"] == 448);
  CHECK(json["baselines"][0]["kind"] == "rated");
  CHECK(json["baselines"][0]["energy_j"] == 0.25);
}

TEST_CASE("the scenario has a sequence in prefill and a context in decode") {
  RunResult result = sample_result();
  CHECK(result_json(result)["scenario"] == Json::object());
  result.scenario = {"prefill", 2, 50, 0, "bf16"};
  CHECK(result_json(result)["scenario"] ==
        Json{{"phase", "prefill"}, {"batch", 2}, {"seq", 50}, {"dtype", "bf16"}});
  result.scenario = {"decode", 1, 0, 2048, "int8"};
  CHECK(result_json(result)["scenario"] ==
        Json{{"phase", "decode"}, {"batch", 1}, {"context", 2048}, {"dtype", "int8"}});
}

TEST_CASE("whole numbers are printed as whole numbers, and units add up to the cycles") {
  const Json json = result_json(sample_result());
  for (const auto& [unit, reasons] : json["units"].items()) {
    Cycles sum = 0;
    for (const auto& [reason, cycles] : reasons.items()) {
      CHECK(cycles.is_number_integer());
      sum += cycles.get<Cycles>();
    }
    CHECK(sum == json["cycles"]);
  }
  CHECK(json["units"]["core0.mxu0"]["wait:core0.dma0"] == 200);
  CHECK(json["macs"].is_number_integer());
  CHECK(json["ops"][0]["hbm_bytes"].is_number_integer());
}

TEST_CASE("array_cycles are those of the MXUs whose arrays work") {
  CHECK(result_json(sample_result())["array_cycles"] == Json{{"core0.mxu0", 640}});
  Measurements idle = sample_measurements();
  idle.array_cycles.assign(5, 0);
  CHECK(result_json(sample_result(sample_program(), idle))["array_cycles"] == Json::object());
}

TEST_CASE("the ops' cycles and MACs add up to the run's") {
  const Json json = result_json(sample_result());
  Cycles cycles = 0;
  std::int64_t macs = 0;
  for (const Json& op : json["ops"]) {
    cycles += op["cycles"].get<Cycles>();
    macs += op["macs"].get<std::int64_t>();
  }
  CHECK(cycles == json["cycles"]);
  CHECK(macs == json["macs"]);
  CHECK(json["ops"][0]["bound_cycles"] == 500);
  CHECK(json["ops"][0]["mxu_utilization"].get<double>() == Approx(500.0 / 800));
}

TEST_CASE("the energy components in JSON add up to its total, to the last bit") {
  const Json energy = result_json(sample_result())["energy_j"];
  double sum = 0;
  for (const auto& [component, joules] : energy.items()) {
    if (component != "total") sum += joules.get<double>();
  }
  CHECK(sum == energy["total"].get<double>());
}

TEST_CASE("tokens per second are there for models only") {
  Program program = sample_program();
  program.tokens = 0;
  const RunResult result = sample_result(program, sample_measurements());
  CHECK_FALSE(result_json(result).contains("tokens_per_s"));
}

TEST_CASE("the same result gives the same text, also with names that are no UTF-8") {
  RunResult result = sample_result();
  result.workload = "\xFF\xFE";
  CHECK(result_json_text(result) == result_json_text(result));
  CHECK(Json::parse(result_json_text(result))["workload"] == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("outputs and check are there where a run has them") {
  RunResult result = sample_result();
  CHECK_FALSE(result_json(result).contains("outputs"));
  result.outputs.push_back({"logits", DataType::kBf16, 1, 2, 3, "00ff"});
  result.check = CheckResult{false, "row 1"};
  const Json json = result_json(result);
  CHECK(json["outputs"][0]["digest"] == "00ff");
  CHECK(json["outputs"][0]["type"] == "bf16");
  CHECK(json["check"]["passed"] == false);
}

TEST_CASE("a tensor's file name is safe and its own") {
  const OutputResult plain{"logits", DataType::kBf16, 1, 1, 1, ""};
  CHECK(tensor_file_name(plain, 0, 0) == "tensors/logits.bin");
  const OutputResult stacked{"logits", DataType::kBf16, 4, 1, 1, ""};
  CHECK(tensor_file_name(stacked, 0, 3) == "tensors/logits@3.bin");
  const OutputResult path{"../a b", DataType::kBf16, 1, 1, 1, ""};
  CHECK(tensor_file_name(path, 2, 0) == "tensors/_._a_b~2.bin");
  const OutputResult none{"", DataType::kBf16, 1, 1, 1, ""};
  CHECK(tensor_file_name(none, 1, 0) == "tensors/~1.bin");
  const OutputResult hidden{".x", DataType::kBf16, 1, 1, 1, ""};
  CHECK(tensor_file_name(hidden, 1, 0) == "tensors/_x~1.bin");
}

TEST_CASE("the list of tensors names each file with shape, type and digest") {
  RunResult result = sample_result();
  result.outputs.push_back({"out", DataType::kFp32, 2, 3, 4, "ab"});
  const Json json = Json::parse(tensors_json_text(result));
  const Json& tensor = json["tensors"][0];
  CHECK(tensor["rows"] == 3);
  CHECK(tensor["cols"] == 4);
  CHECK(tensor["type"] == "fp32");
  CHECK(tensor["files"] == Json{"tensors/out@0.bin", "tensors/out@1.bin"});
}

TEST_CASE("a conservation law is printed with its numbers and how they must compare") {
  RunResult result = sample_result();
  CHECK(result_json(result)["conservation"] == Json::array());
  result.conservation.push_back({Law::kBursts, 3, 90, 96, std::nullopt});
  const Json law = result_json(result)["conservation"][0];
  CHECK(law["law"] == "hbm_bursts");
  CHECK(law["doc"] == row_of(Law::kBursts).doc);
  CHECK(law["unit"] == "bytes");
  CHECK(law["checks"] == 3);
  CHECK(law["found"] == 90);
  CHECK(law["relation"] == "at most");
  CHECK(law["bound"] == 96);
  CHECK(law["holds"] == true);
}
