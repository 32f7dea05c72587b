# Tests that run the real tshark with the plugin from this build.
find_package(Python3 COMPONENTS Interpreter)
find_program(TSHARK tshark)
if(TARGET tcpautopsy_wireshark AND Python3_FOUND AND TSHARK AND NOT TCPAUTOPSY_SANITIZE)
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/plugin/test_*.py)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME "plugin: ${name}" COMMAND ${Python3_EXECUTABLE} ${script} -q)
    set_tests_properties("plugin: ${name}" PROPERTIES TIMEOUT 600
      ENVIRONMENT "TCPAUTOPSY=$<TARGET_FILE:tcpautopsy>;TSHARK=${TSHARK};WSPLUGINS=${TCPAUTOPSY_WSPLUGINS}")
  endforeach()
endif()
