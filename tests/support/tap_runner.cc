#include "tests/support/tap_runner.h"

#include <array>
#include <exception>

#include "tests/support/format.h"
#include "tests/support/ladder_printer.h"
#include "tests/support/tap_check.h"

namespace tcpautopsy::tap {

namespace {

constexpr std::uint32_t kSeed = 9293;
// The wrap of the sign bit and of the number itself fall within the first segments.
constexpr std::array<std::uint32_t, 4> kIsns{0, 0x7fffffff, 0xfffffffe, 0x9c4f12e7};

void note_marks(const Packet& packet, std::uint64_t frame, LadderNotes& notes) {
  std::string marks;
  if (packet.lost) marks += " !lost";
  if (packet.bad_checksum) marks += " !badsum";
  if (packet.other_octets) marks += " !other";
  if (packet.change_cipher_spec) marks += " !ccs";
  if (packet.late_ns) marks += fmt::format(" !late {}ms", packet.late_ns / kMillisecond);
  if (!marks.empty()) notes.emplace(frame, "script:" + marks);
}

void note_expected(const Packet& packet, std::uint64_t frame, LadderNotes& notes) {
  for (const BeliefExpectation& expected : packet.beliefs) {
    std::string text = expected.live ? "expected live:" : "expected";
    for (const Side side : {Side::A, Side::B})
      if (const auto& set = expected.sets[index(side)])
        text += fmt::format(" {} {}", letter(side), to_string(*set));
    notes.emplace(frame, text);
  }
}

LadderNotes notes_of(const Script& script, const Playback& playback) {
  LadderNotes notes;
  std::uint64_t frame = 0;
  for (std::size_t i = 0; i < script.events.size(); ++i) {
    const auto* packet = std::get_if<Packet>(&script.events[i]);
    if (frame < playback.event_of.size() && playback.event_of[frame] == i) ++frame;
    if (!packet) continue;
    if (packet->unseen) {
      notes.emplace(frame, fmt::format("then unseen, from {}: {} {}:{}({}) ack {}", letter(packet->from),
                                       flag_letters(packet->flags), packet->seq,
                                       packet->seq + packet->payload, packet->payload, packet->ack));
    } else {
      note_marks(*packet, frame, notes);
      note_expected(*packet, frame, notes);
    }
  }
  return notes;
}

}  // namespace

std::string RunResult::text() const {
  std::string out;
  for (const std::string& failure : failures) out += failure + "\n";
  return out + ladder;
}

Conclusions conclude_script(const Script& script, const Playback& playback) {
  ConcludeSettings settings;
  settings.profile = Profile::named(script.profile).value_or(Profile{});
  settings.capture_end_ns = playback.capture_end_ns;
  settings.keep_all = script.keep_all;
  settings.services = script.services;
  return conclude(playback.captured, settings);
}

RunResult run_script(const Script& script, std::string_view own_finding) {
  RunResult result;
  for (const std::uint32_t isn : kIsns) {
    const Playback playback = play(script, isn, kSeed);
    const Conclusions conclusions = conclude_script(script, playback);
    const auto failures = check(script, playback, conclusions, own_finding);
    // Blocks make more flows than anyone reads.
    if (result.passed() && script.blocks.empty())
      result.ladder = draw_ladder(conclusions.flows, notes_of(script, playback));
    for (const std::string& failure : failures)
      result.failures.push_back(fmt::format("ISN {:#x}, {}", isn, failure));
  }
  return result;
}

RunResult run_script(std::string_view text, std::string_view own_finding) {
  try {
    return run_script(parse_script(text), own_finding);
  } catch (const ScriptError& error) {
    return {{error.what()}, ""};
  }
}

}  // namespace tcpautopsy::tap
