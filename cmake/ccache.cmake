# A rebuild after switching branches is mostly a cache hit. Whoever sets a launcher keeps it.
find_program(VOXLOOM_CCACHE ccache)
mark_as_advanced(VOXLOOM_CCACHE)
if(VOXLOOM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache takes part in precompiled headers only when told that none of them depends on the time or
  # on a macro that a source defines first: ours come before anything else.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros ${VOXLOOM_CCACHE})
endif()
