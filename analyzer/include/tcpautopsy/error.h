/// @file
/// What the library throws.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "tcpautopsy/export.h"

namespace tcpautopsy::v1 {

/// Nothing could be done. What is wrong with single inputs or packets is no error: Result::problems tells it.
class TCPAUTOPSY_API Error : public std::runtime_error {
 public:
  /// Whose mistake it is.
  enum class Kind : std::uint8_t {
    Option,  ///< an option, a profile, a threshold or a detector that cannot be
    Input    ///< no capture could be read: no such file, none, empty, or a filter that does not compile
  };

  /// `message` is plain English for a user, without a full stop.
  Error(Kind kind, const std::string& message);
  ~Error() override;
  /// Whose mistake it is.
  Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

}  // namespace tcpautopsy::v1
