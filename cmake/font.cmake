# voxloom_add_font(target): src/viz/font/DejaVuSans-subset.ttf as an array in one source of `target`
# (src/viz/font_file.h), and stb_truetype, which draws it: a header alone, so nothing is linked.

find_path(VOXLOOM_STB_INCLUDE_DIR stb_truetype.h PATH_SUFFIXES stb
  DOC "The folder of stb_truetype.h (Debian: libstb-dev)")

function(voxloom_add_font target)
  if(NOT VOXLOOM_STB_INCLUDE_DIR)
    message(FATAL_ERROR "voxloom: stb_truetype.h was not found; Debian has it in libstb-dev. "
      "VOXLOOM_STB_INCLUDE_DIR tells its folder.")
  endif()
  target_include_directories(${target} SYSTEM PRIVATE $<BUILD_INTERFACE:${VOXLOOM_STB_INCLUDE_DIR}>)
  # Apart: it compiles all of stb_truetype.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/viz/font.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

  set(font ${PROJECT_SOURCE_DIR}/src/viz/font/DejaVuSans-subset.ttf)
  file(READ ${font} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  set(source ${PROJECT_BINARY_DIR}/src/font_file.cpp)
  file(GENERATE OUTPUT ${source} CONTENT "#include \"viz/font_file.h\"

namespace voxloom::viz {
namespace {
constexpr unsigned char kFontFile[] = {
${bytes}
};
}  // namespace
std::span<const unsigned char> font_file() { return kFontFile; }
}  // namespace voxloom::viz
")
  target_sources(${target} PRIVATE ${source})
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${font})
endfunction()
