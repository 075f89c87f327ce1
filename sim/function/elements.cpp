// SPDX-License-Identifier: Apache-2.0
#include "sim/function/elements.hpp"

#include <cassert>
#include <cstring>

#include "isa/numerics.hpp"

namespace systole {
namespace {

// Memory holds bytes whose type changes from instruction to instruction: only memcpy reads and
// writes it, which compilers turn into plain (vector) loads and stores.
template <class T>
T get(const std::byte* from, std::int64_t k) {
  T value;
  std::memcpy(&value, from + k * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
void put(std::byte* to, std::int64_t k, T value) {
  std::memcpy(to + k * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
}

template <class F>
void load_fp8(const std::byte* from, std::int64_t count, float* to) {
  for (std::int64_t k = 0; k < count; ++k) {
    to[k] = static_cast<float>(F::from_bits(get<std::uint8_t>(from, k)));
  }
}

template <class F>
void store_fp8(const float* from, std::int64_t count, std::byte* to) {
  for (std::int64_t k = 0; k < count; ++k) put(to, k, F(from[k]).bits);
}

std::size_t bytes_of(std::int64_t count) { return static_cast<std::size_t>(count) * 4; }

}  // namespace

void load_row(DataType type, const std::byte* from, std::int64_t count, float* to) {
  switch (type) {
    case DataType::kInt8:
      for (std::int64_t k = 0; k < count; ++k) to[k] = get<std::int8_t>(from, k);
      return;
    case DataType::kInt32:
      for (std::int64_t k = 0; k < count; ++k) {
        to[k] = static_cast<float>(get<std::int32_t>(from, k));
      }
      return;
    case DataType::kBf16:
      for (std::int64_t k = 0; k < count; ++k) {
        to[k] = static_cast<float>(Bf16::from_bits(get<std::uint16_t>(from, k)));
      }
      return;
    case DataType::kFp8E4m3: return load_fp8<Fp8E4m3>(from, count, to);
    case DataType::kFp8E5m2: return load_fp8<Fp8E5m2>(from, count, to);
    case DataType::kFp32: std::memcpy(to, from, bytes_of(count)); return;
  }
}

void load_row(DataType type, const std::byte* from, std::int64_t count, std::int32_t* to) {
  switch (type) {
    case DataType::kInt8:
      for (std::int64_t k = 0; k < count; ++k) to[k] = get<std::int8_t>(from, k);
      return;
    case DataType::kInt32: std::memcpy(to, from, bytes_of(count)); return;
    case DataType::kBf16:
    case DataType::kFp8E4m3:
    case DataType::kFp8E5m2:
    case DataType::kFp32: break;
  }
  assert(false && "an integer row of a floating-point type");
}

void store_row(DataType type, const float* from, std::int64_t count, std::byte* to) {
  switch (type) {
    case DataType::kInt8:
      for (std::int64_t k = 0; k < count; ++k) {
        put(to, k, static_cast<std::int8_t>(round_saturated(from[k], type)));
      }
      return;
    case DataType::kInt32:
      for (std::int64_t k = 0; k < count; ++k) put(to, k, round_saturated(from[k], type));
      return;
    case DataType::kBf16:
      for (std::int64_t k = 0; k < count; ++k) put(to, k, Bf16(from[k]).bits);
      return;
    case DataType::kFp8E4m3: return store_fp8<Fp8E4m3>(from, count, to);
    case DataType::kFp8E5m2: return store_fp8<Fp8E5m2>(from, count, to);
    case DataType::kFp32: std::memcpy(to, from, bytes_of(count)); return;
  }
}

void store_row(DataType type, const std::int32_t* from, std::int64_t count, std::byte* to) {
  switch (type) {
    case DataType::kInt8:
      for (std::int64_t k = 0; k < count; ++k) {
        put(to, k, static_cast<std::int8_t>(saturated(from[k], type)));
      }
      return;
    case DataType::kInt32: std::memcpy(to, from, bytes_of(count)); return;
    case DataType::kBf16:
    case DataType::kFp8E4m3:
    case DataType::kFp8E5m2:
    case DataType::kFp32: break;
  }
  assert(false && "an integer row of a floating-point type");
}

double load_element(DataType type, const std::byte* from) {
  switch (type) {
    case DataType::kInt8: return get<std::int8_t>(from, 0);
    case DataType::kInt32: return get<std::int32_t>(from, 0);
    case DataType::kBf16: return static_cast<float>(Bf16::from_bits(get<std::uint16_t>(from, 0)));
    case DataType::kFp8E4m3:
      return static_cast<float>(Fp8E4m3::from_bits(get<std::uint8_t>(from, 0)));
    case DataType::kFp8E5m2:
      return static_cast<float>(Fp8E5m2::from_bits(get<std::uint8_t>(from, 0)));
    case DataType::kFp32: return get<float>(from, 0);
  }
  return 0;
}

}  // namespace systole
