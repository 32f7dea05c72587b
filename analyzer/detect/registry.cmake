# A detector is one file in detect/<phase>/; its name is its finding's id. Adding the file is enough: this list is made from the folders, in
# the order of phases.
set(lines "")
foreach(phase opening transfer closing)
  file(GLOB detectors CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/detect/${phase}/*.cc)
  foreach(path ${detectors})
    get_filename_component(id ${path} NAME_WE)
    string(APPEND lines "TCPAUTOPSY_DETECTOR(${id})\n")
  endforeach()
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/detectors.inc CONTENT "${lines}")
target_include_directories(tcpautopsy_detect PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)

# fmt writes what findings say.
find_package(fmt REQUIRED)
target_link_libraries(tcpautopsy_detect PUBLIC fmt::fmt)
