# The tests' own library has tests too, in unit/tap: "test_support" is the library's name.
if(TARGET test_support)
  tcpautopsy_test(tap unit/tap test_support)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(TAP2PCAP_PCAP REQUIRED IMPORTED_TARGET libpcap)
  add_executable(tap2pcap tools/tap2pcap.cc)
  target_link_libraries(tap2pcap PRIVATE test_support PkgConfig::TAP2PCAP_PCAP)
  if(TARGET tcpautopsy)
    add_test(NAME samples COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/samples.sh --check ${CMAKE_BINARY_DIR})
    set_tests_properties(samples PROPERTIES TIMEOUT 300)
  endif()
endif()

add_executable(bulk_transfer tools/bulk_transfer.cc)
if(Python3_FOUND)
  add_test(NAME "tools: check_includes" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/check_includes.py
    ${PROJECT_SOURCE_DIR}/.ci/check-includes)
endif()
if(TARGET tcpautopsy AND Python3_FOUND)
  # Large enough for a gap and for sequence numbers to go round; sizes that tell about memory are for running by hand.
  add_test(NAME "stream memory" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/stream_memory.py
    $<TARGET_FILE:tcpautopsy> $<TARGET_FILE:bulk_transfer> 120000000)
  set_tests_properties("stream memory" PROPERTIES TIMEOUT 300)
endif()

add_executable(decoded_frames tools/decoded_frames.cc)
target_link_libraries(decoded_frames PRIVATE tcpautopsy_detect)
if(Python3_FOUND)
  # A few of each; more, over other folders, are for running by hand.
  find_program(TSHARK tshark)
  if(TSHARK)
    add_test(NAME "decoder beside tshark" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tshark_fields.py
      $<TARGET_FILE:decoded_frames> ${PROJECT_SOURCE_DIR}/samples)
    set_tests_properties("decoder beside tshark" PROPERTIES TIMEOUT 300)
  else()
    message(STATUS "tshark is not here: the decoder is not compared with it")
  endif()
  if(TARGET tcpautopsy)
    add_test(NAME "damaged captures" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/damaged_captures.py
      $<TARGET_FILE:tcpautopsy> $<TARGET_FILE:mutate_capture> ${PROJECT_SOURCE_DIR}/samples --mutated 0:24 --cut 0:40)
    set_tests_properties("damaged captures" PROPERTIES TIMEOUT 300)
  endif()
endif()
