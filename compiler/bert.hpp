// SPDX-License-Identifier: Apache-2.0
// BERT (Devlin et al., arXiv 1810.04805).
#pragma once

#include <string_view>

#include "compiler/config_reader.hpp"
#include "compiler/import.hpp"

namespace systole {

// The encoder, with its layers as the repeated section, and what `architectures` puts on it:
// BertModel (also where the key is absent) the hidden states and the pooler's output;
// BertForMaskedLM logits of every position, as the model computes them; BertForPreTraining those
// and the pooler's two logits. All tokens are of type 0. Precondition: check_scenario() has
// passed. Errors: exit status 3, for decode as well.
Graph import_bert(const ConfigReader& read, std::string_view name, const Scenario& scenario);

}  // namespace systole
