// What opening a capture throws.
#pragma once

#include <stdexcept>

namespace tcpautopsy {

// The file cannot be read at all: no such file, a directory, not a capture, empty, or a filter that does not
// compile.
class CaptureError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace tcpautopsy
