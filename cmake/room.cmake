# plimsoll_room(NAME [DEPENDS room...] [LIBRARIES target...] [SOURCES file...])
# One static library a room. DEPENDS are the room's arrows; LIBRARIES stay private to it.
function(plimsoll_room name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES;SOURCES" ${ARGN})
  add_library(plimsoll_${name} STATIC ${ARG_SOURCES})
  target_include_directories(plimsoll_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ARG_DEPENDS PREPEND plimsoll_)
  target_link_libraries(plimsoll_${name} PUBLIC tl::expected Threads::Threads ${ARG_DEPENDS} PRIVATE ${ARG_LIBRARIES})
  plimsoll_warnings(plimsoll_${name})
endfunction()

function(plimsoll_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                         -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)  # false alarms on std::string: GCC bug 105651
  endif()
  if(PLIMSOLL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
