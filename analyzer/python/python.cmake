# The library for Python: a module over the public headers, and the classes that it fills.
find_package(Python3 3.11 COMPONENTS Interpreter Development.Module)
set(PYBIND11_NOPYTHON ON)
find_package(pybind11 2.10 CONFIG QUIET)
if(NOT TCPAUTOPSY_LIBRARY OR NOT Python3_Development.Module_FOUND OR NOT pybind11_FOUND)
  message(STATUS "The library, Python's headers or pybind11 are not here: the module for Python is not built")
  return()
endif()
set(TCPAUTOPSY_PYTHON_FOLDER lib/python${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR}/site-packages CACHE STRING
    "Where the module for Python is installed")

set(folder ${CMAKE_CURRENT_SOURCE_DIR}/python)
Python3_add_library(tcpautopsy_python MODULE WITH_SOABI ${folder}/core.cc ${folder}/objects.cc ${folder}/reading.cc ${folder}/streams.cc)
set_target_properties(tcpautopsy_python PROPERTIES OUTPUT_NAME _core PYTHON_MINOR ${Python3_VERSION_MINOR})
target_include_directories(tcpautopsy_python PRIVATE ${PROJECT_SOURCE_DIR} ${headers} ${made_headers})
target_link_libraries(tcpautopsy_python PRIVATE tcpautopsy_shared pybind11::headers)
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  # Where the system does not look for libraries by itself; the prefix may be moved.
  file(RELATIVE_PATH up_to_libraries /${TCPAUTOPSY_PYTHON_FOLDER}/tcpautopsy /${CMAKE_INSTALL_LIBDIR})
  set_target_properties(tcpautopsy_python PROPERTIES INSTALL_RPATH "$ORIGIN/${up_to_libraries}")
endif()

install(TARGETS tcpautopsy_python LIBRARY DESTINATION ${TCPAUTOPSY_PYTHON_FOLDER}/tcpautopsy COMPONENT python)
install(DIRECTORY ${folder}/tcpautopsy DESTINATION ${TCPAUTOPSY_PYTHON_FOLDER} COMPONENT python
  FILES_MATCHING PATTERN *.py PATTERN *.pyi PATTERN py.typed PATTERN __pycache__ EXCLUDE)
