// SPDX-License-Identifier: Apache-2.0
// What of a config.json of Gemma 2 or 3 shapes the computation.
#pragma once

#include "compiler/llama_config.hpp"

namespace systole {

// model_type gemma2, gemma3_text, or gemma3: of the last the object text_config is read, and the
// vision tower is left out. Keys that are absent have transformers' defaults, but for sizes, which
// must be there. Errors: exit status 3.
LlamaConfig read_gemma(const ConfigReader& read);

}  // namespace systole
