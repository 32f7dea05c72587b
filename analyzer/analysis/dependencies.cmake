# Histories may be worked out on several threads.
find_package(Threads REQUIRED)
target_link_libraries(tcpautopsy_analysis PUBLIC Threads::Threads)
