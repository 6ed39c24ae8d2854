// Ctrl-C as a wish: the first one is noted down, a second one ends the program.
#pragma once

#include <csignal>
#include <stdexcept>
#include <string>

namespace voxloom::cli {

// The program says so and leaves with kStoppedByUser.
struct Stopped : std::runtime_error {
  explicit Stopped(const std::string& before = "the last scan")
      : std::runtime_error("stopped before " + before) {}
};

// From now on a signal that ends the program takes away what it has not written to its end. Ignored ones stay ignored.
void leave_nothing_when_ended();

class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  [[nodiscard]] bool was_asked() const;

 private:
  struct sigaction before_interrupt_ = {}, before_terminate_ = {};
};

}  // namespace voxloom::cli
