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

// What is inside all layers of compression, gzip in gzip too, up to kMostLayers; none where it is not
// compressed.
struct Unpacked {
  std::unique_ptr<ByteWindow> stream;
  std::string packing;  // "+gzip", outermost first; empty for none
};
constexpr int kMostLayers = 4;  // endless nesting is an attack
Unpacked unpack(std::unique_ptr<ByteSource> bytes);

// The stream inside `packed`. What was decoded before a break is delivered first, then error() is set.
std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> packed, const std::string& compression);

}  // namespace tcpautopsy
