// SPDX-License-Identifier: Apache-2.0
// The Llama family: Llama 2 (arXiv 2307.09288) and 3 (2407.21783), Mistral (2310.06825), Qwen 2 and
// 2.5 (2407.10671), Qwen 3 dense (2505.09388).
#pragma once

#include <string_view>

#include "compiler/config_reader.hpp"
#include "compiler/import.hpp"

namespace systole {

// Embedding, layers as the repeated section (each leaves its K and V in caches, in prefill as in
// decode), and the output head for each sequence's last position. Precondition: check_scenario()
// has passed, and model_type is llama, mistral, qwen2 or qwen3. Errors: exit status 3.
Graph import_llama(const ConfigReader& read, std::string_view name, const Scenario& scenario);

}  // namespace systole
