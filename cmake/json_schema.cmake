# plimsoll_json_schema: llama.cpp's converter from JSON schemas to grammars, and nothing else of its common
# library.
set(common ${PLIMSOLL_LLAMA_SOURCE}/common)
if(NOT EXISTS ${common}/json-schema-to-grammar.cpp)
  message(FATAL_ERROR "The server needs ${common}/json-schema-to-grammar.cpp. Run scripts/fetch_llama.sh, or name "
          "llama.cpp's source folder with -DPLIMSOLL_LLAMA_SOURCE=...")
endif()
add_library(plimsoll_json_schema STATIC
            ${common}/json-schema-to-grammar.cpp ${common}/json-schema.cpp ${common}/json.cpp
            ${common}/trie.cpp ${common}/unicode.cpp ${PROJECT_SOURCE_DIR}/src/server/schema_strings.cpp)
target_compile_options(plimsoll_json_schema PRIVATE -w)
target_include_directories(plimsoll_json_schema SYSTEM PUBLIC ${common})
target_link_libraries(plimsoll_json_schema PRIVATE plimsoll_llama nlohmann_json::nlohmann_json)
