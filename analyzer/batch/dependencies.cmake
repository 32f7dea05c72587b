# The store is an SQLite file.
find_package(SQLite3 REQUIRED)
find_package(Threads REQUIRED)
target_link_libraries(tcpautopsy_batch PUBLIC Threads::Threads PRIVATE SQLite::SQLite3)
