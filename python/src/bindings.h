// What each source of bindings puts into the module.
#pragma once

#include <nanobind/nanobind.h>

namespace voxloom::python {

namespace nb = nanobind;

void bind_sets(nb::module_& m);
void bind_maps(nb::module_& m);
void bind_convolutions(nb::module_& m);
void bind_reductions(nb::module_& m);
void bind_rows(nb::module_& m);
void bind_recorded(nb::module_& m);
void bind_points(nb::module_& m);
void bind_scans(nb::module_& m);
void bind_models(nb::module_& m);
void bind_bundles(nb::module_& m);
void bind_recording(nb::module_& m);
void bind_labeller(nb::module_& m);
void bind_pictures(nb::module_& m);

}  // namespace voxloom::python
