# What every test is run with, be it a GoogleTest binary, an example or the installed package.

# Inputs too large for the repository live beside the checkout, or inside it; tests that want them
# skip without.
set(shared_dir $ENV{VOXLOOM_SHARED_DIR})
if(NOT shared_dir AND IS_DIRECTORY ${PROJECT_SOURCE_DIR}/shared)
  set(shared_dir ${PROJECT_SOURCE_DIR}/shared)
elseif(NOT shared_dir)
  set(shared_dir ${PROJECT_SOURCE_DIR}/../shared)
endif()
set(VOXLOOM_SHARED_DIR ${shared_dir} CACHE PATH "Inputs too large for the repository")

# What a shell on this machine can run as the program: under an emulator, a script that starts both.
set(VOXLOOM_RUNNABLE_PROGRAM $<TARGET_FILE:voxloom_cli>)
if(TARGET voxloom_cli AND CMAKE_CROSSCOMPILING_EMULATOR)
  set(VOXLOOM_RUNNABLE_PROGRAM ${PROJECT_BINARY_DIR}/emulated-voxloom)
  file(GENERATE OUTPUT ${VOXLOOM_RUNNABLE_PROGRAM}
    CONTENT "#!/bin/sh\nexec ${CMAKE_CROSSCOMPILING_EMULATOR} '$<TARGET_FILE:voxloom_cli>' \"$@\"\n"
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endif()

# voxloom_add_test(name target [label]): registers an executable as one test; the list `arguments`, where
# the caller has set one, goes to it.
function(voxloom_add_test name target)
  # No plans that someone tuned on this machine: that file is never there.
  set(environment VOXLOOM_SHARED_DIR=${VOXLOOM_SHARED_DIR} VOXLOOM_SOURCE_DIR=${PROJECT_SOURCE_DIR}
      VOXLOOM_PLANS=${PROJECT_BINARY_DIR}/no-plans.txt)
  if(VOXLOOM_SANITIZE)
    # As without sanitizers: who asks for too much is told so.
    list(APPEND environment ASAN_OPTIONS=allocator_may_return_null=1)
  endif()
  if(TARGET voxloom_cli)
    list(APPEND environment VOXLOOM_PROGRAM=${VOXLOOM_RUNNABLE_PROGRAM})
  endif()
  add_test(NAME ${name} COMMAND ${target} ${arguments})
  set(timeout 600)
  if(VOXLOOM_SANITIZE OR CMAKE_CROSSCOMPILING)
    # Under a sanitizer or an emulator everything takes ten to twenty times as long.
    set(timeout 3600)
  endif()
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "${environment}" LABELS "${name};${ARGN}" TIMEOUT ${timeout})
endfunction()

# voxloom_add_test_on_every_isa(name target): the same tests once more on each instruction set, and with
# the plain reference algorithms. A set that the machine lacks is skipped. Sanitizers and emulators would take
# too long for too little.
function(voxloom_add_test_on_every_isa name target)
  if(VOXLOOM_SANITIZE OR CMAKE_CROSSCOMPILING)
    return()
  endif()
  set(settings ${voxloom_isas})
  list(TRANSFORM settings PREPEND ISA=)
  foreach(setting IN LISTS settings ITEMS ALGORITHM=reference)
    string(REPLACE "=" "_" suffix ${setting})
    string(TOLOWER ${suffix} suffix)
    voxloom_add_test(${name}_${suffix} ${target} ${name})
    set_property(TEST ${name}_${suffix} APPEND PROPERTY ENVIRONMENT VOXLOOM_${setting})
    set_tests_properties(${name}_${suffix} PROPERTIES COST 30
      SKIP_REGULAR_EXPRESSION "no instruction set '[a-z0-9_]+' in this build on this machine")
  endforeach()
endfunction()
