# Most of what a compiler does for a small source is reading and instantiating what its neighbours in the
# room read and instantiate too: several of them at a time take less processor time. The price is one
# rule (HACKING.md): a name in an unnamed namespace is unique in its library, or its test program. The
# preset `clang` compiles each source alone, and finds what one takes from a neighbour by accident.

option(VOXLOOM_UNITY "Compile several sources at a time: faster from nothing, slower after a change" ON)

set(VOXLOOM_UNITY_BATCH 16 CACHE STRING "Sources compiled at a time")

# voxloom_unity(target): in large batches. Measured on a library of 30 sources: 33 s of processor time in
# batches of six, 20 s in one.
function(voxloom_unity target)
  if(NOT VOXLOOM_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${VOXLOOM_UNITY_BATCH})
  # Both see a source's own names as a header's, or a neighbour's.
  target_compile_options(${target} PRIVATE -Wno-shadow
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()
