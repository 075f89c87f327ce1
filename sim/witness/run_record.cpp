// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/run_record.hpp"

#include <cstring>
#include <type_traits>

#include "sim/function/symbols.hpp"

namespace systole {
namespace {

class Writer {
 public:
  template <class T>
  void plain(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(const std::string& text) {
    plain(text.size());
    bytes_ += text;
  }
  template <class T>
  void list(const std::vector<T>& list) {
    plain(list.size());
    for (const T& entry : list) plain(entry);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  void plain(T& value) {
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
  }
  void text(std::string& text) { text = take(size()); }
  template <class T>
  void list(std::vector<T>& list) {
    list.resize(size());
    for (T& entry : list) plain(entry);
  }

 private:
  std::size_t size() {
    std::size_t size = 0;
    plain(size);
    return size;
  }
  std::string_view take(std::size_t count) {
    const std::string_view part = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return part;
  }

  std::string_view bytes_;
};

}  // namespace

std::string to_bytes(const RunRecord& record) {
  Writer writer;
  writer.text(record.error);
  writer.plain(record.cycles);
  writer.list(record.instructions);
  writer.list(record.times);
  writer.list(record.actions);
  writer.plain(record.has_values);
  writer.text(record.values);
  return writer.take();
}

RunRecord record_from_bytes(std::string_view bytes) {
  Reader reader(bytes);
  RunRecord record;
  reader.text(record.error);
  reader.plain(record.cycles);
  reader.list(record.instructions);
  reader.list(record.times);
  reader.list(record.actions);
  reader.plain(record.has_values);
  reader.text(record.values);
  return record;
}

std::string written_bytes(const Program& program, const MemoryImage& hbm) {
  std::string bytes;
  for (const Symbol& symbol : program.symbols) {
    if (is_read_only(symbol.role)) continue;
    for (std::int64_t copy = 0; copy < symbol.count; ++copy) {
      bytes += symbol_bytes(symbol, copy, hbm);
    }
  }
  return bytes;
}

}  // namespace systole
