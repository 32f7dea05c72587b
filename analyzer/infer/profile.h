// What a host's TCP does by the clock, and all that options, help, settings and plans need to know of these
// numbers: each is a member and a row of the table in profile.cc.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "analyzer/seq/seq.h"

namespace tcpautopsy {

struct Profile {
  std::string name;
  TimeNs time_wait = 0;
  std::optional<TimeNs> fin_wait_2;  // after close() only; none: it waits for ever
  TimeNs syn_give_up = 0;            // from the first SYN
  unsigned syn_retries = 0;
  unsigned syn_ack_retries = 0;
  unsigned data_retries = 0;
  unsigned orphan_retries = 0;
  TimeNs minimum_rto = 0;

  Profile();  // the first of profile_names()
  // nullopt for a name that is none of profile_names().
  static std::optional<Profile> named(std::string_view name);

 private:
  explicit Profile(std::size_t rank);
};

constexpr std::size_t kProfiles = 4;
const std::array<std::string, kProfiles>& profile_names();

struct ProfileNumber {
  using Value = std::optional<std::int64_t>;  // times in ns; none: there is no such limit
  using Member = std::variant<TimeNs Profile::*, std::optional<TimeNs> Profile::*, unsigned Profile::*>;

  std::string_view name;  // the member's
  Member member;
  std::string_view meaning;             // a line of help
  std::array<Value, kProfiles> values;  // by profile_names()
  std::string_view source;              // of them

  bool is_time() const { return !std::holds_alternative<unsigned Profile::*>(member); }
  bool may_be_none() const { return std::holds_alternative<std::optional<TimeNs> Profile::*>(member); }
  Value of(const Profile& profile) const;
  void set(Profile& profile, Value value) const;  // none becomes 0 unless it may be none
};

std::span<const ProfileNumber> profile_numbers();

}  // namespace tcpautopsy
