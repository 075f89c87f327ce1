// SPDX-License-Identifier: Apache-2.0
// The GPT-2 family (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019).
#pragma once

#include <string_view>

#include "compiler/config_reader.hpp"
#include "compiler/import.hpp"

namespace systole {

// Embeddings, n_layer layers as the repeated section, and the output head for each sequence's last
// position. Prefill attends within the packed q, k, v; decode appends to KV caches. Precondition:
// check_scenario() has passed. Errors: exit status 3.
Graph import_gpt2(const ConfigReader& read, std::string_view name, const Scenario& scenario);

}  // namespace systole
