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

# voxloom_add_test(name target [label]): registers an executable as one test.
function(voxloom_add_test name target)
  # No plans that someone tuned on this machine: that file is never there.
  set(environment VOXLOOM_SHARED_DIR=${VOXLOOM_SHARED_DIR} VOXLOOM_SOURCE_DIR=${PROJECT_SOURCE_DIR}
      VOXLOOM_PLANS=${PROJECT_BINARY_DIR}/no-plans.txt)
  if(TARGET voxloom_cli)
    list(APPEND environment VOXLOOM_PROGRAM=$<TARGET_FILE:voxloom_cli>)
  endif()
  add_test(NAME ${name} COMMAND ${target})
  set(timeout 600)
  if(VOXLOOM_SANITIZE OR CMAKE_CROSSCOMPILING)
    # Under a sanitizer or an emulator everything takes ten to twenty times as long.
    set(timeout 3600)
  endif()
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "${environment}" LABELS "${name};${ARGN}" TIMEOUT ${timeout})
endfunction()
