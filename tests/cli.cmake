# Parts of the command line that are no library.
add_executable(test_cli cli/test_selection.cc cli/test_read_progress.cc ${PROJECT_SOURCE_DIR}/cli/selection.cc ${PROJECT_SOURCE_DIR}/cli/read_progress.cc
  ${PROJECT_SOURCE_DIR}/cli/status_line.cc)
target_link_libraries(test_cli PRIVATE test_main tcpautopsy_report tcpautopsy_anonymize)
catch_discover_tests(test_cli TEST_PREFIX "cli: " PROPERTIES TIMEOUT 300)

# Tests that run the real binary.
find_package(Python3 COMPONENTS Interpreter)
if(TARGET tcpautopsy AND Python3_FOUND)
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_*.py)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME "cli: ${name}" COMMAND ${Python3_EXECUTABLE} ${script} -q)
    set_tests_properties("cli: ${name}" PROPERTIES TIMEOUT 600 COST 100
      ENVIRONMENT "TCPAUTOPSY=$<TARGET_FILE:tcpautopsy>;TCPAUTOPSY_MANUAL=${PROJECT_SOURCE_DIR}/cli/tcpautopsy.1;TCPAUTOPSY_MANUALS=${CMAKE_BINARY_DIR}/cli/man;TAP2PCAP=$<TARGET_FILE:tap2pcap>")
  endforeach()
  add_test(NAME "cli: cookbook" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cookbook.py $<TARGET_FILE:tcpautopsy>)
  set_tests_properties("cli: cookbook" PROPERTIES TIMEOUT 300)
  # The HTML pages in a browser; 77: there is none, which is told.
  add_test(NAME page COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/page/run.py $<TARGET_FILE:tcpautopsy>)
  set_tests_properties(page PROPERTIES TIMEOUT 600 COST 150 SKIP_RETURN_CODE 77)
  if(CMAKE_BUILD_TYPE STREQUAL Release)
    add_test(NAME "cli: hardening" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/hardening.py $<TARGET_FILE:tcpautopsy>)
  endif()
endif()
