// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/timing_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/format.hpp"

namespace systole {
namespace {

using Cells = std::vector<std::string>;

constexpr std::size_t kMostOperations = 3;  // that a line of the joined table names

std::string counted(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", grouped(count), what, count == 1 ? "" : "s");
}

std::string cell(const std::optional<Cycles>& cycles) {
  return cycles ? grouped(*cycles) : std::string{"-"};
}

// "weight_stationary, input_stationary" -> "weight, input".
std::string short_dataflow(std::string text) {
  constexpr std::string_view kTail = "_stationary";
  for (std::size_t at = text.find(kTail); at != std::string::npos; at = text.find(kTail)) {
    text.erase(at, kTail.size());
  }
  return text;
}

// "copy, fill, add, sub" -> "copy, fill and 2 more".
std::string short_list(const std::string& list) {
  const auto commas = static_cast<std::size_t>(std::count(list.begin(), list.end(), ','));
  if (commas < kMostOperations) return list;
  std::size_t end = list.find(',');
  end = list.find(',', end + 1);
  return fmt::format("{} and {} more", list.substr(0, end), commas - 1);
}

Cells header(const std::vector<Witness>& witnesses, bool full) {
  Cells cells{"instruction", "stationary", "types", "shape"};
  cells.push_back(full ? "chip" : "cases");
  cells.push_back("formula");
  for (const Witness& witness : witnesses) cells.push_back(witness.name);
  cells.push_back("disagree");
  return cells;
}

Cells row_cells(const std::vector<Witness>& witnesses, const TableRow& row, const CaseResult& shown,
                const std::string& cases, std::int64_t disagreements) {
  const std::string operation = row.operation.empty() ? "" : " " + short_list(row.operation);
  Cells cells{row.instruction + operation, short_dataflow(row.dataflow), row.type, row.shape};
  cells.push_back(cases);
  cells.push_back(cell(shown.formula));
  for (std::size_t n = 0; n < witnesses.size(); ++n) {
    const bool unbuilt = !witnesses[n].unbuilt.empty() && !row.dataflow.empty();
    cells.push_back(unbuilt ? "not built" : cell(shown.cycles[n]));
  }
  cells.push_back(grouped(disagreements));
  return cells;
}

std::string table_part(const TimingReport& report, bool full) {
  const TimingTable& table = *report.table;
  std::vector<Cells> rows{header(report.witnesses, full)};
  for (const TableRow& row : full ? table.rows : joined_rows(table.rows)) {
    if (!full) {
      rows.push_back(row_cells(report.witnesses, row, row.cases.front(),
                               grouped(std::ssize(row.cases)), row.disagreements()));
      continue;
    }
    for (const CaseResult& c : row.cases) {
      rows.push_back(row_cells(report.witnesses, row, c, c.chip, c.disagree ? 1 : 0));
    }
  }
  std::string text =
      full ? "Cycles of every case, by formula (docs/timing.md) and by witness.\n\n"
           : "Cycles of the first of each row's cases, by formula (docs/timing.md) and by witness. "
             "All cases\nare compared: every start, end, reason and value (--full lists them).\n\n";
  const std::vector<std::size_t> left =
      full ? std::vector<std::size_t>{0, 1, 2, 3, 4} : std::vector<std::size_t>{0, 1, 2, 3};
  text += table_text(rows, left, "");
  for (const std::string& finding : table.findings) text += finding + "\n";
  return text + fmt::format("\n{}: {}\n", counted(table.cases(), "case"),
                            counted(table.disagreements(), "disagreement"));
}

std::string campaign_part(const TimingReport& report) {
  const CampaignResult& campaign = *report.campaign;
  std::string runs;
  for (std::size_t n = 0; n < report.witnesses.size(); ++n) {
    runs += fmt::format("{}{} {}", runs.empty() ? "" : ", ", report.witnesses[n].name,
                        grouped(campaign.runs[n]));
  }
  std::string text = fmt::format("{} from seed {} ({}; runs: {}): {}\n",
                                 counted(campaign.programs, "random program"), report.seed,
                                 counted(campaign.instructions, "instruction"), runs,
                                 counted(campaign.disagreements, "disagreement"));
  for (const std::string& finding : campaign.findings) text += finding + "\n";
  if (campaign.disagreement) text += "\n" + replay_text(*campaign.disagreement) + "\n";
  return text;
}

std::string files_part(const TimingReport& report) {
  std::vector<Cells> rows{{"program"}};
  for (const Witness& witness : report.witnesses) rows[0].push_back(witness.name);
  rows[0].push_back("disagree");
  std::string notes;
  for (const FileVerdict& file : report.files) {
    Cells cells{file.file};
    for (std::size_t n = 0; n < report.witnesses.size(); ++n) {
      cells.push_back(report.witnesses[n].unbuilt.empty() ? cell(file.cycles[n]) : "not built");
      if (!file.missing[n].empty() && report.witnesses[n].unbuilt.empty()) {
        notes += fmt::format("{}: {}: {}\n", file.file, report.witnesses[n].name, file.missing[n]);
      }
    }
    cells.push_back(grouped(std::ssize(file.differences)));
    rows.push_back(std::move(cells));
    for (const std::string& difference : file.differences) notes += difference + "\n";
    if (file.disagreement) notes += "\n" + replay_text(*file.disagreement) + "\n";
  }
  return "Cycles of each program, by witness.\n\n" + table_text(rows, {0}, "") + notes + "\n";
}

}  // namespace

std::int64_t TimingReport::disagreements() const {
  std::int64_t sum = 0;
  if (table) sum += table->disagreements();
  if (campaign) sum += campaign->disagreements;
  for (const FileVerdict& file : files) sum += std::ssize(file.differences);
  return sum;
}

std::string timing_text(const TimingReport& report, bool full) {
  std::string text;
  if (report.table) text += table_part(report, full);
  if (report.campaign) text += campaign_part(report);
  if (!report.files.empty()) text += files_part(report);
  for (const Witness& witness : report.witnesses) {
    if (witness.unbuilt.empty()) continue;
    text += fmt::format("{}: not built: {}\n", witness.name, witness.unbuilt);
  }
  return text + fmt::format("disagreements: {}\n", report.disagreements());
}

}  // namespace systole
