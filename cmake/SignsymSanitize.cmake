# With SIGNSYM_SANITIZE all that is ours is compiled and linked with sanitizers of the compiler; LibTorch stays as it is.
# A fault ends the program. Such a build has the tests that look for faults of memory and threads, and no others.
set(SIGNSYM_SANITIZE "" CACHE STRING "\"address,undefined\", \"thread\", or with clang \"fuzzer-no-link,address,undefined\"")
if(SIGNSYM_SANITIZE)
  set(_sanitize -fsanitize=${SIGNSYM_SANITIZE} -fno-sanitize-recover=all)
  if(SIGNSYM_SANITIZE MATCHES "undefined")
    # vptr asks for type information that LibTorch's hidden classes do not have.
    list(APPEND _sanitize -fsanitize=float-cast-overflow -fno-sanitize=vptr)
  endif()
  add_compile_options(${_sanitize} -fno-omit-frame-pointer)
  add_link_options(${_sanitize})
endif()
