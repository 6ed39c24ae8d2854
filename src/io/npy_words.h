// Words out of arrays of numpy's U and S.
#pragma once

#include "io/npy_header.h"
#include "voxloom/scan.h"

namespace voxloom::io {

// Of one array, piece by piece.
class NpyWords {
 public:
  // `bytes`: uint8, those of each point's elements. Zeros behind a word are no part of it. What is no character of
  // Unicode becomes U+FFFD, and S that is not UTF-8 is taken for Latin-1; both is said once.
  [[nodiscard]] Column of(const Column& bytes, const NpyMember& member, const OnNote& note);

 private:
  [[nodiscard]] std::string word_of(std::span<const std::uint8_t> element, const NpyType& type);

  bool has_broken_ = false, has_latin1_ = false;
  bool said_broken_ = false, said_latin1_ = false;
};

}  // namespace voxloom::io
