# libpcap reads classic captures and compiles filters; zlib and libarchive undo the compression.
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBPCAP REQUIRED IMPORTED_TARGET libpcap>=1.9)
find_package(LibArchive REQUIRED)
find_package(ZLIB REQUIRED)
target_link_libraries(tcpautopsy_capture PUBLIC PkgConfig::LIBPCAP PRIVATE LibArchive::LibArchive ZLIB::ZLIB)
