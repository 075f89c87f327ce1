// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/model_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "isa/data_path.hpp"
#include "isa/error.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

constexpr std::string_view kSeparator = "--";  // of organisation and name in a stem
constexpr std::string_view kFolder = "workloads/models";

// The C library's conversions depend on the locale.
std::string in_small_letters(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

// Length of "-v0.1" at the end of a name; 0 where there is none. "-v3" is a generation.
std::size_t version_length(std::string_view name) {
  const std::size_t digits = name.find_last_not_of("0123456789.") + 1;  // npos + 1 is 0
  const bool version = digits > 2 && digits < name.size() && name.substr(digits - 2, 2) == "-v" &&
                       name.find('.', digits) != std::string_view::npos;
  return version ? name.size() - digits + 2 : 0;
}

// What may stand for a name, with how many parts of it were left out.
using Forms = std::map<std::string, int>;

void add_forms(const std::string& name, int left_out, Forms& forms) {
  const auto [form, added] = forms.emplace(name, left_out);
  if (!added && form->second <= left_out) return;
  form->second = left_out;
  constexpr std::string_view kPrefix = "meta-";
  if (name.size() > kPrefix.size() && name.substr(0, kPrefix.size()) == kPrefix) {
    add_forms(name.substr(kPrefix.size()), left_out + 1, forms);
  }
  const auto without_end = [&](std::size_t length) {
    add_forms(name.substr(0, name.size() - length), left_out + 1, forms);
  };
  for (const std::string_view end : {"-hf", "-instruct", "-chat"}) {
    if (ends_with(name, end)) without_end(end.size());
  }
  if (const std::size_t length = version_length(name); length > 0) without_end(length);
}

Forms forms_of(const ModelName& model) {
  Forms names;
  add_forms(in_small_letters(model.name()), 0, names);
  const std::string organisation = in_small_letters(model.organisation());
  if (organisation.empty()) return names;
  Forms forms;
  for (const auto& [name, left_out] : names) {
    forms.emplace(fmt::format("{}/{}", organisation, name), left_out);
    forms.emplace(name, left_out + 1);
  }
  return forms;
}

// In small letters, with the separator of the hub.
std::string typed(const std::string& text) {
  std::string name = in_small_letters(text);
  const std::size_t at = name.find(kSeparator);
  if (at != std::string::npos && name.find('/') == std::string::npos) {
    name.replace(at, kSeparator.size(), "/");
  }
  return name;
}

std::optional<int> left_out_in(const std::string& name, const ModelName& model) {
  const Forms forms = forms_of(model);
  const auto form = forms.find(name);
  return form == forms.end() ? std::nullopt : std::optional{form->second};
}

// Those of which least was left out.
std::vector<const ModelName*> candidates(const std::string& text,
                                         const std::vector<ModelName>& known) {
  const std::string name = typed(text);
  std::vector<const ModelName*> found;
  int least = 0;
  for (const ModelName& model : known) {
    const std::optional<int> left_out = left_out_in(name, model);
    if (!left_out || (!found.empty() && *left_out > least)) continue;
    if (found.empty() || *left_out < least) found.clear();
    least = *left_out;
    found.push_back(&model);
  }
  return found;
}

// The nearest text that would have been understood, as it is written on the hub where it can be.
std::string did_you_mean_model(const std::string& text, const std::vector<ModelName>& known) {
  std::map<std::string, std::string> shown;
  for (const ModelName& model : known) {
    for (const auto& [form, left_out] : forms_of(model)) shown.emplace(form, form);
    shown[in_small_letters(model.name())] = model.name();
    shown[in_small_letters(model.hub())] = model.hub();
  }
  std::vector<std::string> forms;
  for (const auto& [form, name] : shown) forms.push_back(form);
  const std::string nearest = nearest_name(typed(text), forms);
  return nearest.empty() ? std::string{} : fmt::format("; did you mean '{}'?", shown.at(nearest));
}

}  // namespace

std::string ModelName::organisation() const {
  const std::size_t at = stem.find(kSeparator);
  return at == std::string::npos ? std::string{} : stem.substr(0, at);
}
std::string ModelName::name() const {
  const std::size_t at = stem.find(kSeparator);
  return at == std::string::npos ? stem : stem.substr(at + kSeparator.size());
}
std::string ModelName::hub() const {
  const std::string before = organisation();
  return before.empty() ? stem : before + "/" + name();
}

std::vector<ModelName> model_names() {
  std::vector<ModelName> names;
  const std::filesystem::path folder = data_path(std::string(kFolder));
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") names.push_back({entry.path().stem().string()});
  }
  if (failed) bad_input(folder.string(), failed.message(), "a folder with a config.json per model");
  std::sort(names.begin(), names.end(),
            [](const ModelName& a, const ModelName& b) { return a.stem < b.stem; });
  return names;
}

std::filesystem::path path_of(const ModelName& model) {
  return data_path(fmt::format("{}/{}.json", kFolder, model.stem));
}

ModelName find_model(const std::string& text, const std::vector<ModelName>& known) {
  const std::vector<const ModelName*> found = candidates(text, known);
  if (found.size() == 1) return *found.front();
  std::vector<std::string> names;
  for (const ModelName* model : found) names.push_back(model->hub());
  if (found.empty()) {
    usage_error(fmt::format("workload '{}'{}", text, did_you_mean_model(text, known)),
                "a model (see 'systole list models'), a file that ends in .json, .sgr, .sasm, "
                ".sbin or .csv, or gemm:MxKxN");
  }
  usage_error(fmt::format("model '{}', which may be any of several", text),
              fmt::format("one of: {}", fmt::join(names, ", ")));
}

std::string short_name(const ModelName& model, const std::vector<ModelName>& known) {
  std::string shortest = in_small_letters(model.hub());
  for (const auto& [form, left_out] : forms_of(model)) {
    if (form.size() >= shortest.size()) continue;
    const std::vector<const ModelName*> found = candidates(form, known);
    if (found.size() == 1 && found.front()->stem == model.stem) shortest = form;
  }
  return shortest;
}

}  // namespace systole
