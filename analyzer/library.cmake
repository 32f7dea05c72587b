# The library for other programs: what analyzer/include has, and nothing else. A shared one, and a static one of one object that
# keeps all else to itself. Both are made of the layers' objects; nothing is compiled twice.
set(TCPAUTOPSY_ABI 1)  # of the shared library's name and of the namespace in the headers: export.h, version.h
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(headers ${CMAKE_CURRENT_SOURCE_DIR}/include)
set(made_headers ${CMAKE_CURRENT_BINARY_DIR}/include)
configure_file(include/tcpautopsy/version.h.in ${made_headers}/tcpautopsy/version.h @ONLY)
target_include_directories(tcpautopsy_api PUBLIC ${headers} ${made_headers})
target_compile_definitions(tcpautopsy_api PRIVATE TCPAUTOPSY_BUILDING_LIBRARY TCPAUTOPSY_VERSION="${PROJECT_VERSION}")

set(script ${CMAKE_CURRENT_SOURCE_DIR}/api/package/exports.map)
add_library(tcpautopsy_shared SHARED $<TARGET_OBJECTS:tcpautopsy_api>)
set_target_properties(tcpautopsy_shared PROPERTIES OUTPUT_NAME tcpautopsy EXPORT_NAME analyzer LINKER_LANGUAGE CXX
  VERSION ${TCPAUTOPSY_ABI}.${PROJECT_VERSION} SOVERSION ${TCPAUTOPSY_ABI} LINK_DEPENDS ${script})
target_include_directories(tcpautopsy_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(tcpautopsy_shared INTERFACE cxx_std_20)
target_link_libraries(tcpautopsy_shared PRIVATE tcpautopsy_report tcpautopsy_reassembly)
target_link_options(tcpautopsy_shared PRIVATE -Wl,--version-script=${script})
if(NOT TCPAUTOPSY_SANITIZE)
  # A sanitizer's own symbols come from the program that loads the library.
  target_link_options(tcpautopsy_shared PRIVATE -Wl,-z,defs)
endif()

# Linked into one object, in which all but the interface becomes local: the layers' names cannot meet those of a program.
set(archives "")
foreach(layer seq capture decode transfer reassembly compat flow infer hosts detect analysis causes report api)
  list(APPEND archives $<TARGET_FILE:tcpautopsy_${layer}>)
endforeach()
set(archive ${CMAKE_CURRENT_BINARY_DIR}/libtcpautopsy.a)
# Not where the linker inlines across files: g++ 12 leaves references to functions in it that only a whole program has.
set(static ON)
if(CMAKE_BUILD_TYPE STREQUAL Release AND TCPAUTOPSY_LTO AND inlines_across_files)
  set(static OFF)
endif()
add_custom_command(OUTPUT ${archive}
  COMMAND ${CMAKE_CXX_COMPILER} -r -nostdlib -Wl,--force-group-allocation -o tcpautopsy.o -Wl,--whole-archive ${archives}
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden tcpautopsy.o
  COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=_ZN10tcpautopsy2v${TCPAUTOPSY_ABI}*
          --keep-global-symbol=_ZT?N10tcpautopsy2v${TCPAUTOPSY_ABI}* tcpautopsy.o
  COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
  COMMAND ${CMAKE_AR} crD ${archive} tcpautopsy.o
  DEPENDS ${archives}
  VERBATIM)
add_custom_target(library DEPENDS tcpautopsy_shared)
if(static)
  add_custom_target(tcpautopsy_static ALL DEPENDS ${archive})
  add_dependencies(library tcpautopsy_static)
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/tcpautopsy)
set(static_needs pcap archive z gcrypt fmt)
list(TRANSFORM static_needs PREPEND -l OUTPUT_VARIABLE static_libraries)
list(JOIN static_libraries " " static_libraries)
configure_package_config_file(api/package/tcpautopsy-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/tcpautopsy-config.cmake
  INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/tcpautopsy-config-version.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH up_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(api/package/tcpautopsy.pc.in ${CMAKE_CURRENT_BINARY_DIR}/tcpautopsy.pc @ONLY)

install(TARGETS tcpautopsy_shared EXPORT tcpautopsy LIBRARY COMPONENT library NAMELINK_COMPONENT development)
if(static)
  install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endif()
install(DIRECTORY ${headers}/tcpautopsy ${made_headers}/tcpautopsy DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN *.h)
install(EXPORT tcpautopsy NAMESPACE tcpautopsy:: FILE tcpautopsy-targets.cmake DESTINATION ${package} COMPONENT development)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tcpautopsy-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/tcpautopsy-config-version.cmake
  DESTINATION ${package} COMPONENT development)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tcpautopsy.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
