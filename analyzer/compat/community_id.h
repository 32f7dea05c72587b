// The Community ID flow hash, version 1: the name by which other tools know the same flow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "analyzer/decode/address.h"

namespace tcpautopsy {

// "1:" and the base64 of SHA-1 over seed, ordered 4-tuple and protocol 6, as its specification has it.
std::string community_id(const EndpointAddress& a, const EndpointAddress& b, std::uint16_t seed = 0);
// The same into kCommunityIdSize octets; where it ends.
constexpr std::size_t kCommunityIdSize = 30;
char* write_community_id(char* to, const EndpointAddress& a, const EndpointAddress& b,
                         std::uint16_t seed = 0);

}  // namespace tcpautopsy
