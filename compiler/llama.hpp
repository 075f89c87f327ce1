// SPDX-License-Identifier: Apache-2.0
// The Llama family: Llama 2 (arXiv 2307.09288) and 3 (2407.21783), Mistral (2310.06825), Phi-3
// (2404.14219), Qwen 2 and 2.5 (2407.10671), Qwen 3 dense (2505.09388), Seed-OSS; and Gemma 2
// (2408.00118) and 3 (2503.19786), whose layers have norms after attention and MLP, too.
#pragma once

#include <string_view>

#include "compiler/config_reader.hpp"
#include "compiler/import.hpp"

namespace systole {

// Embedding, layers as repeated sections (each leaves its K and V in caches, in prefill as in
// decode), and the output head for each sequence's last position. Precondition: check_scenario()
// has passed, and model_type is one of llama_config.cpp's table. Errors: exit status 3.
Graph import_llama(const ConfigReader& read, std::string_view name, const Scenario& scenario);

// The same for model_type gemma2, gemma3_text, or gemma3, of which the text part is taken.
Graph import_gemma(const ConfigReader& read, std::string_view name, const Scenario& scenario);

}  // namespace systole
