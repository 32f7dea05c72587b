// Plays the blocks of a script: each connection of a block is a script of its own.
#pragma once

#include <cstdint>

#include "tests/support/tap_script.h"

namespace tcpautopsy::tap {

struct BlockConnection {
  Script script;
  PerSide<std::uint32_t> isns{};
  PerSide<std::uint16_t> ip_ids{};
};

// `number` counts the connections of all blocks, `rank` those of this one. The same arguments give the same
// connection.
BlockConnection connection_of(const Script& script, const Block& block, std::uint32_t rank,
                              std::uint32_t number, std::uint32_t isn);

}  // namespace tcpautopsy::tap
