# Packages of the five components: program, library, development, python, plugin; .ci/package builds them.
set(CPACK_PACKAGE_NAME tcpautopsy)
set(CPACK_PACKAGE_VENDOR "tcpautopsy maintainers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "tcpautopsy built using CMake")  # the default, which CPack puts before no description
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SYSTEM_NAME ${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL program)
set(abi "")
if(TARGET tcpautopsy_shared)
  get_target_property(abi tcpautopsy_shared SOVERSION)
  list(APPEND CPACK_COMPONENTS_ALL library development)
endif()
if(TARGET tcpautopsy_python)
  list(APPEND CPACK_COMPONENTS_ALL python)
endif()
if(TARGET tcpautopsy_wireshark)
  list(APPEND CPACK_COMPONENTS_ALL plugin)
endif()
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/stage.cmake)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/by_generator.cmake)
set(CPACK_TCPAUTOPSY_PACKAGES ${CMAKE_CURRENT_LIST_DIR})

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_POST_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/finish.cmake)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "tcpautopsy maintainers <maintainers@tcpautopsy.invalid>")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)

# NAME of the package, Debian's section, and what it is and has.
function(tcpautopsy_package component name section what has)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "offline TCP post-mortem analyser${what}
tcpautopsy reconstructs from a packet capture the state history of both ends
of every TCP connection, and names what went wrong: each finding with the
frames that prove it, the usual cause and the remedy.

${has}" PARENT_SCOPE)
endfunction()
tcpautopsy_package(program tcpautopsy net "" "This package has the command line.")
tcpautopsy_package(library libtcpautopsy${abi} libs " (shared library)" "This package has the shared library.")
tcpautopsy_package(development libtcpautopsy-dev libdevel " (development files)" "This package has headers, and what CMake and
pkg-config need to find them.")
tcpautopsy_package(python python3-tcpautopsy python " (Python 3 module)" "This package has the module for Python.")
tcpautopsy_package(plugin wireshark-plugin-tcpautopsy net " (Wireshark plugin)" "This package shows both inside Wireshark and tshark, beside each packet.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "wireshark-plugin-tcpautopsy, slurm-client")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libtcpautopsy${abi} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
# A compiled module is for one Python; the library is another component's, which dpkg-shlibdeps does not know yet.
math(EXPR next_python "${Python3_VERSION_MINOR} + 1")
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "libtcpautopsy${abi} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), python3 (>= 3.${Python3_VERSION_MINOR}~), python3 (<< 3.${next_python})")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS "python3-pandas")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/analyzer)
set(CPACK_DEBIAN_PLUGIN_PACKAGE_ENHANCES "wireshark, tshark")
include(CPack)
