# Packages of Debian, by cpack (scripts/package.sh): voxloom, the program with its models, documents and manual page,
# and libvoxloom-dev, archives and headers. What they depend on is what their files are linked with.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME voxloom)
set(CPACK_PACKAGE_VENDOR voxloom)
set(CPACK_PACKAGE_CONTACT "voxloom <voxloom@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME voxloom)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
"labels for point clouds: sparse convolutional networks on the CPU
 Runs, trains and measures networks that label the points of lidar scans and
 other point clouds, with sparse convolutions. Comes with models for streets.")

# Its archives name the libraries that a program links in the end.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libvoxloom-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libtbb-dev, libfmt-dev, zlib1g-dev, libpng-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"sparse convolutional networks on the CPU: archives and headers
 The C++20 library behind the program voxloom, for find_package(voxloom) and
 pkg-config.")
include(CPack)
