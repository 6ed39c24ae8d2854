# voxloom_options(target): the flags every object of ours is compiled with.
# They stay private to our targets: a program that links the library keeps its own.

set(voxloom_warnings -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Wcast-align -Wold-style-cast -Wunused -Wformat=2 -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND voxloom_warnings -Wduplicated-cond -Wlogical-op)
endif()

if(VOXLOOM_SANITIZE)
  # For the whole build, tests included: a half-sanitized program reports nonsense.
  add_compile_options(-fsanitize=${VOXLOOM_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${VOXLOOM_SANITIZE})
  add_compile_definitions(VOXLOOM_SANITIZED=1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented, GCC 12 takes std::function inside std::regex for uninitialized; its manual says so of sanitizers.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  if(VOXLOOM_SANITIZE MATCHES "thread")
    # Debian's oneTBB is not instrumented; the parallel loops tell TSan themselves what TBB orders.
    add_compile_definitions(VOXLOOM_TSAN=1)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # GCC warns wherever it sees atomic_thread_fence, also inside the C++ library and oneTBB.
      add_compile_options(-Wno-tsan)
    endif()
  endif()
endif()

function(voxloom_options target)
  target_compile_options(${target} PRIVATE ${voxloom_warnings} $<$<BOOL:${VOXLOOM_WERROR}>:-Werror>
    # A sum must not depend on whether this compiler felt like fusing it; kernels decide for
    # themselves (see isa.cmake).
    -ffp-contract=off)
endfunction()

# voxloom_cold(target level): what calls loops, but has none that takes time, is worth less of the
# compiler's time than -O3 in a release.
function(voxloom_cold target level)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${level}>)
endfunction()
