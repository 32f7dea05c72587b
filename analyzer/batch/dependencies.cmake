# The store is an SQLite file.
find_package(SQLite3 REQUIRED)
target_link_libraries(tcpautopsy_batch PRIVATE SQLite::SQLite3)
