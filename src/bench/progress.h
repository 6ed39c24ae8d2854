// One line on a terminal that says what runs now and goes away afterwards. Silent on anything else.
#pragma once

#include <cstdio>
#include <string_view>

namespace voxloom::bench {

class Progress {
 public:
  explicit Progress(std::FILE* terminal);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::string_view text);  // replaces what stands there
  void clear();

 private:
  std::FILE* terminal_;  // nullptr: not a terminal
};

}  // namespace voxloom::bench
