#include "cli/interrupt.h"

#include <array>

#include "core/open_temporaries.h"

namespace voxloom::cli {
namespace {

volatile std::sig_atomic_t asked = 0;

constexpr std::array kEndings = {SIGHUP, SIGINT, SIGTERM};

// Such as the system would end it.
void end_by(int signal) {
  remove_open_temporaries();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void note(int signal) {
  if (asked != 0) end_by(signal);  // the second one
  asked = 1;
}

}  // namespace

InterruptWatch::InterruptWatch() {
  asked = 0;
  struct sigaction action = {};
  action.sa_handler = note;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_NODEFER);  // what is raised inside is not put off
  sigaction(SIGINT, &action, &before_interrupt_);
  sigaction(SIGTERM, &action, &before_terminate_);
}

InterruptWatch::~InterruptWatch() {
  sigaction(SIGINT, &before_interrupt_, nullptr);
  sigaction(SIGTERM, &before_terminate_, nullptr);
}

void leave_nothing_when_ended() {
  struct sigaction action = {};
  action.sa_handler = end_by;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_NODEFER);
  for (const int signal : kEndings) {
    struct sigaction before = {};
    if (sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
}

bool InterruptWatch::was_asked() const { return asked != 0; }

}  // namespace voxloom::cli
