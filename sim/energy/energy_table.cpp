// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "isa/error.hpp"
#include "isa/names.hpp"
#include "isa/quantity.hpp"
#include "isa/strict_yaml.hpp"
#include "sim/energy/energy.hpp"
#include "sim/energy/energy_sources.hpp"

namespace systole {
namespace {

enum class Model : std::uint8_t { kLogic, kShift, kSramRead, kSramWrite, kDram, kActivate };
enum class Array : std::uint8_t { kVmem, kAcc, kFifo, kCmem };

template <class T>
struct NameRow {
  T value;
  std::string_view name;
};
constexpr std::array<NameRow<Model>, 6> kModels{{
    {Model::kLogic, "logic"},
    {Model::kShift, "shift"},
    {Model::kSramRead, "sram_read"},
    {Model::kSramWrite, "sram_write"},
    {Model::kDram, "dram"},
    {Model::kActivate, "activate"},
}};
constexpr std::array<NameRow<Array>, 4> kArrays{{
    {Array::kVmem, "vmem"},
    {Array::kAcc, "acc"},
    {Array::kFifo, "fifo"},
    {Array::kCmem, "cmem"},
}};

template <class Table>
auto named(const YamlNode& node, const Table& table) {
  const auto value = find_by_name(table, node.text);
  if (!value) {
    std::vector<std::string> names;
    for (const auto& row : table) names.emplace_back(row.name);
    bad_input(node.text_place, fmt::format("'{}'", node.text),
              fmt::format("one of {}", fmt::join(names, ", ")));
  }
  return *value;
}

double bank_bytes(const ChipSpec& chip, Array array) {
  const auto columns = static_cast<double>(chip.mxu.cols);
  switch (array) {
    case Array::kVmem:
      return static_cast<double>(chip.vmem.size) / static_cast<double>(chip.vmem.banks);
    case Array::kAcc:
      return static_cast<double>(chip.mxu.acc_depth * acc_row_bytes(chip.mxu)) / columns;
    case Array::kFifo:
      return static_cast<double>(chip.mxu.weight_fifo * weight_fifo_tile_bytes(chip.mxu)) / columns;
    case Array::kCmem:
      return chip.cmem.size == 0
                 ? 0
                 : static_cast<double>(chip.cmem.size) / static_cast<double>(chip.cmem.banks);
  }
  throw std::logic_error("array");
}

class TableBuilder {
 public:
  TableBuilder(const ChipSpec& chip, const YamlNode& root)
      : chip_(chip),
        node_(read_node_energy(root, chip)),
        dram_(read_dram_energy(root, chip)),
        write_factor_(table_number(table_entry(root, "sram_write"), Measure::kFactor)) {}

  EnergyCoefficient coefficient(const YamlNode& row) const {
    EnergyCoefficient result;
    result.name = row.key;
    result.component = row.key.substr(0, row.key.find('.'));
    const Model model = named(table_entry(row, "model"), kModels);
    check_table_keys(row, keys_of(model));
    std::size_t trust = table_confidence(row);
    switch (model) {
      case Model::kLogic: logic(row, 1, result); break;
      case Model::kShift: logic(row, static_cast<double>(chip_.mxu.rows + 1) / 2, result); break;
      case Model::kSramRead: sram(row, 1, result); break;
      case Model::kSramWrite: sram(row, write_factor_, result); break;
      case Model::kDram:
        result.pj = dram_.byte_pj;
        result.origin = fmt::format("{}, without activations; {}", dram_.name, dram_.byte_source);
        break;
      case Model::kActivate:
        result.pj = dram_.activate_pj;
        result.origin = fmt::format("{}; {}", dram_.name, dram_.activate_source);
        break;
    }
    const bool off_chip = model == Model::kDram || model == Model::kActivate;
    trust = std::min(trust, off_chip ? dram_.confidence : node_.confidence);
    result.confidence = kConfidences[trust];
    return result;
  }

 private:
  static std::vector<std::string> keys_of(Model model) {
    switch (model) {
      case Model::kLogic:
      case Model::kShift: return {"model", "energy", "confidence"};
      case Model::kSramRead:
      case Model::kSramWrite: return {"model", "array", "confidence"};
      case Model::kDram:
      case Model::kActivate: return {"model", "confidence"};
    }
    throw std::logic_error("model");
  }

  void logic(const YamlNode& row, double hops, EnergyCoefficient& result) const {
    const YamlNode& energy = table_entry(row, "energy");
    const double anchor = table_number(energy, Measure::kEnergy);
    result.pj = anchor * hops * node_.logic;
    result.origin = fmt::format("{}{} x {:.4g} for {} at {:g} V; {}", energy.text,
                                hops == 1 ? std::string{} : fmt::format(" x {:g} rows", hops),
                                node_.logic, node_.name, chip_.technology.voltage, energy.comment);
  }

  void sram(const YamlNode& row, double factor, EnergyCoefficient& result) const {
    const double bytes = bank_bytes(chip_, named(table_entry(row, "array"), kArrays));
    const SramAccess access = sram_access(*node_.sram, bytes);
    constexpr double kBytesPerAccess = 8;
    result.pj = access.pj * node_.voltage_factor * factor / kBytesPerAccess;
    result.origin = fmt::format("SRAM, bank of {:g} KiB in {} at {:g} V, {:.4g} pJ per 64 bits; {}",
                                bytes / kKiB, node_.name, chip_.technology.voltage,
                                access.pj * node_.voltage_factor * factor, access.source);
  }

  const ChipSpec& chip_;
  NodeEnergy node_;
  DramEnergy dram_;
  double write_factor_;
};

}  // namespace

EnergyTable parse_energy_table(const ChipSpec& chip, std::string_view yaml,
                               const std::string& where) {
  const YamlNode root = parse_yaml(yaml, where);
  check_table_keys(root, {"actions", "sram_write", "nodes", "dram"});
  const YamlNode& actions = table_entry(root, "actions");
  std::vector<std::string> names;
  for (const ActionRow& action : kActions) names.emplace_back(action.name);
  check_table_keys(actions, names);

  const TableBuilder builder(chip, root);
  EnergyTable table;
  table.static_watts = chip.power.idle;
  for (const ActionRow& action : kActions) {
    const YamlNode* const row = actions.find(action.name);
    if (row == nullptr) {
      bad_input(actions.place, fmt::format("no energy for action '{}'", action.name),
                "a row for every action that the simulator counts");
    }
    table.actions[static_cast<std::size_t>(action.value)] = builder.coefficient(*row);
  }
  return table;
}

}  // namespace systole
