# The kernel's own states. 77: this machine cannot do it (no root, no namespaces, no tracefs), which is told.
if(TARGET tcpautopsy AND Python3_FOUND)
  add_test(NAME kernel COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/kernel/run.py -o ${CMAKE_CURRENT_BINARY_DIR}/kernel --connections 160 --seconds 8
    --tool $<TARGET_FILE:tcpautopsy>)
  set_tests_properties(kernel PROPERTIES TIMEOUT 300 RUN_SERIAL TRUE SKIP_RETURN_CODE 77)
endif()
