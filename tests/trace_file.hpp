// SPDX-License-Identifier: Apache-2.0
// Reads a Chrome trace back: the gzip file, the rules of its format, and what a viewer that keeps
// whole nanoseconds makes of it.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "isa/units.hpp"

namespace systole {

// What a gzip file holds; throws where it is none, or not whole.
inline std::string gunzip(const std::string& path) {
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("no file " + path);
  std::string bytes;
  std::vector<char> part(1 << 16);
  int got = 0;
  while ((got = gzread(file, part.data(), static_cast<unsigned>(part.size()))) > 0) {
    bytes.append(part.data(), static_cast<std::size_t>(got));
  }
  const bool plain = gzdirect(file) != 0;
  const bool closed = gzclose(file) == Z_OK;
  if (got < 0 || !closed || plain) throw std::runtime_error("no whole gzip file: " + path);
  return bytes;
}

class TraceFile {
 public:
  using Json = nlohmann::json;
  struct Slice {
    std::string name, category;
    Cycles begin = 0;
    Cycles end = 0;
    Json args;
  };
  struct Flow {
    std::string name, from_track, to_track;
    Slice from, to;  // in which its ends lie
    Cycles at_from = 0;
    Cycles at_to = 0;
  };
  struct Sample {
    Cycles at = 0;
    std::map<std::string, double> values;
  };

  explicit TraceFile(const std::string& path) : json_(Json::parse(gunzip(path))) {
    clock_ = json_.at("otherData").at("clock_hz").get<double>();
    for (const Json& event : json_.at("traceEvents")) read(event);
  }

  const Json& json() const { return json_; }
  const Json& about() const { return json_.at("otherData"); }

  // "core0.mxu0", in the order of their sort index; without slices they are there as well.
  std::vector<std::string> tracks() const {
    std::vector<std::pair<std::int64_t, std::string>> sorted;
    for (const auto& [key, index] : sort_) sorted.emplace_back(index, track_name(key));
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::string> names;
    for (const auto& [index, name] : sorted) names.push_back(name);
    return names;
  }
  // Slices of a track, of one category where it is given, in the order of the file.
  std::vector<Slice> slices(const std::string& track, const std::string& category = "") const {
    std::vector<Slice> found;
    for (const auto& [key, slices] : slices_) {
      if (track_name(key) != track) continue;
      for (const Slice& slice : slices) {
        if (category.empty() || slice.category == category) found.push_back(slice);
      }
    }
    return found;
  }
  Cycles cycles(const std::string& track, const std::string& category) const {
    Cycles sum = 0;
    for (const Slice& slice : slices(track, category)) sum += slice.end - slice.begin;
    return sum;
  }
  // Throws where an end of a flow lies in no slice, or in more than one.
  std::vector<Flow> flows() const {
    std::vector<Flow> all;
    for (const auto& [id, ends] : flow_ends_) {
      if (ends.size() != 2) throw std::runtime_error("a flow of other than two ends");
      const auto& [from, to] = std::pair{ends[0], ends[1]};
      if (from.phase != "s" || to.phase != "f" || from.name != to.name) {
        throw std::runtime_error("a flow without start or end");
      }
      all.push_back({from.name, track_name(from.key), track_name(to.key), slice_at(from),
                     slice_at(to), from.at, to.at});
    }
    return all;
  }
  const std::vector<Sample>& samples(const std::string& counter) const {
    return samples_.at(counter);
  }
  // Of each value times its time until the next sample.
  std::map<std::string, double> integral(const std::string& counter) const {
    std::map<std::string, double> sums;
    const std::vector<Sample>& all = samples(counter);
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      const double seconds = static_cast<double>(all[i + 1].at - all[i].at) / clock_;
      for (const auto& [series, value] : all[i].values) sums[series] += value * seconds;
    }
    return sums;
  }

  // The first thing that the Trace Event format or the Perfetto UI would not take; empty if none.
  std::string fault() const {
    for (const auto& [key, slices] : slices_) {
      if (names_.count(key) == 0) return "a slice on a thread without a name";
      for (std::size_t i = 1; i < slices.size(); ++i) {
        if (slices[i].begin < slices[i - 1].end) {
          return "slices overlap on " + track_name(key) + ": " + slices[i].name;
        }
      }
    }
    for (const auto& [key, name] : names_) {
      if (processes_.count(key.first) == 0) return "a thread of a process without a name";
      if (key.first == key.second) return "a thread of its process's number";
    }
    for (const auto& [counter, samples] : samples_) {
      for (std::size_t i = 1; i < samples.size(); ++i) {
        if (samples[i].at <= samples[i - 1].at) return "samples out of order of " + counter;
      }
    }
    for (const bool nearest : {true, false}) {
      const std::string seen = fault_in_nanoseconds(nearest);
      if (!seen.empty()) return seen;
    }
    return "";
  }

 private:
  using Key = std::pair<std::int64_t, std::int64_t>;  // process, thread
  struct FlowEnd {
    std::string phase, name;
    Key key;
    Cycles at = 0;
  };

  // As the head of sim/report/trace_time.hpp says.
  Cycles cycle(double us) const {
    return static_cast<Cycles>(std::ceil(us * 1e-6 * clock_ - 0.01));
  }
  std::string track_name(const Key& key) const {
    return processes_.at(key.first) + "." + names_.at(key);
  }
  static void members(const Json& event, std::set<std::string> expected) {
    for (const auto& [key, value] : event.items()) {
      if (expected.erase(key) == 0) throw std::runtime_error("a member " + key);
    }
    if (!expected.empty()) throw std::runtime_error("no member " + *expected.begin());
  }
  static double time(const Json& value) {
    const auto us = value.get<double>();
    if (!value.is_number() || !(us >= 0)) throw std::runtime_error("a time below 0");
    return us;
  }

  void read(const Json& event) {
    const auto phase = event.at("ph").get<std::string>();
    const auto process = event.at("pid").get<std::int64_t>();
    const auto name = event.at("name").get<std::string>();
    const Key key{process, event.value("tid", std::int64_t{0})};
    if (phase == "M") {
      read_name(event, key, name);
    } else if (phase == "X") {
      members(event, {"ph", "pid", "tid", "ts", "dur", "cat", "name", "args"});
      const double begin = time(event.at("ts"));
      const Cycles at = cycle(begin);
      slices_[key].push_back({name, event.at("cat").get<std::string>(), at,
                              at + cycle(time(event.at("dur"))), event.at("args")});
      order_.push_back({phase, key, begin, time(event.at("dur")), slices_[key].size() - 1});
    } else if (phase == "s" || phase == "f") {
      std::set<std::string> expected{"ph", "pid", "tid", "ts", "id", "cat", "name"};
      if (phase == "f") expected.insert("bp");
      members(event, std::move(expected));
      if (phase == "f" && event.at("bp") != "e") throw std::runtime_error("bp is not e");
      auto& ends = flow_ends_[event.at("id").get<std::int64_t>()];
      ends.push_back({phase, name, key, cycle(time(event.at("ts")))});
      order_.push_back({phase, key, time(event.at("ts")), 0,
                        static_cast<std::size_t>(event.at("id").get<std::int64_t>())});
    } else if (phase == "C") {
      members(event, {"ph", "pid", "ts", "name", "args"});
      if (processes_.count(process) == 0) throw std::runtime_error("a counter of no process");
      Sample sample{cycle(time(event.at("ts"))), {}};
      for (const auto& [series, value] : event.at("args").items()) {
        if (!value.is_number()) throw std::runtime_error("a value that is no number");
        sample.values[series] = value.get<double>();
      }
      samples_[name].push_back(std::move(sample));
    } else {
      throw std::runtime_error("phase " + phase);
    }
  }

  void read_name(const Json& event, const Key& key, const std::string& name) {
    const Json& args = event.at("args");
    if (name == "process_name") {
      members(event, {"ph", "pid", "name", "args"});
      processes_[key.first] = args.at("name").get<std::string>();
    } else if (name == "process_sort_index") {
      members(event, {"ph", "pid", "name", "args"});
      static_cast<void>(args.at("sort_index").get<std::int64_t>());
    } else if (name == "thread_name") {
      members(event, {"ph", "pid", "tid", "name", "args"});
      names_[key] = args.at("name").get<std::string>();
    } else if (name == "thread_sort_index") {
      members(event, {"ph", "pid", "tid", "name", "args"});
      sort_[key] = args.at("sort_index").get<std::int64_t>();
    } else {
      throw std::runtime_error("metadata " + name);
    }
  }

  std::size_t index_at(const FlowEnd& end) const {
    const std::vector<Slice>& slices = slices_.at(end.key);
    const auto after =
        std::upper_bound(slices.begin(), slices.end(), end.at,
                         [](Cycles at, const Slice& slice) { return at < slice.begin; });
    if (after == slices.begin() || std::prev(after)->end <= end.at) {
      throw std::runtime_error("a flow ends in no slice of " + track_name(end.key));
    }
    return static_cast<std::size_t>(after - slices.begin()) - 1;
  }
  Slice slice_at(const FlowEnd& end) const { return slices_.at(end.key)[index_at(end)]; }

  // The Perfetto UI sorts events by whole nanoseconds and keeps the order of the file where they
  // are equal. A slice that ends within the next one is dropped. A flow's end belongs to the slice
  // that began last on its track.
  std::string fault_in_nanoseconds(bool nearest) const {
    const auto whole = [&](double us) {
      return nearest ? std::llround(us * 1000.0) : static_cast<long long>(us * 1000.0);
    };
    std::vector<std::pair<long long, const Event*>> sorted;
    for (const Event& event : order_) sorted.emplace_back(whole(event.ts), &event);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::map<Key, std::pair<long long, std::size_t>> last;  // end, and which slice
    std::set<std::size_t> begun;
    for (const auto& [at, event] : sorted) {
      auto& [end, slice] = last[event->key];
      if (event->phase == "X") {
        if (at < end) return "slices overlap in nanoseconds on " + track_name(event->key);
        end = at + whole(event->dur);
        slice = event->index;
        continue;
      }
      const auto& ends = flow_ends_.at(static_cast<std::int64_t>(event->index));
      if (event->phase == "s") begun.insert(event->index);
      if (event->phase == "f" && begun.count(event->index) == 0) return "a flow ends unbegun";
      const Slice& exact = slice_at(ends.at(event->phase == "s" ? 0 : 1));
      // A slice shorter than a nanosecond cannot be told from its neighbour.
      const bool short_one = static_cast<double>(exact.end - exact.begin) < clock_ * 1e-9;
      const Slice& seen = slices_.at(event->key).at(slice);
      if (seen.begin != exact.begin && !short_one) return "a flow ends in another slice";
    }
    return "";
  }

  struct Event {
    std::string phase;
    Key key;
    double ts = 0;
    double dur = 0;
    std::size_t index = 0;  // of the slice on its track, or the flow's id
  };
  Json json_;
  double clock_ = 0;
  std::map<std::int64_t, std::string> processes_;
  std::map<Key, std::string> names_;
  std::map<Key, std::int64_t> sort_;
  std::map<Key, std::vector<Slice>> slices_;
  std::map<std::int64_t, std::vector<FlowEnd>> flow_ends_;
  std::map<std::string, std::vector<Sample>> samples_;
  std::vector<Event> order_;  // slices and flows, as in the file
};

}  // namespace systole
