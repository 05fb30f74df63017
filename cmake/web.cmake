# The browser page as the library plimsoll_page (src/server/page_files.h): built from web/ where there is npm, else
# one small page that says how to get it.
option(PLIMSOLL_PAGE "Build the browser page from web/; needs Node.js 18 or newer with npm" ON)

set(page_source ${PROJECT_BINARY_DIR}/web/page_files.cpp)
set(page_web ${PROJECT_SOURCE_DIR}/web)
set(PLIMSOLL_PAGE_BUILT OFF)
set(PLIMSOLL_PAGE_DIST ${PROJECT_BINARY_DIR}/web/dist)

if(PLIMSOLL_PAGE)
  find_program(NPM_PROGRAM npm)
  find_program(NODE_PROGRAM NAMES node nodejs)
  set(node_version "none")
  if(NODE_PROGRAM)
    execute_process(COMMAND ${NODE_PROGRAM} --version OUTPUT_VARIABLE node_version OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REGEX REPLACE "^v" "" node_version "${node_version}")
  endif()
  if(NPM_PROGRAM AND node_version VERSION_GREATER_EQUAL 18)
    set(PLIMSOLL_PAGE_BUILT ON)
  else()
    message(WARNING "The program is built without its browser page: that needs npm and Node.js 18 or newer "
            "(found: ${node_version}). Install them and configure again, or say -DPLIMSOLL_PAGE=OFF.")
  endif()
endif()

if(PLIMSOLL_PAGE_BUILT)
  # In web/, so that all presets share it, as do `npm run dev` and `npm test` by hand.
  set(page_installed ${page_web}/node_modules/.plimsoll-installed)
  add_custom_command(OUTPUT ${page_installed}
    COMMAND ${CMAKE_COMMAND} -DNPM=${NPM_PROGRAM} -DWEB=${page_web} -DSTAMP=${page_installed}
            -P ${PROJECT_SOURCE_DIR}/cmake/install_page_tools.cmake
    DEPENDS ${page_web}/package-lock.json ${page_web}/package.json ${PROJECT_SOURCE_DIR}/cmake/install_page_tools.cmake
    COMMENT "Fetching what the page is built with: npm ci, 65 MB" USES_TERMINAL VERBATIM)

  file(GLOB_RECURSE page_parts CONFIGURE_DEPENDS ${page_web}/src/*.ts ${page_web}/src/*.css ${page_web}/public/*)
  list(FILTER page_parts EXCLUDE REGEX "\\.test\\.ts$")
  add_custom_command(OUTPUT ${page_source}
    COMMAND ${NPM_PROGRAM} --silent --prefix ${page_web} run build -- --outDir ${PLIMSOLL_PAGE_DIST} --emptyOutDir --logLevel warn
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${PLIMSOLL_PAGE_DIST} -DSOURCE=${page_source}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake
    DEPENDS ${page_installed} ${page_parts} ${page_web}/index.html ${page_web}/vite.config.ts ${page_web}/tsconfig.json
            ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake
    COMMENT "Building the browser page" VERBATIM)
else()
  add_custom_command(OUTPUT ${page_source}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${PROJECT_SOURCE_DIR}/cmake/no_page -DSOURCE=${page_source}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake
    DEPENDS ${PROJECT_SOURCE_DIR}/cmake/no_page/index.html ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake
    COMMENT "No browser page: one that says so" VERBATIM)
endif()

plimsoll_room(page SOURCES ${page_source})
