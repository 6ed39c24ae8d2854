// What every call into the library goes through: the GIL is released, Ctrl-C is looked for, and a process
// that was forked in the middle of another call is refused instead of left hanging.
#pragma once

#include <nanobind/nanobind.h>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace voxloom::python {

namespace nb = nanobind;

// While alive, this thread is in a call. RuntimeError in a child that was forked while another thread was.
class [[nodiscard]] Call {
 public:
  Call();
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
};

// Runs `body` on as many threads as set_threads allows.
void on_allowed_threads(const std::function<void()>& body);
[[nodiscard]] bool has_thread_limit();

// Runs `body`, which must not touch Python, without the GIL.
template <typename Body>
auto released(Body&& body) {
  using Result = std::invoke_result_t<Body>;
  const Call call;
  const nb::gil_scoped_release unlocked;
  if (!has_thread_limit()) return body();
  if constexpr (std::is_void_v<Result>) {
    on_allowed_threads([&] { body(); });
  } else {
    std::optional<Result> result;
    on_allowed_threads([&] { result.emplace(body()); });
    return std::move(*result);
  }
}

void bind_calls(nb::module_& m);

}  // namespace voxloom::python
