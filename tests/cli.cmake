# Tests that run the real binary.
find_package(Python3 COMPONENTS Interpreter)
if(TARGET tcpautopsy AND Python3_FOUND)
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_*.py)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME "cli: ${name}" COMMAND ${Python3_EXECUTABLE} ${script} -q)
    set_tests_properties("cli: ${name}" PROPERTIES TIMEOUT 300
      ENVIRONMENT "TCPAUTOPSY=$<TARGET_FILE:tcpautopsy>;TCPAUTOPSY_MANUAL=${PROJECT_SOURCE_DIR}/cli/tcpautopsy.1")
  endforeach()
endif()
