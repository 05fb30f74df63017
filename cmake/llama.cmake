# llama.cpp, ggml and mtmd as the imported target plimsoll_llama. Either from a source folder
# (scripts/fetch_llama.sh puts the pinned release at third_party/llama.cpp) or from the system.
add_library(plimsoll_llama INTERFACE)

if(PLIMSOLL_SYSTEM_LLAMA)
  find_package(ggml REQUIRED)
  find_package(llama REQUIRED)
  find_library(PLIMSOLL_MTMD_LIBRARY mtmd REQUIRED HINTS ${LLAMA_LIB_DIR})
  find_path(PLIMSOLL_MTMD_INCLUDE mtmd.h REQUIRED HINTS ${LLAMA_INCLUDE_DIR})
  # The governed device implements ggml's device tables, whose header an installation leaves out.
  find_path(PLIMSOLL_GGML_PRIVATE_INCLUDE ggml-backend-impl.h HINTS ${PLIMSOLL_LLAMA_SOURCE}/ggml/src)
  if(NOT PLIMSOLL_GGML_PRIVATE_INCLUDE)
    message(FATAL_ERROR "ggml-backend-impl.h is not part of an installed ggml. Point "
            "-DPLIMSOLL_GGML_PRIVATE_INCLUDE=... at ggml/src of the same release's source.")
  endif()
  find_path(PLIMSOLL_LLAMA_PRIVATE_INCLUDE llama-model.h HINTS ${PLIMSOLL_GGML_PRIVATE_INCLUDE}/../../src)
  if(NOT PLIMSOLL_LLAMA_PRIVATE_INCLUDE)
    message(FATAL_ERROR "llama-model.h is not part of an installed llama.cpp. Point "
            "-DPLIMSOLL_LLAMA_PRIVATE_INCLUDE=... at src of the same release's source.")
  endif()
  target_link_libraries(plimsoll_llama INTERFACE ${PLIMSOLL_MTMD_LIBRARY} llama ggml::ggml)
  target_include_directories(plimsoll_llama SYSTEM INTERFACE
                             ${PLIMSOLL_MTMD_INCLUDE} ${LLAMA_INCLUDE_DIR} ${PLIMSOLL_GGML_PRIVATE_INCLUDE}
                             ${PLIMSOLL_LLAMA_PRIVATE_INCLUDE})
else()
  if(NOT EXISTS ${PLIMSOLL_LLAMA_SOURCE}/CMakeLists.txt)
    message(FATAL_ERROR "No llama.cpp at ${PLIMSOLL_LLAMA_SOURCE}. Run scripts/fetch_llama.sh, or name a source "
            "folder with -DPLIMSOLL_LLAMA_SOURCE=..., or use an installed one with -DPLIMSOLL_SYSTEM_LLAMA=ON.")
  endif()
  set(BUILD_SHARED_LIBS OFF)
  foreach(part COMMON TESTS TOOLS EXAMPLES SERVER APP UI)
    set(LLAMA_BUILD_${part} OFF CACHE BOOL "" FORCE)
  endforeach()
  set(LLAMA_BUILD_MTMD ON CACHE BOOL "" FORCE)
  set(LLAMA_OPENSSL OFF CACHE BOOL "" FORCE)
  set(LLAMA_SUBPROCESS OFF CACHE BOOL "" FORCE)
  set(GGML_CCACHE OFF CACHE BOOL "" FORCE)  # the launcher above is ccache already
  # Its warnings are its authors' to read; ours must not drown in them.
  set(own_c_flags "${CMAKE_C_FLAGS}")
  set(own_cxx_flags "${CMAKE_CXX_FLAGS}")
  string(APPEND CMAKE_C_FLAGS " -w")
  string(APPEND CMAKE_CXX_FLAGS " -w")
  add_subdirectory(${PLIMSOLL_LLAMA_SOURCE} ${PROJECT_BINARY_DIR}/llama.cpp EXCLUDE_FROM_ALL SYSTEM)
  set(CMAKE_C_FLAGS "${own_c_flags}")
  set(CMAKE_CXX_FLAGS "${own_cxx_flags}")
  # The scheduler asks for room for this many copied inputs of every node: 170 MB with the default of 30, which
  # nobody touches but RLIMIT_DATA counts. On one device there is next to nothing to copy.
  target_compile_definitions(ggml-base PRIVATE GGML_SCHED_MAX_SPLIT_INPUTS=4)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set_property(SOURCE ${PLIMSOLL_LLAMA_SOURCE}/ggml/src/ggml-cpu/amx/mmq.cpp TARGET_DIRECTORY ggml-cpu
                 APPEND PROPERTY COMPILE_OPTIONS -include ${PROJECT_SOURCE_DIR}/cmake/amx_intrinsics.h)
  endif()
  target_link_libraries(plimsoll_llama INTERFACE mtmd llama ggml)
  target_include_directories(plimsoll_llama SYSTEM INTERFACE ${PLIMSOLL_LLAMA_SOURCE}/ggml/src
                             ${PLIMSOLL_LLAMA_SOURCE}/src)
endif()
