// What is said of an error.
#pragma once

#include <exception>
#include <string>

namespace voxloom::cli {

// Its own words; of the standard library's errors of file systems ours.
[[nodiscard]] std::string error_words(const std::exception& error);

// "FILE: words", with the file's name once.
[[nodiscard]] std::string error_on(const std::string& file, const std::string& words);

}  // namespace voxloom::cli
