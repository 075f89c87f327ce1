// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "compiler/graph_builder.hpp"
#include "compiler/graph_lexer.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/import.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

constexpr std::int64_t kMaxGemmSize = std::int64_t{1} << 24;
constexpr double kInt8Scale = 127;

struct GemmSize {
  std::int64_t m = 0, k = 0, n = 0;
};

// Uniform operands of standard deviation s each give products whose sum over K has deviation
// s_lhs * s_rhs * sqrt(K): bf16 weights are scaled so that results spread like the inputs. Those of
// fp8, which has few numbers near 0, keep their size, and the bf16 results grow.
double weight_scale(DataType type, double root) {
  if (type == DataType::kInt8) return kInt8Scale;
  return is_fp8(type) ? 1 : std::sqrt(3.0) / root;
}

void add_gemm(Graph& graph, const std::string& name, const std::string& prefix,
              const std::string& result, const GemmSize& size, DataType type) {
  const bool integer = type == DataType::kInt8;
  const double root = std::sqrt(static_cast<double>(size.k));
  GraphBuilder build(graph);
  const std::int32_t lhs = build.tensor({.name = prefix + "lhs",
                                         .role = TensorRole::kInput,
                                         .type = type,
                                         .rows = size.m,
                                         .cols = size.k,
                                         .scale = integer ? kInt8Scale : 1});
  const std::int32_t rhs = build.tensor({.name = prefix + "rhs",
                                         .role = TensorRole::kWeight,
                                         .type = type,
                                         .rows = size.k,
                                         .cols = size.n,
                                         .scale = weight_scale(type, root)});
  std::int32_t out =
      build.op(OpKind::kMatmul, name, {{lhs}, {rhs}}, {}, integer ? result + ".sum" : result);
  if (integer) {
    out = build.op(OpKind::kQuantize, name + ".quantize", {{out}},
                   {{"factor", 1 / (kInt8Scale * root)}}, result);
  }
  graph.outputs.push_back(out);
}

// Nothing but digits, and within the bounds.
bool parse_size(std::string_view text, std::int64_t& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end && value >= 1 && value <= kMaxGemmSize;
}

void require_type(std::string_view where, DataType type) {
  if (type == DataType::kBf16 || type == DataType::kInt8 || is_fp8(type)) return;
  bad_input(where, fmt::format("type {}", name_of(type)),
            "bf16, int8, fp8_e4m3 or fp8_e5m2, which MXUs multiply");
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string shown(std::string_view text) { return token_text({GraphTokenKind::kWord, text}); }

// Columns of one line, blanks trimmed; one empty column at the end is a trailing comma.
std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> columns;
  for (;;) {
    const std::size_t comma = line.find(',');
    columns.push_back(trim(line.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    line.remove_prefix(comma + 1);
  }
  if (columns.size() > 1 && columns.back().empty()) columns.pop_back();
  return columns;
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// The layer's name as a tensor name, made unique by a number. Dots are kept for our own suffixes.
std::string unique_name(std::string_view layer, std::set<std::string>& used) {
  constexpr std::size_t kLongest = 200;
  std::string name(layer.substr(0, kLongest));
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return c == '.' || !is_tensor_name({&c, 1});
      },
      '_');
  if (name.empty()) name = "gemm";
  std::string candidate = name;
  for (std::size_t i = used.size(); !used.insert(candidate).second; ++i) {
    candidate = fmt::format("{}.{}", name, i + 1);
  }
  return candidate;
}

}  // namespace

Graph import_gemm(std::string_view spec, DataType type) {
  constexpr std::string_view kPrefix = "gemm:";
  constexpr std::string_view kExpected = "gemm:MxKxN with three whole numbers";
  std::string_view rest = spec;
  if (!rest.starts_with(kPrefix)) usage_error(shown(spec), kExpected);
  rest.remove_prefix(kPrefix.size());
  std::array<std::int64_t, 3> sizes{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t end = std::min(rest.find('x'), rest.size());
    const std::string_view part = rest.substr(0, end);
    const bool digits = !part.empty() && std::all_of(part.begin(), part.end(),
                                                     [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || (end == rest.size()) != (i == 2)) usage_error(shown(spec), kExpected);
    if (!parse_size(part, sizes[i])) {
      bad_input(shown(spec), shown(part), fmt::format("sizes from 1 to {}", kMaxGemmSize));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  require_type(spec, type);
  Graph graph;
  graph.name = std::string(spec);
  add_gemm(graph, "gemm", "", "out", {sizes[0], sizes[1], sizes[2]}, type);
  verify_graph(graph, spec);
  return graph;
}

Graph import_gemm_list(std::string_view csv, std::string_view where, DataType type) {
  constexpr std::array<std::string_view, 4> kHeader{"Layer", "M", "N", "K"};
  constexpr std::size_t kMaxLayers = 10'000;
  require_type(where, type);
  Graph graph;
  for (const char c : where.substr(where.find_last_of('/') + 1)) {
    if (graph.name.size() < 200) graph.name += is_quotable({&c, 1}) ? c : '_';
  }
  std::set<std::string> used;
  bool header_seen = false;
  std::size_t line_number = 0;
  while (!csv.empty()) {
    ++line_number;
    const std::size_t end = csv.find('\n');
    const std::string_view line = trim(csv.substr(0, end));
    csv.remove_prefix(end == std::string_view::npos ? csv.size() : end + 1);
    if (line.empty()) continue;
    const std::string at = fmt::format("{}:{}", where, line_number);
    const std::vector<std::string_view> columns = split(line);
    if (columns.size() != kHeader.size()) {
      bad_input(at, fmt::format("{} columns", columns.size()), "four: Layer,M,N,K");
    }
    if (!header_seen) {
      if (!std::equal(columns.begin(), columns.end(), kHeader.begin(), same_letters)) {
        bad_input(at, shown(line), "the header Layer,M,N,K");
      }
      header_seen = true;
      continue;
    }
    std::array<std::int64_t, 3> sizes{};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (!parse_size(columns[i + 1], sizes[i])) {
        bad_input(at, fmt::format("{} = {}", kHeader[i + 1], shown(columns[i + 1])),
                  fmt::format("a whole number from 1 to {}", kMaxGemmSize));
      }
    }
    if (used.size() == kMaxLayers)
      bad_input(at, "more lines", fmt::format("at most {}", kMaxLayers));
    const std::string name = unique_name(columns[0], used);
    add_gemm(graph, name, name + ".", name, {.m = sizes[0], .k = sizes[2], .n = sizes[1]}, type);
  }
  if (graph.sections.empty())
    bad_input(where, "no product", "Layer,M,N,K and one product per line");
  verify_graph(graph, where);
  return graph;
}

}  // namespace systole
