# voxloom_add_page(target): the files of src/viz/page as one string in one source of `target`
# (src/viz/page_source.h). Styles and scripts go into the page at @STYLE@ and @SCRIPT@, in this order; every page carries the
# scripts, so lines of comments and indents stay here.

set(voxloom_page_scripts points.js camera.js shaders.js painter.js picking.js lengths.js measuring.js classes.js comparing.js
  panel.js overlay.js snapshot.js input.js page.js)

function(voxloom_add_page target)
  set(folder ${PROJECT_SOURCE_DIR}/src/viz/page)
  set(scripts "")
  foreach(name IN LISTS voxloom_page_scripts)
    file(READ ${folder}/${name} script)
    string(APPEND scripts "\n${script}")
  endforeach()
  string(REGEX REPLACE "\n *//[^\n]*" "" scripts "${scripts}")
  string(REGEX REPLACE "\n[ \n]+" "\n" scripts "${scripts}")
  file(READ ${folder}/page.css style)
  file(READ ${folder}/page.html page)
  string(REPLACE "@STYLE@" "${style}" page "${page}")
  string(REPLACE "@SCRIPT@" "${scripts}" page "${page}")

  # Written as it is: unlike configure_file, this replaces no @NAME@ in it.
  set(source ${PROJECT_BINARY_DIR}/src/page_source.cpp)
  file(GENERATE OUTPUT ${source} CONTENT "#include \"viz/page_source.h\"

namespace voxloom::viz {
std::string_view page_source() { return R\"~page~(${page})~page~\"; }
}  // namespace voxloom::viz
")
  target_sources(${target} PRIVATE ${source})
  # Whoever edits the page builds it anew.
  list(TRANSFORM voxloom_page_scripts PREPEND ${folder}/ OUTPUT_VARIABLE files)
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${files} ${folder}/page.css ${folder}/page.html)
endfunction()
