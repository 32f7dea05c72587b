// The plugin's one set of things that live between Wireshark's callbacks.
#pragma once

#include <memory>

#include "plugin/segments.h"
#include "plugin/session.h"

namespace tcpautopsy::plugin {

struct State {
  int protocol = -1, tap = -1, expert_tap = -1;
  int pass_tap = -1;  // nobody listens: whether it takes packets tells of the pass
  dissector_handle_t dissector = nullptr;
  FrameReader reader;
  FoundParts found;
  Preferences preferences;
  Session::Keep keep;  // for the next session
  std::unique_ptr<Session> session;
  std::uint32_t last_to_come = 0;  // of a capture that is dissected anew; 0: not known
  bool first_pass_over = false;
  bool switched_off = false;        // by us, since nobody asks
  bool showed_provisional = false;  // rows of the window, that are to be drawn again once all is concluded
};

// Wireshark calls plugins from one thread, and its callbacks carry no pointer of ours.
State& state();

// Concludes the capture that is being read, if that has not been done.
void finish_session();

// Runs `f`; an exception of C++ must not leave a callback. What failed is said once, in Wireshark's log.
template <class F>
void guarded(const char* what, F&& f);

// For the templates only.
void say_failure(const char* what, const char* why);

template <class F>
void guarded(const char* what, F&& f) {
  try {
    f();
  } catch (const std::exception& e) {
    say_failure(what, e.what());
  }
}

}  // namespace tcpautopsy::plugin
