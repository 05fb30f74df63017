# cmake -DFOLDER=... -DSOURCE=... -P embed_page.cmake: the folder's files as one C++ source, see src/server/page_files.h.
cmake_minimum_required(VERSION 3.25)

set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_png "image/png")
set(compressed html js css svg)

set(arrays "")
set(table "")
set(number 0)

# Appends file `path` of the folder to `arrays` and `table`.
macro(embed path)
  string(REGEX MATCH "[^.]+$" ending ${path})
  if(NOT DEFINED type_${ending})
    message(FATAL_ERROR "${path}: embed_page.cmake knows no content type for .${ending}; add one")
  endif()
  file(SHA256 ${FOLDER}/${path} hash)
  string(SUBSTRING ${hash} 0 20 hash)
  if(ending IN_LIST compressed)
    set(gzip true)
    file(ARCHIVE_CREATE OUTPUT ${SOURCE}.gz PATHS ${FOLDER}/${path} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
    file(READ ${SOURCE}.gz bytes HEX)
    file(REMOVE ${SOURCE}.gz)
    # The header has the time of day: the same page makes the same program.
    string(SUBSTRING ${bytes} 0 8 begin)
    string(SUBSTRING ${bytes} 16 -1 end)
    set(bytes ${begin}00000000${end})
  else()
    set(gzip false)
    file(READ ${FOLDER}/${path} bytes HEX)
  endif()
  string(LENGTH ${bytes} length)
  math(EXPR length "${length} / 2")
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes ${bytes})
  string(REGEX REPLACE "(.......................................................................................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "constexpr char kFile${number}[] = {\n${bytes}};\n\n")
  set(asked "/${path}")
  if(path STREQUAL "index.html")
    set(asked "/")
  endif()
  string(APPEND table "    {\"${asked}\", \"${type_${ending}}\", {kFile${number}, ${length}}, \"\\\"${hash}\\\"\", ${gzip}},\n")
  math(EXPR number "${number} + 1")
endmacro()

file(GLOB_RECURSE paths RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT paths)
if(NOT "index.html" IN_LIST paths)
  message(FATAL_ERROR "${FOLDER} has no index.html; build the page again")
endif()
foreach(path IN LISTS paths)
  embed(${path})
endforeach()

file(WRITE ${SOURCE} "// Made by cmake/embed_page.cmake; edit web/ instead.
#include \"server/page_files.h\"

namespace plimsoll::server {

namespace {

${arrays}constexpr PageFile kFiles[] = {
${table}};

}  // namespace

std::span<const PageFile> page_files() { return kFiles; }

}  // namespace plimsoll::server
")
