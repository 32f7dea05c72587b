// libFuzzer's way in for captures, with mutations that know packets; FUZZ_INPUT names what is done with them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "analyzer/capture/capture_error.h"
#include "capture_input.h"
#include "capture_mutator.h"
#include "session_input.h"

using namespace tcpautopsy;

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    fuzz::FUZZ_INPUT({data, size});
  } catch (const CaptureError&) {
    return -1;  // no capture: not worth a place in the corpus
  }
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  auto file = fuzz::read_packets({data, size});
  if (!file || seed % 10 == 0) return LLVMFuzzerMutate(data, size, most);
  fuzz::CaptureMutator mutator(seed, 400);
  for (unsigned changes = 1 + seed / 10 % 6; changes > 0; --changes) mutator.change(*file);
  const auto changed = fuzz::write_packets(*file);
  if (changed.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, changed.data(), changed.size());
  return changed.size();
}
