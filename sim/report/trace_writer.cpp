// SPDX-License-Identifier: Apache-2.0
#include "sim/report/trace_writer.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

namespace systole {
namespace {

constexpr std::size_t kText = 64 * kKiB;

template <class... Arguments>
void append(std::string& text, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Arguments>(arguments)...);
}

}  // namespace

void append_number(std::string& text, std::int64_t number) {
  const fmt::format_int digits(number);
  text.append(digits.data(), digits.size());
}

std::string json_escaped(std::string_view text) {
  using Json = nlohmann::json;
  const std::string quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

TraceWriter::TraceWriter(GzipFile& file, TraceTime time) : file_(file), time_(time) {
  text_ = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
}

void TraceWriter::begin_event() {
  if (text_.size() >= kText) {
    file_.write(text_);
    text_.clear();
  }
  text_ += first_ ? "\n" : ",\n";
  first_ = false;
}

void TraceWriter::place(Track track, Cycles at) {
  text_ += R"("pid":)";
  append_number(text_, track.process);
  text_ += R"(,"tid":)";
  append_number(text_, track.thread);
  text_ += R"(,"ts":)";
  append_us(text_, time_.ts(at));
}

void TraceWriter::name_process(int process, std::string_view name) {
  begin_event();
  append(text_, R"({{"ph":"M","pid":{},"name":"process_name","args":{{"name":"{}"}}}})", process,
         json_escaped(name));
  begin_event();
  append(text_, R"({{"ph":"M","pid":{0},"name":"process_sort_index","args":{{"sort_index":{0}}}}})",
         process);
}

void TraceWriter::name_track(Track track, std::string_view name, int sort) {
  begin_event();
  append(text_, R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":"{}"}}}})",
         track.process, track.thread, json_escaped(name));
  begin_event();
  append(text_,
         R"({{"ph":"M","pid":{},"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}}}})",
         track.process, track.thread, sort);
}

void TraceWriter::slice(Track track, std::string_view category, std::string_view name, Cycles begin,
                        Cycles end, std::string_view args) {
  begin_event();
  text_ += R"({"ph":"X",)";
  place(track, begin);
  text_ += R"(,"dur":)";
  append_us(text_, time_.dur(begin, end));
  text_ += R"(,"cat":")";
  text_ += category;
  text_ += R"(","name":")";
  text_ += name;
  text_ += R"(","args":{)";
  text_ += args;
  text_ += "}}";
}

void TraceWriter::flow_end(char phase, std::int64_t id, std::string_view name, Place at) {
  begin_event();
  append(text_, R"({{"ph":"{}",)", phase);
  place(at.track, at.at);
  // "bp": "e" binds the arrow's head to the slice around it, not to the next one.
  append(text_, R"(,"id":{},{}"cat":"semaphore","name":"{}"}})", id,
         phase == 'f' ? R"("bp":"e",)" : "", name);
}

void TraceWriter::flow(std::int64_t id, std::string_view name, Place from, Place to) {
  flow_end('s', id, name, from);
  flow_end('f', id, name, to);
}

void TraceWriter::counter(int process, std::string_view name, Cycles at,
                          const std::vector<std::pair<std::string_view, double>>& values) {
  begin_event();
  append(text_, R"({{"ph":"C","pid":{},"ts":)", process);
  append_us(text_, time_.ts(at));
  append(text_, R"(,"name":"{}","args":{{)", name);
  bool first = true;
  for (const auto& [series, value] : values) {
    append(text_, R"({}"{}":{})", first ? "" : ",", series, value);
    first = false;
  }
  text_ += "}}";
}

void TraceWriter::close(const nlohmann::ordered_json& about) {
  using Json = nlohmann::ordered_json;
  append(text_, "\n],\n\"otherData\":{}}}\n",
         about.dump(-1, ' ', false, Json::error_handler_t::replace));
  file_.write(text_);
  text_.clear();
}

}  // namespace systole
