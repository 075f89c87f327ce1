// SPDX-License-Identifier: Apache-2.0
// The Chrome Trace Event format: a JSON object with a list of events, one per line, of which the
// Perfetto UI and chrome://tracing draw tracks. Times are written as trace_time.hpp says.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/report/gzip_file.hpp"
#include "sim/report/trace_time.hpp"

namespace systole {

// Text as it stands between the quotes of a JSON string. Bytes that are no UTF-8 are replaced.
std::string json_escaped(std::string_view text);

// Decimal digits at the end of `text`.
void append_number(std::string& text, std::int64_t number);

class TraceWriter {
 public:
  // A row of slices: thread `thread` of process `process`.
  struct Track {
    int process = 0;
    int thread = 0;
  };
  // An end of a flow: a cycle within a slice.
  struct Place {
    Track track;
    Cycles at = 0;
  };

  TraceWriter(GzipFile& file, TraceTime time);

  void name_process(int process, std::string_view name);
  // Tracks of a process are drawn in the order of `sort`.
  void name_track(Track track, std::string_view name, int sort);

  // `name` is escaped; `args` are the members of a JSON object. Precondition: the slices of a track
  // come in order and do not overlap.
  void slice(Track track, std::string_view category, std::string_view name, Cycles begin,
             Cycles end, std::string_view args);
  // An arrow from slice to slice. `name` is escaped, and `id` is that of no other flow.
  void flow(std::int64_t id, std::string_view name, Place from, Place to);
  // Values from cycle `at` on.
  void counter(int process, std::string_view name, Cycles at,
               const std::vector<std::pair<std::string_view, double>>& values);

  // Nothing can be written after it.
  void close(const nlohmann::ordered_json& about);

 private:
  void begin_event();
  void flow_end(char phase, std::int64_t id, std::string_view name, Place place);
  void place(Track track, Cycles at);

  GzipFile& file_;
  const TraceTime time_;
  std::string text_;  // not handed to the file yet
  bool first_ = true;
};

}  // namespace systole
