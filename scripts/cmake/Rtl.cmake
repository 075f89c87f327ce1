# SPDX-License-Identifier: Apache-2.0
# systole_rtl: the arrays of tests/rtl, translated by Verilator. Without Verilator the same library
# has no arrays (sim/rtl/absent), and what needs one says so.
option(SYSTOLE_RTL "Translate the SystemVerilog of tests/rtl, where Verilator is installed" ON)
if(SYSTOLE_RTL)
  find_package(verilator QUIET HINTS /usr/share/verilator $ENV{VERILATOR_ROOT})
endif()

systole_library(systole_rtl sim/rtl systole_pe)
if(NOT SYSTOLE_RTL OR NOT verilator_FOUND)
  message(STATUS "Verilator: none, so the RTL is not built and its tests are skipped")
  target_sources(systole_rtl PRIVATE ${PROJECT_SOURCE_DIR}/sim/rtl/absent/built_models.cpp)
  return()
endif()

systole_library(systole_rtl_dpi sim/rtl/dpi systole_isa)
# The array rounds each product before it is added, as in sim/function.
target_compile_options(systole_rtl_dpi PRIVATE -ffp-contract=off)

add_library(systole_rtl_models STATIC)
target_link_libraries(systole_rtl_models PRIVATE systole_rtl_dpi)
# Generated code: its own warnings, nothing to debug, quick to compile rather than to run.
target_compile_options(systole_rtl_models PRIVATE -w -g0 -O1)
set_target_properties(systole_rtl_models PROPERTIES SYSTEM ON EXPORT_COMPILE_COMMANDS OFF
  UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
target_link_libraries(systole_rtl PRIVATE systole_rtl_models)
target_sources(systole_rtl PRIVATE ${PROJECT_SOURCE_DIR}/sim/rtl/verilated/built_models.cpp)

set(rtl_headers "")
set(rtl_rows "")
# systole_rtl_model(Ws|Os rows cols macs lines_per_cycle acc_depth): one more array.
function(systole_rtl_model dataflow rows cols macs lines depth)
  set(rtl ${PROJECT_SOURCE_DIR}/tests/rtl)
  set(class V${dataflow}${rows}x${cols})
  string(TOLOWER ${dataflow} unit)
  set(parameters -GROWS=${rows} -GCOLS=${cols} -GLANES=${macs} -GACC_DEPTH=${depth})
  set(stationary true)
  if(unit STREQUAL ws)
    list(APPEND parameters -GLINES=${lines})
    set(stationary false)
  endif()
  verilate(systole_rtl_models PREFIX ${class} TOP_MODULE mxu_${unit}
    SOURCES ${rtl}/mxu_pkg.sv ${rtl}/delay.sv ${rtl}/pacer.sv ${rtl}/accumulator.sv
      ${rtl}/pe_${unit}.sv ${rtl}/mxu_${unit}.sv
    # What later versions of Verilator warn of does not stop a build; a test holds -Wall.
    VERILATOR_ARGS ${parameters} --assert --x-initial 0 --output-split 0 -Wno-fatal)
  set(rtl_headers "${rtl_headers}#include <${class}.h>\n" PARENT_SCOPE)
  set(row "${stationary}, ${rows}, ${cols}, ${macs}, ${lines}, ${depth}")
  set(rtl_rows "${rtl_rows}{${row}, &make<${dataflow}Mxu<${class}>>},\n" PARENT_SCOPE)
endfunction()

# Sizes: the chip tiny-4x4's; tall, wide, and neither a power of two; one PE; one row.
foreach(size 4x4 3x5 8x6 1x1 1x5)
  string(REGEX MATCH "([0-9]+)x([0-9]+)" unused ${size})
  systole_rtl_model(Ws ${CMAKE_MATCH_1} ${CMAKE_MATCH_2} 2 4 256)
  systole_rtl_model(Os ${CMAKE_MATCH_1} ${CMAKE_MATCH_2} 2 0 256)
endforeach()

# What sim/rtl/verilated/built_models.cpp includes.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/rtl/rtl_model_classes.hpp CONTENT "@rtl_headers@" @ONLY)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/rtl/rtl_model_rows.inc CONTENT "@rtl_rows@" @ONLY)
target_include_directories(systole_rtl_models INTERFACE ${CMAKE_BINARY_DIR}/rtl)
