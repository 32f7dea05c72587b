#include "analyzer/infer/profile.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

using namespace tcpautopsy;

namespace {

std::string words(const ProfileNumber& number, ProfileNumber::Value value) {
  if (!value) return "none";
  if (!number.is_time()) return std::to_string(*value);
  return *value % kSecond == 0 ? std::to_string(*value / kSecond) + " s"
                               : std::to_string(*value / kMillisecond) + " ms";
}

// As analyzer/docs/contract.md has it.
std::string row(const ProfileNumber& number) {
  std::string option(number.name);
  for (char& c : option)
    if (c == '_') c = '-';
  std::string text = "| `--" + option + "` | " + std::string(number.meaning) + " |";
  for (const auto& value : number.values) text += " " + words(number, value) + " |";
  return text + " " + std::string(number.source) + " |\n";
}

}  // namespace

TEST_CASE("a profile has the numbers of its column") {
  for (std::size_t rank = 0; rank < kProfiles; ++rank) {
    const auto profile = Profile::named(profile_names()[rank]);
    REQUIRE(profile);
    CHECK(profile->name == profile_names()[rank]);
    for (const ProfileNumber& number : profile_numbers()) CHECK(number.of(*profile) == number.values[rank]);
  }
  CHECK(Profile().name == "linux");
  CHECK(Profile().time_wait == 60 * kSecond);
  CHECK_FALSE(Profile::named("rfc9293")->fin_wait_2);
  CHECK_FALSE(Profile::named("plan9"));
}

TEST_CASE("a number of a profile can be set, and none only where that means something") {
  for (const ProfileNumber& number : profile_numbers()) {
    Profile profile;
    number.set(profile, 7);
    CHECK(number.of(profile) == 7);
    number.set(profile, std::nullopt);
    CHECK(number.of(profile).has_value() != number.may_be_none());
  }
}

TEST_CASE("analyzer/docs/contract.md has the numbers of the profiles") {
  std::ifstream file(TCPAUTOPSY_SOURCE_DIR "/analyzer/docs/contract.md");
  const std::string contract{std::istreambuf_iterator<char>(file), {}};
  for (const ProfileNumber& number : profile_numbers()) {
    INFO(row(number));
    CHECK(contract.find(row(number)) != std::string::npos);
  }
}
