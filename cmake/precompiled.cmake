# Headers that most sources of a kind read, parsed once: reading them takes longer than compiling what
# most sources say. None of ours is among them, so that a change of ours recompiles what includes it and
# nothing else. A source includes what it uses all the same: the preset `clang` builds without
# (CMAKE_DISABLE_PRECOMPILE_HEADERS).

set(voxloom_common_headers
  <algorithm> <array> <bit> <cmath> <cstddef> <cstdint> <cstring> <filesystem> <fmt/core.h> <functional>
  <limits> <map> <memory> <numeric> <optional> <set> <span> <stdexcept> <string> <string_view> <utility>
  <variant> <vector>)

# voxloom_precompile(target [like OTHER | header...]): the common headers and those given, or what OTHER,
# compiled with the same flags, has precompiled.
function(voxloom_precompile target)
  if(ARGV1 STREQUAL "like")
    target_precompile_headers(${target} REUSE_FROM ${ARGV2})
  else()
    target_precompile_headers(${target} PRIVATE ${voxloom_common_headers} ${ARGN})
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # For ccache, which looks a source up by its preprocessed text. And once precompiled, the standard
    # library's headers lose g++ 12's pardon for what its flow analysis suspects in their strings.
    target_compile_options(${target} PRIVATE -fpch-preprocess
      -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict)
  endif()
endfunction()
