# libgcrypt hashes the Community ID.
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBGCRYPT REQUIRED IMPORTED_TARGET libgcrypt)
target_link_libraries(tcpautopsy_compat PRIVATE PkgConfig::LIBGCRYPT)
