// libFuzzer's way in.
#include <cstddef>
#include <cstdint>

#include "decode_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tcpautopsy::fuzz::decode_input({data, size});
  return 0;
}
