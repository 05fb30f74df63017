# PLIMSOLL_SANITIZE applies to everything, ggml included: a sanitizer that sees half a program lies.
if(PLIMSOLL_SANITIZE)
  add_compile_options(-fsanitize=${PLIMSOLL_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${PLIMSOLL_SANITIZE})
  # OpenMP's barriers are invisible to the thread sanitizer; ggml's own thread pool is not.
  set(GGML_OPENMP OFF CACHE BOOL "" FORCE)
endif()

if(PLIMSOLL_FUZZ)
  # What is covered is counted everywhere, libFuzzer's own main only where it is linked (tests/fuzz).
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-recover=all)
endif()
