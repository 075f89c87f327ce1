// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compiler/import.hpp"
#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "isa/dram_presets.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/instruction.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/model_names.hpp"
#include "sim/cli/output.hpp"
#include "sim/report/format.hpp"
#include "sim/report/gpus.hpp"

namespace systole {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string types_text(const MxuParams& mxu) {
  std::vector<std::string_view> types;
  if (mxu.macs_bf16 > 0) types.emplace_back("bf16");
  if (mxu.macs_int8 > 0) types.emplace_back("int8");
  if (mxu.macs_fp8 > 0) types.emplace_back("fp8");
  return fmt::format("{}", fmt::join(types, ", "));
}

Rows chips() {
  Rows rows;
  for (const std::string& name : chip_names()) {
    const ChipSpec chip = load_chip(name, {}).spec;
    rows.push_back(
        {name, fmt::format("{} core{} of {} {}x{} MXU{} ({}) at {}, {} VMEM, {} HBM at {}",
                           chip.core.count, chip.core.count == 1 ? "" : "s", chip.mxu.count,
                           chip.mxu.rows, chip.mxu.cols, chip.mxu.count == 1 ? "" : "s",
                           types_text(chip.mxu), with_prefix(static_cast<double>(chip.clock), "Hz"),
                           bytes_text(static_cast<double>(chip.vmem.size)),
                           bytes_text(static_cast<double>(chip.hbm.size)),
                           with_prefix(chip.hbm.bandwidth, "B/s"))});
  }
  return rows;
}

std::string count_text(std::int64_t parameters) {
  const auto number = static_cast<double>(parameters);
  return number >= 0.9995e9 ? with_groups(number / 1e9) + " billion"
                            : with_groups(number / 1e6) + " million";
}

std::string parameters_text(const ModelName& model, const std::string& config) {
  Scenario shortest;
  try {
    shortest.seq = own_sequence(config, model.stem) > 0 ? 0 : 1;
    const Graph graph = import_config(config, model.stem, model.stem, shortest);
    return fmt::format(", {} parameters", count_text(parameter_count(graph)));
  } catch (const Error&) {
    return ", not supported";
  }
}

// What a config.json says of itself; any file can be listed, whether the importer takes it or not.
std::string model_doc(const ModelName& model) {
  constexpr Bytes kLargest = kMiB;
  const std::string config = read_file(path_of(model), kLargest);
  const auto json = nlohmann::json::parse(config, nullptr, false);
  if (!json.is_object()) return "not a config.json";
  const auto type = json.find("model_type");
  const bool named = type != json.end() && type->is_string();
  std::string doc = named ? type->get<std::string>() : "config.json";
  doc += parameters_text(model, config);
  for (const auto& [key, unit] : {std::pair{"n_layer", "layers"},
                                  {"num_hidden_layers", "layers"},
                                  {"n_embd", "wide"},
                                  {"hidden_size", "wide"},
                                  {"n_head", "heads"},
                                  {"num_attention_heads", "heads"}}) {
    const auto value = json.find(key);
    if (value != json.end() && value->is_number_integer()) {
      doc += fmt::format(", {} {}", value->get<std::int64_t>(), unit);
    }
  }
  return doc;
}

Rows models() {
  Rows rows;
  const std::vector<ModelName> known = model_names();
  for (const ModelName& model : known) {
    rows.push_back({short_name(model, known), model.hub(), model_doc(model)});
  }
  return rows;
}

Rows gpus() {
  Rows rows;
  for (const Gpu& gpu : load_gpus()) {
    rows.push_back({gpu.name, fmt::format("{}: {:g} bf16 TFLOPS, {:g} int8 TOPS, {}, {:g} GB/s, "
                                          "{:g} W ({})",
                                          gpu.title, gpu.peak_bf16 / 1e12, gpu.peak_int8 / 1e12,
                                          gpu.peak_fp8 > 0
                                              ? fmt::format("{:g} fp8 TFLOPS", gpu.peak_fp8 / 1e12)
                                              : "no fp8",
                                          gpu.bandwidth / 1e9, gpu.tdp, gpu.basis)});
  }
  return rows;
}

Rows drams() {
  Rows rows;
  for (const std::string& name : dram_names()) {
    // Any chip shows a device's values under their names.
    const HbmParams hbm = load_chip("tiny-4x4", {"hbm.extends=" + name}).spec.hbm;
    const auto ns = [](double value) { return fmt::format("{:g}", value); };
    rows.push_back(
        {name,
         fmt::format("{} per pin, {} bits, {} banks in {} group{}, {} pages; tRCD-tRP-tCL "
                     "{}-{}-{} ns, refresh {} of {} ns",
                     with_prefix(hbm.data_rate, "bit/s"), hbm.bus_bits, hbm.bank_groups * hbm.banks,
                     hbm.bank_groups, hbm.bank_groups == 1 ? "" : "s",
                     bytes_text(static_cast<double>(hbm.page)), ns(hbm.trcd), ns(hbm.trp),
                     ns(hbm.tcl), ns(hbm.trfc), ns(hbm.trefi))});
  }
  return rows;
}

Rows pass_rows() {
  Rows rows;
  for (const PassRow& pass : passes()) {
    rows.push_back({std::string{pass.name}, std::string{pass.doc}});
  }
  return rows;
}

Rows instructions() {
  Rows rows;
  for_each_body([&]<class B>() { rows.push_back({std::string{B::kName}, std::string{B::kDoc}}); });
  return rows;
}

Rows listed(const std::string& what) {
  if (what == "chips") return chips();
  if (what == "models") return models();
  if (what == "gpus") return gpus();
  if (what == "dram") return drams();
  if (what == "passes") return pass_rows();
  return instructions();
}

}  // namespace

ExitCode list_command(const Options& options) {
  print_result(table_text(listed(options.list), {1, 2}, ""));
  return ExitCode::kDone;
}

}  // namespace systole
