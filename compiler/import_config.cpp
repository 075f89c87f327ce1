// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/gpt2.hpp"
#include "compiler/graph_lexer.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/import.hpp"
#include "compiler/op_table.hpp"
#include "isa/error.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

constexpr std::int64_t kMaxConfigSize = std::int64_t{1} << 24;  // of any one dimension
constexpr std::array<std::string_view, 1> kModelTypes{"gpt2"};

struct ActivationRow {
  std::string_view name;
  OpKind value;
};
// Names of transformers' ACT2FN.
constexpr std::array<ActivationRow, 8> kActivations{{
    {"gelu_new", OpKind::kGeluTanh},
    {"gelu_pytorch_tanh", OpKind::kGeluTanh},
    {"gelu", OpKind::kGelu},
    {"relu", OpKind::kRelu},
    {"silu", OpKind::kSilu},
    {"swish", OpKind::kSilu},
    {"tanh", OpKind::kTanh},
    {"sigmoid", OpKind::kSigmoid},
}};

// A value as a message shows it: short, ASCII.
std::string shown(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', true);
  constexpr std::size_t kShown = 60;
  return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
}

class ConfigReader {
 public:
  ConfigReader(const nlohmann::json& json, std::string_view where) : json_(json), where_(where) {}

  [[noreturn]] void fail(std::string_view key, std::string_view found,
                         std::string_view expected) const {
    bad_input(fmt::format("{}: key '{}'", where_, key), found, expected);
  }

  bool has(std::string_view key) const {
    const auto value = json_.find(key);
    return value != json_.end() && !value->is_null();
  }

  std::int64_t size(std::string_view key) const {
    const nlohmann::json& value = required(key);
    const bool small = value.is_number_unsigned()
                           ? value.get<std::uint64_t>() <= kMaxConfigSize
                           : value.is_number_integer() && value.get<std::int64_t>() >= 1;
    if (!small || value.get<std::int64_t>() < 1) {
      fail(key, shown(value), fmt::format("a whole number from 1 to {}", kMaxConfigSize));
    }
    return value.get<std::int64_t>();
  }

  double positive(std::string_view key) const {
    const nlohmann::json& value = required(key);
    if (!value.is_number() || !(value.get<double>() > 0) || value.get<double>() > 1) {
      fail(key, shown(value), "a number above 0, at most 1");
    }
    return value.get<double>();
  }

  bool flag(std::string_view key, bool otherwise) const {
    if (!has(key)) return otherwise;
    const nlohmann::json& value = *json_.find(key);
    if (!value.is_boolean()) fail(key, shown(value), "true or false");
    return value.get<bool>();
  }

  std::string text(std::string_view key) const {
    const nlohmann::json& value = required(key);
    if (!value.is_string()) fail(key, shown(value), "a string");
    return value.get<std::string>();
  }

  const nlohmann::json& required(std::string_view key) const {
    const auto value = json_.find(key);
    if (value != json_.end()) return *value;
    std::vector<std::string> known;
    constexpr std::size_t kMostKeys = 1000;
    for (auto it = json_.begin(); it != json_.end() && known.size() < kMostKeys; ++it) {
      known.push_back(it.key());
    }
    const std::string near = nearest_name(key, known);
    fail(key, near.empty() ? "nothing" : "nothing, but a key " + shown(near), "this key");
  }

 private:
  const nlohmann::json& json_;
  std::string where_;
};

void require_flag(const ConfigReader& read, std::string_view key, bool supported) {
  if (read.flag(key, supported) != supported) {
    read.fail(key, supported ? "false" : "true",
              fmt::format("{}; this variant of GPT-2 is not supported", supported));
  }
}

OpKind read_activation(const ConfigReader& read) {
  const std::string name = read.text("activation_function");
  const auto kind = find_by_name(kActivations, name);
  if (!kind) {
    std::vector<std::string> known;
    for (const ActivationRow& row : kActivations) known.emplace_back(row.name);
    read.fail("activation_function", shown(name),
              fmt::format("one of {}{}", fmt::join(known, ", "), did_you_mean(name, known)));
  }
  return *kind;
}

void require_language_model(const ConfigReader& read) {
  if (!read.has("architectures")) return;
  const nlohmann::json& list = read.required("architectures");
  for (const nlohmann::json& entry : list) {
    if (list.is_array() && entry.is_string() && entry.get<std::string>() == "GPT2LMHeadModel") {
      return;
    }
  }
  read.fail("architectures", shown(list), "GPT2LMHeadModel among them");
}

Gpt2Config read_gpt2(const ConfigReader& read) {
  require_language_model(read);
  require_flag(read, "scale_attn_by_inverse_layer_idx", false);
  require_flag(read, "add_cross_attention", false);
  Gpt2Config config;
  config.vocab_size = read.size("vocab_size");
  config.n_positions =
      read.size(read.has("n_positions") || !read.has("n_ctx") ? "n_positions" : "n_ctx");
  config.n_embd = read.size("n_embd");
  config.n_layer = read.size("n_layer");
  config.n_head = read.size("n_head");
  config.n_inner = read.has("n_inner") ? read.size("n_inner") : 4 * config.n_embd;
  config.layer_norm_epsilon = read.positive("layer_norm_epsilon");
  config.activation = read_activation(read);
  config.scale_attn_weights = read.flag("scale_attn_weights", true);
  config.tie_word_embeddings = read.flag("tie_word_embeddings", true);
  if (config.n_embd % config.n_head != 0) {
    read.fail("n_head", fmt::format("{}", config.n_head),
              fmt::format("a divisor of n_embd = {}", config.n_embd));
  }
  return config;
}

void check_scenario(const Scenario& scenario, std::string_view where) {
  if (scenario.phase != "prefill") {
    usage_error(fmt::format("--phase {}", scenario.phase), "--phase prefill");
  }
  if (scenario.seq == 0) usage_error("no --seq", "--seq N, the tokens of each sequence");
  if (scenario.seq < 0) usage_error(fmt::format("--seq {}", scenario.seq), "--seq N of 1 or more");
  if (scenario.batch < 1) {
    usage_error(fmt::format("--batch {}", scenario.batch), "--batch N of 1 or more");
  }
  if (scenario.dtype != DataType::kBf16) {
    bad_input(where,
              fmt::format("{} transformers, which are not supported", name_of(scenario.dtype)),
              "bf16 for a model; int8 for gemm:MxKxN and GEMM lists");
  }
}

void check_lengths(const Gpt2Config& config, const Scenario& scenario, std::string_view where) {
  if (scenario.seq > config.n_positions) {
    bad_input(where, fmt::format("--seq {}", scenario.seq),
              fmt::format("at most n_positions = {}", config.n_positions));
  }
  if (scenario.batch > kMaxTableValues / scenario.seq) {
    bad_input(where, fmt::format("--batch {} --seq {}", scenario.batch, scenario.seq),
              fmt::format("at most {} tokens", kMaxTableValues));
  }
}

std::string printable(std::string_view name) {
  std::string result;
  for (const char c : name.substr(0, kMaxNameLength)) result += is_quotable({&c, 1}) ? c : '_';
  return result;
}

// The library's message is "[tag] parse error at line 1, column 2: while ... - unexpected X;
// expected Y", or "... - why; last read: 'X'"; either may quote any bytes of the text.
std::pair<std::string, std::string> found_and_expected(std::string_view message) {
  const auto quoted = [](std::string_view part) {
    constexpr std::size_t kShown = 100;
    std::string text;
    for (const char c : part.substr(0, kShown)) text += c >= ' ' && c <= '~' ? c : '?';
    return part.size() <= kShown ? text : text + "...";
  };
  const auto after = [](std::string_view whole, std::string_view mark) {
    const std::size_t at = whole.find(mark);
    return at == std::string_view::npos ? whole : whole.substr(at + mark.size());
  };
  constexpr std::string_view kExpected = "; expected ";
  std::string_view found = after(after(message, "] "), " - ");
  std::string expected = "a complete JSON object";
  if (const std::size_t at = found.rfind(kExpected); at != std::string_view::npos) {
    expected = quoted(found.substr(at + kExpected.size()));
    found = found.substr(0, at);
  }
  constexpr std::string_view kUnexpected = "unexpected ";
  if (found.substr(0, kUnexpected.size()) == kUnexpected) found.remove_prefix(kUnexpected.size());
  return {quoted(found), expected};
}

// "file:line:column" of byte number `byte`, from 1.
std::string position_of(std::size_t byte, std::string_view text, std::string_view where) {
  const std::string_view before = text.substr(0, std::max(byte, std::size_t{1}) - 1);
  const std::size_t line_begin = before.rfind('\n') + 1;  // 0 where there is no line before
  return fmt::format("{}:{}:{}", where, 1 + std::count(before.begin(), before.end(), '\n'),
                     before.size() - line_begin + 1);
}

nlohmann::json parse_json(std::string_view text, std::string_view where) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  if (text.size() > kMostBytes) {
    bad_input(where, fmt::format("{} bytes", text.size()), "a config.json of at most 1 MiB");
  }
  constexpr int kDeepest = 32;
  std::vector<std::set<std::string>> keys;  // of the open objects
  const auto check = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (depth > kDeepest) {
      bad_input(where, "deeper nesting", fmt::format("at most {} levels", kDeepest));
    }
    if (event == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
    if (event == nlohmann::json::parse_event_t::object_end) keys.pop_back();
    if (event == nlohmann::json::parse_event_t::key &&
        !keys.back().insert(value.get<std::string>()).second) {
      bad_input(fmt::format("{}: key {}", where, shown(value)), "it twice", "each key once");
    }
    return true;
  };
  try {
    return nlohmann::json::parse(text, check);
  } catch (const nlohmann::json::parse_error& e) {
    const auto [found, expected] = found_and_expected(e.what());
    bad_input(position_of(e.byte, text, where), found, expected);
  } catch (const nlohmann::json::exception& e) {
    bad_input(where, found_and_expected(e.what()).first,
              "a JSON object of numbers that are finite");
  }
}

}  // namespace

Graph import_config(std::string_view json, std::string_view where, std::string_view name,
                    const Scenario& scenario) {
  const nlohmann::json parsed = parse_json(json, where);
  if (!parsed.is_object()) bad_input(where, shown(parsed), "a JSON object");
  const ConfigReader read(parsed, where);
  const std::string type = read.text("model_type");
  if (type != kModelTypes[0]) {
    read.fail("model_type", shown(type) + ", which is not supported",
              fmt::format("one of {}", fmt::join(kModelTypes, ", ")));
  }
  const Gpt2Config config = read_gpt2(read);
  check_scenario(scenario, where);
  check_lengths(config, scenario, where);
  Graph graph = build_gpt2(config, printable(name), scenario);
  verify_graph(graph, where);
  return graph;
}

std::int64_t parameter_count(const Graph& graph) {
  std::int64_t count = 0;
  for (const Tensor& t : graph.tensors) {
    if (t.role == TensorRole::kWeight) count += t.rows * t.cols * t.copies;
  }
  return count;
}

}  // namespace systole
