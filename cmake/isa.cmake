# How each instruction set of src/cpu/isas.inc is compiled: name, processors, flags for exactly its
# feature bits. A kernel source src/cpu/kernels/<what>_<name>.cpp is compiled with its row's flags, on
# those processors only. HACKING.md says what else a new one needs.

set(voxloom_x86 "x86_64|AMD64|amd64")
set(voxloom_arm "aarch64|arm64")
# Best first.
set(voxloom_isas amx avx512_bf16 avx512 avx2 neon scalar)

set(voxloom_isa_scalar_processors ".*")
set(voxloom_isa_scalar_flags "")

set(voxloom_isa_avx2_processors ${voxloom_x86})
set(voxloom_isa_avx2_flags -mavx2 -mfma -mf16c)

set(voxloom_isa_avx512_processors ${voxloom_x86})
set(voxloom_isa_avx512_flags ${voxloom_isa_avx2_flags}
    -mavx512f -mavx512bw -mavx512dq -mavx512vl)

set(voxloom_isa_avx512_bf16_processors ${voxloom_x86})
set(voxloom_isa_avx512_bf16_flags ${voxloom_isa_avx512_flags} -mavx512bf16)

set(voxloom_isa_amx_processors ${voxloom_x86})
set(voxloom_isa_amx_flags ${voxloom_isa_avx512_bf16_flags} -mamx-tile -mamx-bf16)

set(voxloom_isa_neon_processors ${voxloom_arm})
set(voxloom_isa_neon_flags "")

# Wide kernels take sanitizers' compilers minutes; a build may do with scalar ones.
set(VOXLOOM_ISAS "" CACHE STRING "Instruction sets that get kernels, scalar among them; all where it is empty")

# A kernel object is sealed: nothing in it may be shared with, or replace, code compiled for the
# baseline. These flags keep the compiler from calling out; tests/sealed checks the result. The leaf
# loops are worth -O3, but not when sanitizers look at every access.
set(voxloom_kernel_optimisation -O3)
if(VOXLOOM_SANITIZE)
  set(voxloom_kernel_optimisation -O1)
endif()
set(voxloom_kernel_flags ${voxloom_kernel_optimisation} -ffp-contract=fast
    -fno-exceptions -fno-rtti -fno-stack-protector -fno-math-errno)

# voxloom_add_kernels(target): compiles the kernels of every matching row into target, and defines
# VOXLOOM_WITH_<ISA>=1 for whoever links the interface target ${target}_isas.
function(voxloom_add_kernels target)
  add_library(${target}_isas INTERFACE)
  foreach(isa IN LISTS voxloom_isas)
    if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(${voxloom_isa_${isa}_processors})$" OR
       (VOXLOOM_ISAS AND NOT isa IN_LIST VOXLOOM_ISAS))
      continue()
    endif()
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cpu/kernels/*_${isa}.cpp)
    if(NOT sources)
      continue()
    endif()
    set(kernels ${target}_kernels_${isa})
    add_library(${kernels} OBJECT ${sources})
    voxloom_options(${kernels})
    target_include_directories(${kernels} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_compile_options(${kernels} PRIVATE ${voxloom_isa_${isa}_flags} ${voxloom_kernel_flags})
    target_compile_definitions(${kernels} PRIVATE VOXLOOM_KERNEL_ISA=${isa})
    # Link-time optimisation would mix the instruction sets again.
    set_target_properties(${kernels} PROPERTIES
      CXX_VISIBILITY_PRESET hidden
      POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${kernels}>)
    string(TOUPPER ${isa} upper)
    target_compile_definitions(${target}_isas INTERFACE VOXLOOM_WITH_${upper}=1)
    set_property(GLOBAL APPEND PROPERTY voxloom_kernel_targets ${kernels})
  endforeach()
endfunction()
