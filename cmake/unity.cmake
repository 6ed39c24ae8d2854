# Most of what a compiler does for a small source is reading and instantiating what its neighbours in the
# room read and instantiate too: several of them at a time take less processor time. The price is one
# rule (HACKING.md): a name in an unnamed namespace is unique in its library, or its test program. The
# preset `clang` compiles each source alone, and finds what one takes from a neighbour by accident.

option(VOXLOOM_UNITY "Compile several sources at a time: faster from nothing, slower after a change" ON)

# voxloom_unity(target): in batches that both cores of a small machine get some of.
function(voxloom_unity target)
  if(NOT VOXLOOM_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Both see a source's own names as a header's.
    target_compile_options(${target} PRIVATE -Wno-shadow -Wno-subobject-linkage)
  endif()
endfunction()
