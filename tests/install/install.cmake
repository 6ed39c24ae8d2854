# Run by ctest; see CMakeLists.txt beside this file for the variables it is given.
set(prefix ${scratch}/prefix)
file(REMOVE_RECURSE ${scratch})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(expect_version)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${prefix}/${libdir} ${ARGN}
    OUTPUT_VARIABLE output COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  if(NOT output MATCHES "${version}")
    message(FATAL_ERROR "expected version ${version}, got: ${output}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${build} --prefix ${prefix})
# Nothing but what a prefix has, the Python module neither.
file(GLOB installed RELATIVE ${prefix} ${prefix}/*)
list(REMOVE_ITEM installed bin include lib lib64 share)
if(installed)
  message(FATAL_ERROR "installed beside bin, include, lib and share: ${installed}")
endif()

run(${CMAKE_COMMAND} -S ${consumer} -B ${scratch}/cmake -G ${generator}
  -DCMAKE_CXX_COMPILER=${compiler} -DCMAKE_PREFIX_PATH=${prefix} -DVOXLOOM_WANTED=${version})
run(${CMAKE_COMMAND} --build ${scratch}/cmake)
expect_version(${scratch}/cmake/consumer)

# One of its libraries.
function(expect_results program)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${prefix}/${libdir} ${program}
      ${source}/tests/data/unet.lattice ${source}/tests/data/unet.inputs.safetensors ${scratch}/out.safetensors
    OUTPUT_VARIABLE output COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  if(NOT output MATCHES "float")
    message(FATAL_ERROR "expected results, got: ${output}")
  endif()
endfunction()
run(${CMAKE_COMMAND} -S ${runner} -B ${scratch}/runner -G ${generator}
  -DCMAKE_CXX_COMPILER=${compiler} -DCMAKE_PREFIX_PATH=${prefix}
  -DRUNNER_SOURCE=${source}/examples/run_bundle.cpp)
run(${CMAKE_COMMAND} --build ${scratch}/runner)
expect_results(${scratch}/runner/runner)
execute_process(COMMAND ${CMAKE_COMMAND} -S ${consumer} -B ${scratch}/wrong -G ${generator}
  -DCMAKE_CXX_COMPILER=${compiler} -DCMAKE_PREFIX_PATH=${prefix} -DVOXLOOM_WANTED=${version}
  "-DVOXLOOM_COMPONENTS=COMPONENTS;none" ERROR_VARIABLE complaint OUTPUT_QUIET RESULT_VARIABLE code)
if(code EQUAL 0 OR NOT complaint MATCHES "none")
  message(FATAL_ERROR "should refuse a library that it does not have: ${complaint}")
endif()

if(EXISTS ${prefix}/bin/voxloom)
  expect_version(${prefix}/bin/voxloom --version)
  # From a folder of its own: the models are found beside the program.
  set(work ${scratch}/work)
  file(MAKE_DIRECTORY ${work})
  set(program ${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${prefix}/${libdir} ${prefix}/bin/voxloom)
  run(${program} simulate --out ${work}/scans --scans 1 --sensor vlp16)
  execute_process(COMMAND ${program} segment ${work}/scans --out ${work}/out --no-pictures
    WORKING_DIRECTORY ${work} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  if(NOT EXISTS ${work}/out/000000.ply)
    message(FATAL_ERROR "segment wrote no points")
  endif()
  execute_process(COMMAND ${program} segment ${work}/scans --out ${work}/out --model none.lattice
    WORKING_DIRECTORY ${work} COMMAND_ECHO STDOUT ERROR_VARIABLE complaint RESULT_VARIABLE code)
  if(NOT code EQUAL 1 OR NOT complaint MATCHES "${prefix}/${datadir}/voxloom/models/none.lattice")
    message(FATAL_ERROR "should tell where it looked: ${complaint}")
  endif()
  if(NOT EXISTS ${prefix}/${datadir}/voxloom/models/street.lattice/graph.mlir)
    message(FATAL_ERROR "the models were not installed")
  endif()
endif()

if(NOT pkg_config)
  message(STATUS "pkg-config is not installed: voxloom.pc was not tried")
  return()
endif()
set(ENV{PKG_CONFIG_PATH} ${prefix}/${libdir}/pkgconfig)
function(compile_with_pkg_config package program)
  execute_process(COMMAND ${pkg_config} --cflags --libs ${package}
    OUTPUT_VARIABLE flags COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${compiler} -std=c++20 ${ARGN} -o ${program} ${flags})
endfunction()
compile_with_pkg_config(voxloom ${scratch}/pkg_config_consumer ${consumer}/main.cpp)
expect_version(${scratch}/pkg_config_consumer)
compile_with_pkg_config(voxloom-artifact ${scratch}/pkg_config_runner ${source}/examples/run_bundle.cpp)
expect_results(${scratch}/pkg_config_runner)
