# The package as its user meets it: find_package(voxloom) or pkg-config. tests/install tries both.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/voxloom)

install(TARGETS voxloom EXPORT voxloomTargets)
install(DIRECTORY include/voxloom TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(EXPORT voxloomTargets NAMESPACE voxloom:: DESTINATION ${package_dir})
if(TARGET voxloom_cli)
  # Only matters for a shared library.
  file(RELATIVE_PATH to_lib /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
  set_target_properties(voxloom_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${to_lib}")
  install(TARGETS voxloom_cli)
  # The program finds them relative to itself: src/cli/model_path.cpp.
  install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/voxloom/models)
endif()

# A shared library has its dependencies linked in; whoever links the static one must find them.
get_target_property(type voxloom TYPE)
if(type STREQUAL "STATIC_LIBRARY")
  set(voxloom_is_static TRUE)
  set(pc_requires "tbb fmt libpng zlib")
else()
  set(voxloom_is_static FALSE)
  set(pc_requires "")
endif()
configure_package_config_file(cmake/voxloomConfig.cmake.in voxloomConfig.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(voxloomConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/voxloomConfig.cmake ${PROJECT_BINARY_DIR}/voxloomConfigVersion.cmake
  DESTINATION ${package_dir})

# Relative to the .pc file, so that the tree may be moved.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/voxloom.pc.in voxloom.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/voxloom.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
