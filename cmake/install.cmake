# The package as its user meets it: find_package(voxloom) or pkg-config. tests/install tries both.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/voxloom)

# What compiles against the library, unless a command says otherwise; the program is the other half
# (cmake/package.cmake), and the Python module a third.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)

# The program writes its manual page and its completions itself, where it runs.
function(voxloom_install_manual)
  if(CMAKE_CROSSCOMPILING OR VOXLOOM_SANITIZE)
    return()
  endif()
  set(page ${PROJECT_BINARY_DIR}/voxloom.1)
  set(completion ${PROJECT_BINARY_DIR}/voxloom.bash)
  add_custom_command(OUTPUT ${page} ${completion}
    COMMAND voxloom_cli manual man > ${page}
    COMMAND voxloom_cli manual bash > ${completion}
    DEPENDS voxloom_cli VERBATIM)
  add_custom_target(voxloom_manual ALL DEPENDS ${page} ${completion})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
  install(FILES ${completion} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME voxloom COMPONENT program)
endfunction()

# A shared library is all of it, with its dependencies linked in; of archives a program takes what it
# needs (COMPONENTS), and must find what those need.
if(BUILD_SHARED_LIBS)
  install(TARGETS voxloom EXPORT voxloomTargets)
else()
  set(archives ${voxloom_libraries})
  list(TRANSFORM archives PREPEND voxloom_)
  install(TARGETS voxloom ${archives} EXPORT voxloomTargets)
endif()
set(voxloom_extra_libraries "")
if(TARGET voxloom_mpi)
  install(TARGETS voxloom_mpi EXPORT voxloomTargets)
  set(voxloom_extra_libraries mpi)
endif()
install(DIRECTORY include/voxloom TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(EXPORT voxloomTargets NAMESPACE voxloom:: DESTINATION ${package_dir})
if(TARGET voxloom_cli)
  install(TARGETS voxloom_cli COMPONENT program)
  # The program finds them relative to itself: src/cli/model_path.cpp.
  install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/voxloom/models COMPONENT program)
  voxloom_install_manual()
endif()
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
# Of the font in the pictures.
install(FILES src/viz/font/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.DejaVu COMPONENT program)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)

configure_package_config_file(cmake/voxloomConfig.cmake.in voxloomConfig.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(voxloomConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/voxloomConfig.cmake ${PROJECT_BINARY_DIR}/voxloomConfigVersion.cmake
  DESTINATION ${package_dir})

# voxloom.pc is the sum, voxloom-NAME.pc a library and what it stands on.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)  # so that the tree may be moved
function(voxloom_install_pc name requires libs)
  configure_file(cmake/voxloom.pc.in ${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
set(pc_names_of_core "tbb fmt")
set(pc_names_of_io "zlib")
set(pc_names_of_viz "zlib libpng")
set(sum "")
foreach(name IN LISTS voxloom_libraries)
  set(requires ${voxloom_${name}_on})
  list(TRANSFORM requires PREPEND voxloom-)
  list(JOIN requires " " requires)
  if(BUILD_SHARED_LIBS)
    voxloom_install_pc(voxloom-${name} voxloom "")
  else()
    voxloom_install_pc(voxloom-${name} "${requires} ${pc_names_of_${name}}" "-lvoxloom_${name} -Wl,--gc-sections -pthread")
    string(PREPEND sum "voxloom-${name} ")
  endif()
endforeach()
if(BUILD_SHARED_LIBS)
  voxloom_install_pc(voxloom "" "-lvoxloom")
else()
  voxloom_install_pc(voxloom "${sum}" "")
endif()
