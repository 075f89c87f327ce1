// SPDX-License-Identifier: Apache-2.0
#include "compiler/stored_tensor.hpp"

#include "isa/numerics.hpp"

namespace systole {

float StoredTensor::real(std::int64_t element) const {
  if (tensor_.role == TensorRole::kConstant) {
    const std::int64_t row = element / tensor_.cols;
    const auto col = static_cast<std::size_t>(element % tensor_.cols);
    return wave(tensor_.fill, tensor_.scale, tensor_.offset + static_cast<double>(row),
                tensor_.frequencies[col]);
  }
  return rounded_to(tensor_.type, draw_.real(element, tensor_.scale, tensor_.offset));
}

std::int32_t StoredTensor::whole(std::int64_t element) const {
  return static_cast<std::int32_t>(draw_.integer(element, tensor_.scale, tensor_.offset));
}

}  // namespace systole
