// SPDX-License-Identifier: Apache-2.0
#include "sim/function/memory_image.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "isa/error.hpp"

namespace systole {
namespace {

std::size_t mapped_size(Bytes size) { return static_cast<std::size_t>(std::max<Bytes>(size, 1)); }

// Untouched zero pages. Nothing is reserved: split HBM has a core's share far behind the others'.
std::byte* zeroed(Bytes size) {
  void* const bytes = ::mmap(nullptr, mapped_size(size), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return bytes == MAP_FAILED ? nullptr : static_cast<std::byte*>(bytes);
}

}  // namespace

MemoryImage::MemoryImage(std::string name, Bytes size)
    : name_(std::move(name)), size_(size), bytes_(zeroed(size), Unmap{mapped_size(size)}) {
  assert(size >= 0);
  if (!bytes_) {
    bad_input(name_, fmt::format("an image of {} bytes", size),
              "one that fits into this host's memory");
  }
}

void MemoryImage::Unmap::operator()(std::byte* bytes) const { ::munmap(bytes, size); }

void MemoryImage::check(const Region& region) const {
  assert(!region.empty());
  const Bytes after = size_ - region.row_bytes;  // last byte at which a row may begin
  const bool inside = region.begin >= 0 && region.begin <= after && region.pitch >= 0 &&
                      (region.rows == 1 || region.pitch == 0 ||
                       region.rows - 1 <= (after - region.begin) / region.pitch);
  if (!inside) {
    bad_input(name_,
              fmt::format("an access to {} rows of {} bytes, {} bytes apart, from byte {}",
                          region.rows, region.row_bytes, region.pitch, region.begin),
              fmt::format("accesses within its {} bytes", size_));
  }
}

Rows MemoryImage::rows(const Region& region) {
  check(region);
  return {bytes_.get() + region.begin, region.pitch};
}

ConstRows MemoryImage::rows(const Region& region) const {
  check(region);
  return {bytes_.get() + region.begin, region.pitch};
}

}  // namespace systole
