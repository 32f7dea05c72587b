# What became of connections is concluded beside the reading.
find_package(Threads REQUIRED)
target_link_libraries(tcpautopsy_analysis PUBLIC Threads::Threads)
