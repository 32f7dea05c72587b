# libgcrypt encrypts addresses.
target_link_libraries(tcpautopsy_anonymize PRIVATE PkgConfig::LIBGCRYPT)
