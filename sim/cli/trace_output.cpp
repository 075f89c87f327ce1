// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/trace_output.hpp"

namespace systole {

TraceOutput::TraceOutput(const std::string& path) {
  const Uninterrupted section;
  file_.emplace(path);
  removed_.emplace(file_->temporary());
}

TraceOutput::~TraceOutput() {
  const Uninterrupted section;
  file_.reset();
  removed_.reset();
}

void TraceOutput::commit() {
  const Uninterrupted section;
  file_->commit();
  removed_.reset();
}

}  // namespace systole
