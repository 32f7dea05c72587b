# The tests' own library has tests too, in unit/tap: "test_support" is the library's name.
if(TARGET test_support)
  tcpautopsy_test(tap unit/tap test_support)
endif()
