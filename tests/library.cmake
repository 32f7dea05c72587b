# The library as another program has it: installed, its examples built against it in both ways, run, and what it exports.
if(NOT TCPAUTOPSY_LIBRARY OR NOT Python3_FOUND)
  return()
endif()
find_program(NM nm REQUIRED)
find_program(PKG_CONFIG pkg-config REQUIRED)
add_test(NAME "library: installed" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/library/test_installed.py -q)
set_tests_properties("library: installed" PROPERTIES TIMEOUT 600 COST 150
  ENVIRONMENT "TCPAUTOPSY=$<TARGET_FILE:tcpautopsy>;BUILD=${CMAKE_BINARY_DIR};CMAKE=${CMAKE_COMMAND};CXX=${CMAKE_CXX_COMPILER};SANITIZE=${TCPAUTOPSY_SANITIZE};VERSION=${PROJECT_VERSION}")
# The pages of its headers; a warning is an error.
add_test(NAME "library: doxygen" WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  COMMAND sh -c "(cat analyzer/docs/Doxyfile; echo 'OUTPUT_DIRECTORY = ${CMAKE_BINARY_DIR}/doxygen') | doxygen -")
