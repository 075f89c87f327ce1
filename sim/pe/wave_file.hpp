// SPDX-License-Identifier: Apache-2.0
// The waveform of a run, which SystemC writes: it does not say whether it could.
#pragma once

#include <memory>
#include <string>
#include <systemc>

namespace systole {

// A VCD file in which a picosecond is a cycle. It is closed with this object, also where the run
// stops: what was written until then stays.
class WaveFile {
 public:
  // `stem`: its path without the suffix .vcd. During elaboration. Error kUsage where it cannot be
  // written.
  explicit WaveFile(const std::string& stem);

  sc_core::sc_trace_file* file() const { return file_.get(); }
  // Closes it, with what the last cycle changed. Error kUsage where not all of it could be written;
  // no part of it is left then.
  void finish();

 private:
  struct Close {
    void operator()(sc_core::sc_trace_file* open) const { sc_core::sc_close_vcd_trace_file(open); }
  };

  std::string path_;
  std::unique_ptr<sc_core::sc_trace_file, Close> file_;
};

}  // namespace systole
