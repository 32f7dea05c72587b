find_package(fmt REQUIRED)
target_link_libraries(tcpautopsy_report PUBLIC fmt::fmt)
