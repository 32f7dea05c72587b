# Tests that run the real tshark with the plugin from this build.
find_package(Python3 COMPONENTS Interpreter)
find_program(TSHARK tshark)
if(NOT TARGET tcpautopsy_wireshark OR NOT TARGET tap2pcap OR NOT Python3_FOUND OR NOT TSHARK)
  return()
endif()
set(preload "")
if(TCPAUTOPSY_SANITIZE)
  # The runtime must be there before tshark is; clang's is part of the program that it links.
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    return()
  endif()
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libasan.so OUTPUT_VARIABLE preload OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/plugin/test_*.py)
foreach(script ${scripts})
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME "plugin: ${name}" COMMAND ${Python3_EXECUTABLE} ${script} -q)
  set_tests_properties("plugin: ${name}" PROPERTIES TIMEOUT 600 COST 200
    ENVIRONMENT "TCPAUTOPSY=$<TARGET_FILE:tcpautopsy>;TSHARK=${TSHARK};WSPLUGINS=${TCPAUTOPSY_WSPLUGINS};PRELOAD=${preload};TAP2PCAP=$<TARGET_FILE:tap2pcap>;CUT_STATES=$<TARGET_FILE:cut_states>")
endforeach()
# Wireshark's window. A sanitizer's runtime would be loaded into dumpcap, which then hangs: only of a plugin without, as
# .ci/window builds it; 77: no window can be had, which is told.
if(NOT TCPAUTOPSY_SANITIZE)
  add_test(NAME "plugin: window" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/plugin/window.py)
  set_tests_properties("plugin: window" PROPERTIES TIMEOUT 900 COST 250 SKIP_RETURN_CODE 77
    ENVIRONMENT "TCPAUTOPSY=$<TARGET_FILE:tcpautopsy>;TSHARK=${TSHARK};WSPLUGINS=${TCPAUTOPSY_WSPLUGINS};TAP2PCAP=$<TARGET_FILE:tap2pcap>")
endif()
