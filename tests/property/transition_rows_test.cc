// No transition stands outside the tables, and no row of them is idle.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "analyzer/infer/trellis_moves.h"
#include "tests/support/conclude.h"
#include "tests/support/format.h"
#include "tests/support/simulator.h"
#include "tests/support/slow_moves.h"
#include "tests/support/tap_player.h"
#include "tests/support/tap_runner.h"
#include "tests/support/tap_script.h"

namespace tcpautopsy {
namespace {

constexpr std::uint32_t kIsn = 0x9c4f12e7, kSeed = 9293;

template <class Row>
bool told_by(const Transition& t, const Row& row) {
  return t.cause == row.cause && t.rfc == row.rfc;
}

template <class Rows, class Leads>
bool any_row(const Transition& t, const Rows& rows, Leads leads) {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const auto& row) { return told_by(t, row) && leads(row); });
}

bool stands_in_tables(const Transition& t) {
  const auto steps = [&t](const auto& row) { return row.from == t.from && row.to == t.to; };
  const auto among = [&t](const auto& row) { return row.from.has(t.from) && row.to == t.to; };
  if (t.from == TcpState::Unknown)
    return any_row(t, told_rows(), [&](const ToldRow& row) { return row.to.has(t.to); });
  return any_row(t, arrive_rows(), steps) || any_row(t, send_rows(), steps) ||
         any_row(t, timer_rows(), steps) || any_row(t, silent_rows(), steps) ||
         std::any_of(silent_rows().begin(), silent_rows().end(),
                     [&](const SilentRow& row) {
                       return steps(row) && t.cause == row.early_cause && t.rfc == row.early_rfc;
                     }) ||
         any_row(t, successor_rows(), among) ||
         any_row(t, jump_rows(), [&](const JumpRow& row) { return row.to == t.to; }) ||
         any_row(t, hidden_rows(),
                 [&](const HiddenRow& row) {
                   return row.from.has(t.from) && send_row(t.from, row.what, t.to) != nullptr;
                 }) ||
         any_row(t, unseen_rows(), [&](const UnseenRow& row) {
           return std::any_of(arrive_rows().begin(), arrive_rows().end(), [&](const ArriveRow& arrived) {
             return arrived.from == t.from && (row.on & arrived.on) != 0 &&
                    slow_deliver(arrived.to, row.then) == t.to;
           });
         });
}

// Rows by their tables, as numbers.
enum class Table { Arrive, Send, RstForm, Timer, Silent, Start, Told, Hidden, Unseen, Jump, Successor };
using RowName = std::pair<Table, std::size_t>;
using RowSet = std::set<RowName>;

template <class Row, class Matches>
void mark(RowSet& seen, Table table, std::span<const Row> rows, Matches matches) {
  for (std::size_t r = 0; r < rows.size(); ++r)
    if (matches(rows[r])) seen.insert({table, r});
}

// Goes the cheapest path through a trellis, and marks the rows it takes.
class Walk {
 public:
  Walk(const Trellis& trellis, const Observations& observations, RowSet& seen)
      : trellis_(trellis), observations_(observations), seen_(seen) {}

  void go(OpeningSeen captured) {
    Cost best = kNever;
    trellis_.start.states().each([&](TcpState s) {
      if (const Cost all = add_cost(trellis_.start[s], trellis_.onward[s]); all < best) {
        best = all;
        state_ = s;
      }
    });
    mark(seen_, Table::Start, start_rows(),
         [&](const StartRow& row) { return row.captured == captured && row.state == state_; });
    StateSet before = trellis_.start.states();
    for (const Step& step : trellis_.steps) {
      const TcpState next = next_after(step);
      note(step.event, next, before);
      state_ = next;
      before = step.forward.states();
    }
    const Ending& e = trellis_.endings[index(state_)];
    // Told as possible at least.
    if (e.leave <= add_cost(e.stay, weights::kPlausible))
      mark(seen_, Table::Timer, timer_rows(), [&](const TimerRow& row) { return row.from == state_; });
  }

 private:
  TcpState next_after(const Step& step) const {
    Cost best = kNever;
    TcpState next = state_;
    each_move(trellis_, step.event, {state_}, observations_, [&](TcpState, TcpState to, Cost cost) {
      const Cost all = add_cost(cost, step.backward[to]);
      if (all >= best) return;
      best = all;
      next = to;
    });
    return next;
  }

  void note(const Event& event, TcpState next, StateSet before) {
    switch (event.kind) {
      case EventKind::Send: return note_send(observations_.records[event.record], next, before);
      case EventKind::Arrive:
      case EventKind::MayArrive:
      case EventKind::Icmp:
        if (next != state_) note_arrival(event.triggers, next);
        return;
      case EventKind::Shown: return;
      case EventKind::HiddenFin:
      case EventKind::Unseen:
        if (next != state_) note_missed(event.evidence, next);
        return;
      case EventKind::Silent:
        if (next != state_)
          mark(seen_, Table::Silent, silent_rows(), [&](const SilentRow& row) { return row.from == state_; });
        return;
      case EventKind::Jump:
        return mark(seen_, Table::Jump, jump_rows(), [&](const JumpRow& row) {
          return row.what == observations_.records[event.record].sends && row.to == next;
        });
      case EventKind::Displaced: return;
    }
  }

  void note_send(const Observation& m, TcpState next, StateSet before) {
    mark(seen_, Table::Send, send_rows(), [&](const SendRow& row) {
      return row.from == state_ && row.to == next && row.what == m.sends &&
             (row.given == Given::EarlyData) == (m.early_data && sends_before_open(row));
    });
    // What it costs decides, whether it is paid or not.
    if (m.sends == Sends::Rst)
      mark(seen_, Table::RstForm, rst_form_rows(),
           [&](const RstFormRow& row) { return row.form == m.rst_form() && before.meets(row.from); });
  }

  static bool sends_before_open(const SendRow& row) {
    return row.from == TcpState::SynReceived && (row.what == Sends::Ack || row.what == Sends::Fin);
  }

  void note_arrival(unsigned triggers, TcpState next) {
    for (TcpState s = state_; s != next;) {
      const ArriveRow* row = arrive(s, static_cast<std::uint8_t>(triggers));
      if (row == nullptr) return;
      seen_.insert({Table::Arrive, static_cast<std::size_t>(row - arrive_rows().data())});
      triggers &= ~unsigned{row->on};
      s = row->to;
    }
  }

  void note_missed(Evidence evidence, TcpState next) {
    mark(seen_, Table::Hidden, hidden_rows(), [&](const HiddenRow& row) {
      return row.evidence == evidence && row.from.has(state_) && send_row(state_, row.what, next) != nullptr;
    });
    mark(seen_, Table::Unseen, unseen_rows(), [&](const UnseenRow& row) {
      return row.evidence == evidence &&
             std::any_of(arrive_rows().begin(), arrive_rows().end(), [&](const ArriveRow& arrived) {
               return arrived.from == state_ && (row.on & arrived.on) != 0 &&
                      slow_deliver(arrived.to, row.then) == next;
             });
    });
  }

  const Trellis& trellis_;
  const Observations& observations_;
  RowSet& seen_;
  TcpState state_ = TcpState::Closed;
};

OpeningSeen opening_of(const StreamFacts& own, const StreamFacts& peer) {
  return own.sent_syn        ? OpeningSeen::OwnSyn
         : peer.sent_syn     ? OpeningSeen::PeerSyn
         : own.sent_syn_ack  ? OpeningSeen::OwnSynAck
         : peer.sent_syn_ack ? OpeningSeen::PeerSynAck
                             : OpeningSeen::Nothing;
}

struct Tables {
  RowSet seen;
  std::uint64_t transitions = 0;
  std::map<std::string, std::string> outside;  // what stands in no row, and where it was first seen
  TrellisBuilder builder;

  void take(const FlowHistory& flow, const std::string& source) {
    for (const Transition& t : flow.transitions) {
      ++transitions;
      if (!stands_in_tables(t))
        outside.emplace(fmt::format("{} > {} {} {}", name(t.from), name(t.to), t.cause, t.rfc), source);
      if (t.from == TcpState::Unknown) seen.insert({Table::Told, 0});
      if (flow.trace.successor)
        mark(seen, Table::Successor, successor_rows(), [&](const SuccessorRow& row) {
          return told_by(t, row) && row.from.has(t.from) && row.to == t.to;
        });
    }
    walk(flow);
  }

 private:
  void walk(const FlowHistory& flow) {
    const TimeNs until_ns = flow.trace.successor
                                ? std::min(flow.capture_end_ns, flow.trace.successor->syn.time_ns)
                                : flow.capture_end_ns;
    Observations observations;
    observe(flow.trace, until_ns, false, observations);
    for (const Side side : {Side::A, Side::B}) {
      if (flow.trace.self_connection && side == Side::B) continue;
      const bool missed = observations.capture_missed;
      const Trellis* trellis = &builder.run(flow.trace, observations, flow.profile, side, until_ns, missed);
      if (trellis->contradiction && !missed)
        trellis = &builder.run(flow.trace, observations, flow.profile, side, until_ns, true);
      Walk(*trellis, observations, seen)
          .go(opening_of(observations.streams[index(side)], observations.streams[index(other(side))]));
    }
  }
};

void take_script(std::string_view text, const std::string& source, Tables& tables) {
  const tap::Script script = tap::parse_script(text);
  for (const Concluded& flow : tap::conclude_script(script, tap::play(script, kIsn, kSeed)).flows)
    tables.take(flow.history, source);
}

void take_scripts(Tables& tables) {
  const std::filesystem::path root(TCPAUTOPSY_SOURCE_DIR);
  for (const auto& folder : {root / "tests" / "scripts", root / "samples"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".tap") continue;
      std::ifstream in(entry.path());
      take_script(std::string{std::istreambuf_iterator<char>(in), {}}, entry.path().string(), tables);
    }
}

void take_examples(Tables& tables) {
  for (const Detector* detector : detectors())
    if (detector->doc.scope == Scope::Flow)
      for (const Example& example : detector->examples)
        take_script(example.script, std::string(example.title), tables);
}

// The cells by which a row is known.
std::string key(const ArriveRow& row) { return fmt::format("{} {}", name(row.from), row.cause); }
std::string key(const SendRow& row) {
  return fmt::format("{} {} > {}", name(row.from), row.cause, name(row.to));
}
std::string key(const RstFormRow& row) { return fmt::format("{}: {}", to_string(row.from), row.reason); }
std::string key(const TimerRow& row) { return std::string(name(row.from)); }
std::string key(const SilentRow& row) { return std::string(name(row.from)); }
std::string key(const StartRow& row) {
  return fmt::format("opening {}: {}", static_cast<int>(row.captured), name(row.state));
}
std::string key(const ToldRow& row) { return std::string(row.cause); }
std::string key(const HiddenRow& row) {
  return fmt::format("evidence {}: {}", static_cast<int>(row.evidence), to_string(row.from));
}
std::string key(const UnseenRow& row) {
  return fmt::format("evidence {}: {} and then {}", static_cast<int>(row.evidence), row.on, row.then);
}
std::string key(const JumpRow& row) {
  return fmt::format("sending {} in {}", static_cast<int>(row.what), name(row.to));
}
std::string key(const SuccessorRow& row) { return std::string(row.cause); }

struct Idle {
  std::string_view row, why;
};

// What no script shows, since something else explains all that it would explain.
const std::vector<Idle> kIdle{
    {"arrive: SYN-RECEIVED received FIN", "a FIN that counts carries an ACK, which goes first"},
    {"send: LISTEN sent SYN > SYN-SENT", "an end whose SYN was captured starts in CLOSED"},
    {"send: SYN-SENT sent RST > CLOSED", "staying in SYN-SENT costs less"},
    {"silent: CLOSE-WAIT", "a RST from the state itself costs less"},
    {"silent: FIN-WAIT-1", "a RST from the state itself costs less"},
    {"start: opening 4: CLOSED", "an open connection explains as much for less"},
    {"start: opening 4: LISTEN", "an open connection explains as much for less"},
    {"start: opening 4: SYN-SENT", "an open connection explains as much for less"},
    {"start: opening 4: SYN-RECEIVED", "an open connection explains as much for less"},
    {"start: opening 4: TIME-WAIT", "an open connection explains as much for less"},
    {"hidden: evidence 3: SYN-RECEIVED|ESTABLISHED|CLOSE-WAIT",
     "a FIN hidden on evidence, or another start, explains as much for less"},
    {"hidden: evidence 5: "
     "SYN-SENT|SYN-RECEIVED|ESTABLISHED|FIN-WAIT-1|FIN-WAIT-2|CLOSE-WAIT|CLOSING|LAST-ACK|TIME-WAIT",
     "a RST that was not captured is possible, never the likeliest"},
    {"unseen: evidence 4: 8 and then 0",
     "a FIN hidden on evidence, or another start, explains as much for less"},
    {"unseen: evidence 4: 32 and then 0", "a RST that was not captured is possible, never the likeliest"},
    {"jump: sending 0 in SYN-SENT", "missed segments explain as much for less"},
    {"jump: sending 1 in SYN-RECEIVED", "missed segments explain as much for less"},
    {"jump: sending 2 in SYN-RECEIVED", "missed segments explain as much for less"},
    {"jump: sending 2 in ESTABLISHED", "missed segments explain as much for less"},
    {"jump: sending 2 in FIN-WAIT-1", "missed segments explain as much for less"},
    {"jump: sending 2 in FIN-WAIT-2", "missed segments explain as much for less"},
    {"jump: sending 2 in CLOSE-WAIT", "missed segments explain as much for less"},
    {"jump: sending 2 in CLOSING", "missed segments explain as much for less"},
    {"jump: sending 2 in LAST-ACK", "missed segments explain as much for less"},
    {"jump: sending 2 in TIME-WAIT", "missed segments explain as much for less"},
    {"jump: sending 3 in FIN-WAIT-1", "missed segments explain as much for less"},
    {"jump: sending 3 in CLOSING", "missed segments explain as much for less"},
    {"jump: sending 3 in LAST-ACK", "missed segments explain as much for less"},
    {"jump: sending 4 in CLOSED", "missed segments explain as much for less"},
    {"jump: sending 4 in LISTEN", "missed segments explain as much for less"},
    {"jump: sending 4 in SYN-SENT", "missed segments explain as much for less"},
    {"jump: sending 4 in SYN-RECEIVED", "missed segments explain as much for less"},
};

template <class Row>
void check_all_seen(const Tables& tables, Table table, std::string_view title, std::span<const Row> rows) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::string row = fmt::format("{}: {}", title, key(rows[r]));
    const bool idle =
        std::any_of(kIdle.begin(), kIdle.end(), [&](const Idle& known) { return known.row == row; });
    const bool seen = tables.seen.count({table, r}) != 0;
    if (!seen && !idle) FAIL_CHECK("nothing takes the row " << row);
    if (seen && idle) FAIL_CHECK("the row is taken by now: " << row);
  }
}

}  // namespace

TEST_CASE("no transition of scripts and examples stands outside the tables, and no row is idle") {
  Tables tables;
  take_scripts(tables);
  take_examples(tables);
  REQUIRE(tables.transitions > 0);
  for (const auto& [transition, source] : tables.outside) {
    INFO(source);
    FAIL_CHECK(transition);
  }
  check_all_seen(tables, Table::Arrive, "arrive", arrive_rows());
  check_all_seen(tables, Table::Send, "send", send_rows());
  check_all_seen(tables, Table::RstForm, "RST form", rst_form_rows());
  check_all_seen(tables, Table::Timer, "timer", timer_rows());
  check_all_seen(tables, Table::Silent, "silent", silent_rows());
  check_all_seen(tables, Table::Start, "start", start_rows());
  check_all_seen(tables, Table::Told, "told", told_rows());
  check_all_seen(tables, Table::Hidden, "hidden", hidden_rows());
  check_all_seen(tables, Table::Unseen, "unseen", unseen_rows());
  check_all_seen(tables, Table::Jump, "jump", jump_rows());
  check_all_seen(tables, Table::Successor, "successor", successor_rows());
}

TEST_CASE("no transition of simulated connections stands outside the tables") {
  constexpr sim::Weather kSkies[]{{},
                                  {.reorder_before_tap = true},
                                  {.capture_loss = true},
                                  {.capture_starts_late = true},
                                  {.one_sided = true}};
  Tables tables;
  for (std::uint64_t seed = 930'000; seed < 932'000; ++seed) {
    const sim::Run run = sim::simulate(seed, kSkies[seed % std::size(kSkies)]);
    ConcludeSettings settings;
    settings.capture_end_ns = run.capture_end_ns;
    settings.capture_loss = seed % 2 == 0 ? CaptureLoss::OnEvidence : CaptureLoss::Granted;
    for (const Concluded& flow : conclude(run.captured, settings).flows)
      tables.take(flow.history, fmt::format("seed {}", seed));
  }
  REQUIRE(tables.transitions > 0);
  for (const auto& [transition, source] : tables.outside) {
    INFO(source);
    FAIL_CHECK(transition);
  }
}

}  // namespace tcpautopsy
