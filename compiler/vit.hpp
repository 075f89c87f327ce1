// SPDX-License-Identifier: Apache-2.0
// The Vision Transformer (Dosovitskiy et al., arXiv 2010.11929).
#pragma once

#include <string_view>

#include "compiler/config_reader.hpp"
#include "compiler/import.hpp"

namespace systole {

// The tokens of an image: its patches and the class token.
std::int64_t vit_sequence(const ConfigReader& read);

// The encoder, with its layers as the repeated section, and what `architectures` puts on it:
// ViTForImageClassification (also where the key is absent) the classifier on the class token,
// ViTModel the hidden states and the pooler's output. The input is one row of num_channels *
// patch_size^2 numbers per patch: cutting images into them is the host's work. The class token is
// the first of each image's. Precondition: check_scenario() has passed. Errors: exit status 3, for
// decode and a length that is not vit_sequence() as well.
Graph import_vit(const ConfigReader& read, std::string_view name, const Scenario& scenario);

}  // namespace systole
