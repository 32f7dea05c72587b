// Hands the bytes of streams to a reader written in Python.
#pragma once

#include <pybind11/pybind11.h>
#include <tcpautopsy/tcpautopsy.h>

#include <memory>

#include "analyzer/python/objects.h"

namespace tcpautopsy::python {

// Calls come from the thread that reads, without the GIL: each takes it. What Python throws ends the
// analysis.
class PythonStreams : public StreamReader {
 public:
  // `objects` outlives it; `reader` is let go with the GIL held.
  PythonStreams(const Objects& objects, std::shared_ptr<const pybind11::object> reader)
      : objects_(objects), reader_(std::move(reader)) {}

  bool wants(const StreamFlow& flow) override;
  void data(const StreamFlow& flow, const StreamData& data) override;
  void gap(const StreamFlow& flow, const StreamGap& gap) override;
  void conflict(const StreamFlow& flow, const StreamConflict& conflict) override;
  void end(const StreamFlow& flow) override;

 private:
  const Objects& objects_;
  std::shared_ptr<const pybind11::object> reader_;
};

}  // namespace tcpautopsy::python
