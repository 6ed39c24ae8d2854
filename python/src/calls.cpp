#include "calls.h"

#include <nanobind/stl/string.h>

#include <atomic>
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include "voxloom/context.h"
#include "voxloom/error.h"
#include "voxloom/isa.h"
#include "voxloom/parallel.h"
#include "voxloom/version.h"

namespace voxloom::python {
namespace {

using Clock = std::chrono::steady_clock;

thread_local int depth = 0;  // calls that this thread is in
thread_local Clock::time_point looked_at;
std::atomic<int> calls_running = 0;
bool is_cut_off = false;  // forked while another thread was in a call: its locks stay locked

// On the thread that called: Python's signals are handled there. Worker threads have no call of their own.
void look_for_signals() {
  if (depth == 0) return;
  const auto now = Clock::now();
  if (now - looked_at < std::chrono::milliseconds(50)) return;
  looked_at = now;
  const nb::gil_scoped_acquire locked;
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

nb::list names_of(const std::vector<std::string>& names) {
  nb::list list;
  for (const std::string& name : names) list.append(nb::str(name.c_str(), name.size()));
  return list;
}

void after_fork() {
  is_cut_off = is_cut_off || calls_running > depth;
  calls_running = depth;
}

void translate(const std::exception_ptr& thrown, void* /*payload*/) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::system_error& error) {
    const nb::object arguments = nb::make_tuple(error.code().value(), error.what());
    PyErr_SetObject(PyExc_OSError, arguments.ptr());
  }
}

}  // namespace

Call::Call() {
  if (is_cut_off) {
    throw std::runtime_error(
        "[voxloom] this process was forked while another thread was inside a voxloom call, and "
        "what "
        "that thread had locked stays locked: start workers with multiprocessing's 'spawn' or "
        "'forkserver', or fork when no call is running");
  }
  if (depth++ == 0) looked_at = Clock::now();
  ++calls_running;
}

Call::~Call() {
  --calls_running;
  --depth;
}

bool has_thread_limit() { return Context::standard().threads() != 0; }

void on_allowed_threads(const std::function<void()>& body) {
  with_threads(Context::standard().threads(), body);
}

void bind_calls(nb::module_& m) {
  nb::register_exception_translator(translate, nullptr);
  nb::exception<FormatError>(m, "FormatError", PyExc_ValueError).attr("__doc__") =
      "Bad data in a file: truncated, oversized, lying, or of the wrong kind.";
  nb::exception<ResourceError>(m, "ResourceError", PyExc_MemoryError).attr("__doc__") =
      "More memory, rows or map entries than the machine or the library's 32-bit rows can hold.";
  Context::standard().set_stop_check(look_for_signals);
  m.def("_after_fork", after_fork);
  m.attr("_version") = nb::str(version());
  m.def(
      "set_threads", [](int threads) { Context::standard().set_threads(threads); },
      nb::arg("threads"),
      "At most so many threads in each call from now on; 0: as many as there are cores.\n\n"
      "Results never depend on the number. ValueError: a negative number.");
  m.def(
      "available_threads",
      [] {
        const int limit = Context::standard().threads();
        return limit == 0 ? available_threads() : limit;
      },
      "Threads that a call made here would use.");
  m.def(
      "isa_names", [] { return names_of(isa_names()); },
      "Instruction sets that this build can run on this machine, best first.");
  m.def(
      "current_isa", [] { return current_isa(); }, "The instruction set that kernels run with.");
  m.def(
      "set_isa", [](const char* name) { set_isa(name); }, nb::arg("name"),
      "Pins the instruction set. ValueError: a name that isa_names() does not list.");
}

}  // namespace voxloom::python
