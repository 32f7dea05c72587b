// libFuzzer's way in, for the input that FUZZ_INPUT names.
#include <cstddef>
#include <cstdint>

#include "file_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tcpautopsy::fuzz::FUZZ_INPUT({data, size});
  return 0;
}
