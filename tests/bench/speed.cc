// Measures what the tool takes: see CONTRIBUTING.md. Asserts nothing of time; exits with 1 if the tool does
// not find the flows that a capture was made of.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/attacks.h"
#include "tests/bench/compare.h"
#include "tests/bench/growth.h"

namespace tcpautopsy::bench {
namespace {

constexpr const char* kUsage =
    "usage: speed [OPTION]...\n"
    "  --scale NUMBER   size of the captures (1; below it the start of programs counts too)\n"
    "  --rounds COUNT   each figure is the median of so many (5)\n"
    "  --profile NAME   web, bulk, small, churn, synflood or idle; may be given again (all)\n"
    "  --seed NUMBER    other captures of the same kind (1)\n"
    "  --tool PATH      the tcpautopsy to measure (that of this build)\n"
    "  --alone          without the other analysers that are installed\n"
    "  --growth         how time and memory grow, instead\n"
    "  --attacks        what attacks take beside ordinary captures of as many packets, instead\n";

struct Usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Request {
  Settings settings;
  bool growth = false, attacks = false;
};

double positive(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(value > 0)) throw Usage("not a number above 0: " + text);
  return value;
}

Profile known_profile(const std::string& text) {
  const auto profile = find_profile(text);
  if (!profile) throw Usage("no such profile: " + text);
  return *profile;
}

Request parse(const std::vector<std::string>& words) {
  Request request;
  Settings& settings = request.settings;
  settings.tool = TCPAUTOPSY_TOOL;
  settings.bare_loop = TCPAUTOPSY_BARE_LOOP;
  std::vector<Profile> profiles;
  for (auto word = words.begin(); word != words.end(); ++word) {
    const auto value = [&]() -> const std::string& {
      if (word + 1 == words.end()) throw Usage(*word + " needs a value");
      return *++word;
    };
    if (*word == "--scale")
      settings.scale = positive(value());
    else if (*word == "--rounds")
      settings.rounds = std::max(1U, static_cast<unsigned>(positive(value())));
    else if (*word == "--seed")
      settings.seed = static_cast<std::uint64_t>(positive(value()));
    else if (*word == "--profile")
      profiles.push_back(known_profile(value()));
    else if (*word == "--tool")
      settings.tool = value();
    else if (*word == "--alone")
      settings.others = false;
    else if (*word == "--growth")
      request.growth = true;
    else if (*word == "--attacks")
      request.attacks = true;
    else
      throw Usage("no such option: " + *word);
  }
  if (!profiles.empty()) settings.profiles = profiles;
  return request;
}

int speed(const std::vector<std::string>& words) {
  try {
    const Request request = parse(words);
    leave_interrupts_to_children();
    if (request.attacks)
      attacks(request.settings);
    else
      request.growth ? growth(request.settings) : compare(request.settings);
    return 0;
  } catch (const Usage& error) {
    std::fprintf(stderr, "%s\n%s", error.what(), kUsage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace tcpautopsy::bench

int main(int count, char** arguments) {
  return tcpautopsy::bench::speed(std::vector<std::string>(arguments + 1, arguments + count));
}
