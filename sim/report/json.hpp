// SPDX-License-Identifier: Apache-2.0
// The result as one JSON object, schema systole.result/1. The same run gives the same bytes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sim/report/result.hpp"

namespace systole {

inline constexpr std::string_view kResultSchema = "systole.result/1";

nlohmann::ordered_json result_json(const RunResult& result);

// Indented, with a newline at its end.
std::string result_json_text(const RunResult& result);

// Shapes, types, digests and file names of the tensors in a report folder.
std::string tensors_json_text(const RunResult& result);

// The file of copy `copy` of an output in a report folder: "tensors/logits.bin", or
// "tensors/logits@3.bin" where it has several. Characters that are not safe in a file name become
// '_', and `position` (among the outputs) keeps such names apart.
std::string tensor_file_name(const OutputResult& output, std::size_t position, std::int64_t copy);

}  // namespace systole
