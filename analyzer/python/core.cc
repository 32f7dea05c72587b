// The module tcpautopsy._core: what tcpautopsy/_analysis.py makes the interface of.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "analyzer/python/objects.h"
#include "analyzer/python/reading.h"
#include "analyzer/python/streams.h"

namespace tcpautopsy::python {
namespace {

namespace py = pybind11;

// Made when the module is imported: a thread that waits for another to make them would keep the GIL that the
// other needs. They live as long as the process: a thread may still need them when the interpreter ends.
const Objects& objects() {
  static const Objects* const all = new Objects;
  return *all;
}

// The analysis runs without the GIL and takes it for the detectors that are written in Python.
class PythonReading {
 public:
  PythonReading(Options options, const std::map<std::string, py::object>& detectors,
                const py::object& streams)
      : reading_(std::make_shared<Reading>(std::move(options))) {
    for (const auto& [id, examine] : detectors) add_detector(id, examine);
    if (!streams.is_none())
      reading_->set_stream_reader(std::make_shared<PythonStreams>(objects(), shared(streams)));
  }
  // Detectors wait for the GIL, so it must not be held while the analysis is waited for.
  ~PythonReading() { close(); }
  PythonReading(const PythonReading&) = delete;
  PythonReading& operator=(const PythonReading&) = delete;

  py::object take() {
    std::unique_ptr<KeptFlow> next;
    {
      const py::gil_scoped_release others_run;
      next = reading_->take(&heed_signals);
    }
    return next ? objects().flow(next->flow) : py::none();
  }

  py::object result() const {
    return reading_->result() ? objects().result(*reading_->result()) : py::none();
  }

  void close() {
    const py::gil_scoped_release others_run;
    reading_->close();
  }

 private:
  static void heed_signals() {
    const py::gil_scoped_acquire mine;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }

  // Copies are made and dropped without the GIL: they share the one reference, which goes with the last of
  // them.
  static std::shared_ptr<const py::object> shared(const py::object& object) {
    return {new py::object(object), &let_go};
  }
  void add_detector(const std::string& id, const py::object& function) {
    reading_->add_detector(
        {id, [examine = shared(function)](const Flow& flow, std::vector<Finding>& findings) {
           const py::gil_scoped_acquire mine;
           const py::object found = (*examine)(objects().flow(flow));
           if (found.is_none()) return;
           for (const py::handle one : found) findings.push_back(objects().found(one));
         }});
  }
  static void let_go(const py::object* object) {
    if (!Py_IsInitialized()) return;  // it is gone with all else
    const py::gil_scoped_acquire mine;
    delete object;
  }

  std::shared_ptr<Reading> reading_;
};

void raise(const char* name, const char* message) {
  const py::object exception = py::module_::import("tcpautopsy._model").attr(name);
  PyErr_SetString(exception.ptr(), message);
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(std::move(thrown));
  } catch (const Error& error) {
    raise(error.kind() == Error::Kind::Option ? "OptionError" : "InputError", error.what());
  } catch (const std::system_error& error) {
    const py::tuple why = py::make_tuple(error.code().value(), error.what());
    PyErr_SetObject(PyExc_OSError, why.ptr());
  }
}

std::uint64_t not_negative(const std::string& name, std::int64_t value) {
  if (value < 0)
    throw Error(Error::Kind::Option, "limit '" + name + "' must be 0 or more, not " + std::to_string(value));
  return static_cast<std::uint64_t>(value);
}

std::unique_ptr<PythonReading> reading_of(
    std::vector<std::string> captures, std::string filter, bool merge, std::string profile,
    std::map<std::string, std::int64_t> profile_numbers, std::map<std::string, double> thresholds,
    const std::map<std::string, std::int64_t>& limits, std::optional<std::int64_t> capture_end_ns,
    const std::map<std::string, py::object>& detectors, const py::object& streams) {
  Options options;
  options.captures = std::move(captures);
  options.filter = std::move(filter);
  options.merge = merge;
  options.profile = std::move(profile);
  options.profile_numbers = std::move(profile_numbers);
  options.thresholds = std::move(thresholds);
  for (const auto& [name, value] : limits) options.limits.emplace(name, not_negative(name, value));
  options.capture_end_ns = capture_end_ns;
  return std::make_unique<PythonReading>(std::move(options), detectors, streams);
}

}  // namespace
}  // namespace tcpautopsy::python

PYBIND11_MODULE(_core, module) {
  using namespace tcpautopsy::python;
  objects();
  module.def("library_version", &tcpautopsy::library_version);
  py::register_local_exception_translator(&translate);
  py::class_<PythonReading>(module, "Reading")
      .def(py::init(&reading_of))
      .def("take", &PythonReading::take)
      .def("result", &PythonReading::result)
      .def("close", &PythonReading::close);
}
