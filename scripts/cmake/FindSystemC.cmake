# SPDX-License-Identifier: Apache-2.0
# Finds SystemC as target SystemC::systemc. Tries SystemC's own package, then pkg-config (Debian
# ships only that), and pins SC_CPLUSPLUS to the language version that the library was built with:
# with any other value the program does not link.
find_package(SystemCLanguage QUIET CONFIG)
if(TARGET SystemC::systemc)
  set(SystemC_FOUND TRUE)
  return()
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)

if(NOT DEFINED SYSTEMC_CPLUSPLUS)
  file(WRITE ${CMAKE_BINARY_DIR}/systemc_probe.cpp
    "#include <systemc>\nint sc_main(int, char**) { sc_core::sc_start(); return 0; }\n")
  foreach(version 201703L 202002L 201402L 201103L)
    try_compile(links ${CMAKE_BINARY_DIR}/systemc_probe ${CMAKE_BINARY_DIR}/systemc_probe.cpp
      COMPILE_DEFINITIONS -DSC_CPLUSPLUS=${version}
      LINK_LIBRARIES PkgConfig::SYSTEMC
      CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
    if(links)
      set(SYSTEMC_CPLUSPLUS ${version} CACHE INTERNAL "language version of the SystemC library")
      break()
    endif()
  endforeach()
  if(NOT DEFINED SYSTEMC_CPLUSPLUS)
    message(FATAL_ERROR "SystemC was found, but nothing links with it")
  endif()
endif()

add_library(SystemC::systemc INTERFACE IMPORTED)
target_link_libraries(SystemC::systemc INTERFACE PkgConfig::SYSTEMC)
target_compile_definitions(SystemC::systemc INTERFACE SC_CPLUSPLUS=${SYSTEMC_CPLUSPLUS})
set(SystemC_FOUND TRUE)
