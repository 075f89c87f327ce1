// SPDX-License-Identifier: Apache-2.0
// The names of the models in workloads/models, and what of them may be left out when typing one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace systole {

// A file `<organisation>--<name>.json`, or `<name>.json`.
struct ModelName {
  std::string stem;  // "meta-llama--Meta-Llama-3-8B"

  std::string hub() const;           // "meta-llama/Meta-Llama-3-8B"
  std::string organisation() const;  // "meta-llama", or ""
  std::string name() const;          // "Meta-Llama-3-8B"
};

// Models in workloads/models, sorted.
std::vector<ModelName> model_names();
std::filesystem::path path_of(const ModelName& model);

// The model of `known` that `text` names, in capitals or not: its stem, its name on the hub, or one
// of these without some of: the organisation; `meta-` at the start of the name; `-hf`, `-instruct`
// and a version such as `-v0.1` at its end. Of several models, the one of which least was left out.
// Error kUsage where that are several (with all of them), or none (with the nearest name).
ModelName find_model(const std::string& text, const std::vector<ModelName>& known);

// The shortest text with which find_model finds `model`, in small letters.
std::string short_name(const ModelName& model, const std::vector<ModelName>& known);

}  // namespace systole
