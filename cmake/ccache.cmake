# A rebuild after switching branches is mostly a cache hit. Whoever sets a launcher keeps it.
find_program(VOXLOOM_CCACHE ccache)
mark_as_advanced(VOXLOOM_CCACHE)
if(VOXLOOM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${VOXLOOM_CCACHE})
endif()
