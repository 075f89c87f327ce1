// SPDX-License-Identifier: Apache-2.0
#include "isa/names.hpp"

#include "catch.hpp"
#include "isa/data_type.hpp"

using namespace systole;

TEST_CASE("edit distance counts inserted, deleted and replaced characters") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("mxu", "mxu") == 0);
  CHECK(edit_distance("mxu", "mx") == 1);
  CHECK(edit_distance("rows", "row") == 1);
  CHECK(edit_distance("rows", "cols") == 2);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest name has the fewest edits") {
  const std::vector<std::string> known{"mxu.rows", "mxu.cols", "vmem.size"};
  CHECK(nearest_name("mxu.row", known) == "mxu.rows");
  CHECK(nearest_name("mxu.col", known) == "mxu.cols");
  CHECK(nearest_name("vmm.size", known) == "vmem.size");
}

TEST_CASE("a name that would have to change by more than a third has no nearest") {
  // Nine characters: three edits are near, four are not.
  const std::vector<std::string> known{"abcdefghi"};
  CHECK(nearest_name("abcdefxyz", known) == "abcdefghi");
  CHECK(nearest_name("abcdewxyz", known).empty());
  // Two edits are always near enough.
  CHECK(nearest_name("xy", {"ab"}) == "ab");
  CHECK(nearest_name("xyz", {"abc"}).empty());
}

TEST_CASE("of names that are equally near, the one that starts alike is meant") {
  CHECK(nearest_name("tpu-v5", {"tpu-v1", "tpu-v5e", "tpu-v3"}) == "tpu-v5e");
  CHECK(nearest_name("tpu-v5", {"tpu-v1", "tpu-v3"}) == "tpu-v1");
}

TEST_CASE("very long names are not compared") {
  CHECK(nearest_name(std::string(257, 'a'), {std::string(257, 'a')}).empty());
  CHECK(nearest_name(std::string(256, 'a'), {std::string(256, 'a')}) == std::string(256, 'a'));
}

TEST_CASE("a suggestion is a phrase, or nothing") {
  CHECK(did_you_mean("mxu.row", {"mxu.rows"}) == "; did you mean 'mxu.rows'?");
  CHECK(did_you_mean("something", {"mxu.rows"}).empty());
  CHECK(did_you_mean("x", {}).empty());
}

TEST_CASE("a table is searched by name") {
  CHECK(find_by_name(kDataTypes, "bf16") == DataType::kBf16);
  CHECK_FALSE(find_by_name(kDataTypes, "bf17"));
}
