# cmake -DNPM=... -DWEB=... -DSTAMP=... -P install_page_tools.cmake: npm ci, unless exactly this was installed before.
# The stamp holds the lock file's hash: a checkout that only touches the file must not need the network.
file(SHA256 ${WEB}/package-lock.json wanted)
set(installed "")
if(EXISTS ${STAMP})
  file(READ ${STAMP} installed)
endif()
if(NOT installed STREQUAL wanted)
  # No package here needs its scripts run.
  execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline
                  WORKING_DIRECTORY ${WEB} RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "npm could not fetch what the browser page is built with. Check the network and build again, "
            "or configure with -DPLIMSOLL_PAGE=OFF for a program without the page.")
  endif()
endif()
file(WRITE ${STAMP} ${wanted})
