// For each finding that can be a cause: what it says of an incident, who has to act, and what to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/causes/incident.h"
#include "analyzer/detect/detector.h"

namespace tcpautopsy {

// What of the connection's time the cause took.
enum class Lost : std::uint8_t { Nothing, Whole, Span, Handshake, Recovery, Window, Nagle };

// Who has to act, by the end that the finding names.
enum class Blame : std::uint8_t {
  Application,      // at that end
  Host,             // that end's
  PeerApplication,  // at the other end
  PeerHost,
  Beside,      // the network between the capture point and that end
  BesidePeer,  // and the other end
  ServerApplication,
  ServerHost,
  ClientApplication,
  ClientHost,
  Network,
  Middlebox,
  Capture,
  Nobody  // packets cannot tell
};

struct CauseWords {
  std::string_view id;
  Blame blame = Blame::Nobody;
  Lost lost = Lost::Nothing;
  // {S} the service's address and port, {H} the host, {C} the client or how many, {n} " (3 flows)"
  // where there is more than one, {a} "3 attempts" (of the cause itself, without what it explains), {E}
  // "client" or "server" as the finding names it, {P} the other.
  std::string_view headline;
  std::string_view remedy;  // one line, with the same
};

// nullptr for a finding that has no row: one that is never above info. `likely`: by its evidence of that
// name, empty where findings of the cause differ in it.
const CauseWords* cause_words(std::string_view id, std::string_view likely = "");
constexpr std::string_view kLikelyCause = "likely_cause";

// Whether it matters which end the finding names: else those of both ends are one cause.
bool names_end(const CauseWords& words);

Actor actor_of(Blame blame, End end);

// What the placeholders stand for.
struct CauseNames {
  std::string service, host, client;
  std::uint64_t flows = 0, attempts = 0;
  End end = End::None;
};
std::string fill_in(std::string_view words, const CauseNames& names);
// The headline, with the doubt said that is left: those of what packets cannot tell name the possibilities
// themselves.
std::string hedged(std::string headline, Certainty certainty);

}  // namespace tcpautopsy
