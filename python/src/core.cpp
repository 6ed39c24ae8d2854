// The module voxloom._core.

#include "arrays.h"
#include "bindings.h"
#include "calls.h"

NB_MODULE(_core, m) {
  using namespace voxloom::python;
  m.attr("__doc__") = "The bindings of the C++ library. Use the package `voxloom`.";
  // Whoever still holds an array when Python ends is no news to the user.
  nanobind::set_leak_warnings(false);
  bind_calls(m);
  bind_arrays(m);
  bind_sets(m);
  bind_maps(m);
  bind_convolutions(m);
  bind_reductions(m);
  bind_rows(m);
  bind_recorded(m);
  bind_points(m);
  bind_scans(m);
  bind_models(m);
  bind_bundles(m);
  bind_recording(m);
  bind_labeller(m);
  bind_pictures(m);
}
