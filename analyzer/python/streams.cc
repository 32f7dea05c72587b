#include "analyzer/python/streams.h"

namespace tcpautopsy::python {

namespace py = pybind11;

bool PythonStreams::wants(const StreamFlow& flow) {
  const py::gil_scoped_acquire mine;
  return py::bool_(reader_->attr("wants")(objects_.stream_flow(flow)));
}

void PythonStreams::data(const StreamFlow& flow, const StreamData& data) {
  const py::gil_scoped_acquire mine;
  reader_->attr("data")(objects_.stream_flow(flow), objects_.stream_data(data));
}

void PythonStreams::gap(const StreamFlow& flow, const StreamGap& gap) {
  const py::gil_scoped_acquire mine;
  reader_->attr("gap")(objects_.stream_flow(flow), objects_.stream_gap(gap));
}

void PythonStreams::conflict(const StreamFlow& flow, const StreamConflict& conflict) {
  const py::gil_scoped_acquire mine;
  reader_->attr("conflict")(objects_.stream_flow(flow), objects_.stream_conflict(conflict));
}

void PythonStreams::end(const StreamFlow& flow) {
  const py::gil_scoped_acquire mine;
  reader_->attr("end")(objects_.stream_flow(flow));
}

}  // namespace tcpautopsy::python
