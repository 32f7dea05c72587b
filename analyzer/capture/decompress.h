// Compressed streams, told by their first bytes: gzip, bzip2, xz, zstd, lz4.
#pragma once

#include <memory>
#include <string>

#include "analyzer/capture/byte_source.h"

namespace tcpautopsy {

// Bytes of the stream's start that name_of_compression() wants to see.
constexpr std::size_t kCompressionMagicSize = 6;

// "gzip", "bzip2", "xz", "zstd", "lz4", or empty.
std::string name_of_compression(Bytes start);

// The stream inside `packed`. What was decoded before a break is delivered first, then error() is set.
std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> packed, const std::string& compression);

}  // namespace tcpautopsy
