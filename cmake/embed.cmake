# cmake -DFOLDER=web -DOUT=page_files.cc -P embed.cmake: the files of FOLDER as a C++ table (src/serve/page.h).
# index.html is "/", every other file "/page/NAME".
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

file(GLOB files LIST_DIRECTORIES false ${FOLDER}/*)
list(SORT files)
set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  get_filename_component(suffix ${file} LAST_EXT)
  string(SUBSTRING "${suffix}" 1 -1 suffix)
  if(NOT DEFINED type_${suffix})
    message(FATAL_ERROR "${file}: what type is that? cmake/embed.cmake names those that it knows")
  endif()
  set(path "/page/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  endif()
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 20 hash)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," hex "${hex}")
  string(APPEND arrays "constexpr char kFile${index}[] = {\n${hex}};\n\n")
  string(APPEND rows "    {\"${path}\", \"${type_${suffix}}\", \"\\\"${hash}\\\"\", {kFile${index}, sizeof kFile${index}}},\n")
  math(EXPR index "${index} + 1")
endforeach()

file(WRITE ${OUT} "// Made by cmake/embed.cmake.
#include \"serve/page.h\"

namespace sluice::serve {
namespace {

${arrays}constexpr Asset kAssets[] = {
${rows}};

}  // namespace

std::span<const Asset> assets() { return kAssets; }

}  // namespace sluice::serve
")
