// The library's values as the Python classes of tcpautopsy/_model.py. Whoever calls holds the GIL.
#pragma once

#include <pybind11/pybind11.h>
#include <tcpautopsy/tcpautopsy.h>

#include <vector>

namespace tcpautopsy::python {

// Classes and members of enumerations, looked up once. Arguments go by place: their order is that of the
// fields in _model.py.
class Objects {
 public:
  Objects();

  pybind11::object flow(const Flow& flow) const;
  pybind11::object result(const Result& result) const;
  pybind11::object stream_flow(const StreamFlow& flow) const;
  pybind11::object stream_data(const StreamData& data) const;
  pybind11::object stream_gap(const StreamGap& gap) const;
  pybind11::object stream_conflict(const StreamConflict& conflict) const;
  // What a detector written in Python found. Throws pybind11::type_error or value_error where it is no
  // Finding, and error_already_set where Python does.
  Finding found(const pybind11::handle& finding) const;

 private:
  using Members = std::vector<pybind11::object>;  // by the enumeration's number

  template <class Enum>
  Members members_of(const char* name, Enum last) const;
  pybind11::object address(const Address& address) const;
  pybind11::object frame(const Frame& frame) const;
  pybind11::object frames(const std::vector<Frame>& frames) const;
  pybind11::object states(const std::vector<State>& states) const;
  pybind11::object summary(const EndpointSummary& end) const;
  pybind11::object transition(const Transition& change) const;
  pybind11::object finding(const Finding& finding) const;
  pybind11::object incident(const Incident& incident) const;

  pybind11::module_ model_;
  pybind11::object address_, frame_, summary_, transition_, finding_, incident_, limit_met_, flow_, result_;
  pybind11::object stream_flow_, stream_data_, stream_gap_, stream_conflict_;
  Members endpoints_, states_, bases_, severities_, scopes_, certainties_;
};

}  // namespace tcpautopsy::python
