#include "analyzer/causes/cause_words.h"

#include <map>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {
namespace {

using enum Blame;

constexpr CauseWords kRows[]{
    // Opening.
    {"accept_dropped", ServerApplication, Lost::Span, "{S} dropped handshake ACKs{n}: accept queue full",
     "let the application accept() faster; raise its backlog and net.core.somaxconn"},
    {"accept_queue_overflow", ServerApplication, Lost::Span,
     "accept queue of {S} overflowed{n}: accept() too slow",
     "let the application accept() faster; raise its backlog and net.core.somaxconn"},
    {"bad_flag_combination", Nobody, Lost::Nothing, "invalid TCP flags, {S}{n}: scanner or broken stack",
     "find who sends them, by TTL and MAC address; drop them at the firewall"},
    {"connect_aborted", Blame::ClientApplication, Lost::Nothing,
     "{a} to {S} aborted by RST: probe or timeout",
     "see the client's connect timeout, or whether it is a scanner or a load balancer's probe"},
    {"connect_timeout", Nobody, Lost::Whole, "{S} not responding to SYN{n}: down, filtered or busy",
     "on the server: is it up, does the SYN arrive (tcpdump)? if so, nstat TcpExtListenDrops; else a "
     "firewall"},
    {"connection_refused", ServerApplication, Lost::Nothing, "{S} refused {a}: port closed or firewall",
     "start the service or correct the port (ss -ltn); if it listens, a firewall rejects"},
    {"half_open_abandoned", Nobody, Lost::Span, "{S} gave up in SYN-RECEIVED{n}: no ACK arrived",
     "see ss -ltn for a full accept queue; capture at the server to see whether the ACK arrives"},
    {"handshake_ack_lost", Nobody, Lost::Span, "handshake ACK lost near {S} or accept queue full{n}",
     "nstat TcpExtListenOverflows on the server tells a full queue from loss on the path"},
    {"handshake_ack_missing", Nobody, Lost::Span, "no ACK for SYN-ACK of {S}{n}: lost or client gone",
     "capture at the client: does the SYN-ACK arrive, does the ACK leave?"},
    {"mss_anomaly", Host, Lost::Nothing, "MSS missing, tiny or ignored by the {E}, {S}{n}",
     "see MTU and MSS clamping at that end and on tunnels"},
    {"port_reuse_blocked", Nobody, Lost::Handshake, "{S} still has the old connection of a reused port{n}",
     "let the application close its sockets; let clients use more ports"},
    {"port_scan", Blame::ClientHost, Lost::Nothing, "port scan by {H}{n}",
     "find out whether it is yours; else block it"},
    {"rst_ignored", Middlebox, Lost::Whole, "invalid RST from the {E} side, ignored, {S}{n}",
     "find what sends it: a firewall or load balancer that fills in a wrong sequence or ACK number"},
    {"self_connect", Blame::ClientApplication, Lost::Nothing, "{S} connected to itself{n}",
     "retry with bind() to a port outside the ephemeral range, or keep the service up"},
    {"service_refusing", ServerApplication, Lost::Nothing, "{S} refuses all, {a}: port closed or firewall",
     "start the service or correct the port (ss -ltn); if it listens, a firewall rejects"},
    {"service_unreachable", Nobody, Lost::Whole, "{S} unreachable, {a}: host down or filtered",
     "on the server: is it up, does the SYN arrive (tcpdump)? if not, look for a firewall on the path"},
    {"stray_syn_ack", Nobody, Lost::Nothing, "stray SYN-ACKs from {S}{n}: backscatter or old SYN",
     "nothing, if they are few; many are the backscatter of a flood with spoofed sources"},
    {"syn_ack_lost", Beside, Lost::Handshake, "SYN-ACK of {S} lost on the way to the client{n}",
     "look for loss between the capture point and the client"},
    {"syn_backlog_full", Blame::ServerHost, Lost::Span, "SYN backlog of {S} is full{n}",
     "net.ipv4.tcp_syncookies=1; raise tcp_max_syn_backlog and the application's backlog"},
    {"syn_flood", Blame::ServerHost, Lost::Nothing, "SYN flood on {S}{n}",
     "net.ipv4.tcp_syncookies=1; filter the sources upstream"},
    {"syn_option_blackhole", Middlebox, Lost::Handshake,
     "SYN with option or ECN dropped on the way to {S}{n}",
     "find the firewall that drops them; until then turn the option off (tcp_ecn, tcp_fastopen)"},
    {"syn_unanswered", Nobody, Lost::Handshake, "SYN to {S} lost or dropped, and retransmitted{n}",
     "look for loss on the path; nstat TcpExtListenDrops on the server tells of drops there"},
    {"weak_isn", Host, Lost::Nothing, "predictable initial sequence numbers of {H}",
     "update the stack of that host, or of the device that rewrites its numbers"},

    // Transfer.
    {"ack_loop", Nobody, Lost::Span, "ACK storm with {S}{n}: sequence numbers disagree",
     "find what changed the numbers: a middlebox, an injected segment or a restored snapshot"},
    {"bad_checksum", Beside, Lost::Recovery, "damaged segments (checksum) from the {E}, {S}{n}",
     "look for a bad link, card or memory on the way: ethtool -S, interface errors"},
    {"capture_loss", Blame::Capture, Lost::Nothing, "the capture missed packets, {S}{n}",
     "capture with a larger buffer (tcpdump -B) or a smaller snap length, or see the mirror port's load"},
    {"cork_delay", Application, Lost::Nagle, "{E} held partial segments 200 ms (cork), {S}{n}",
     "uncork, or leave MSG_MORE out of the last write"},
    {"data_beyond_window", Host, Lost::Nothing, "{E} sent beyond the receive window, {S}{n}",
     "see whether a middlebox changes windows; else update that host's stack"},
    {"delayed_ack_stall", Application, Lost::Nagle, "{E} waited for delayed ACKs of the {P}, {S}{n}",
     "leave SO_SNDBUF to the system, set TCP_NODELAY, write in larger blocks"},
    {"idle_timeout", Middlebox, Lost::Recovery, "idle connection expired in middlebox or {P}, {S}{n}",
     "send keep-alives more often than the middlebox's idle timeout"},
    {"keepalive_reset", PeerHost, Lost::Nothing, "{P} lost the connection (RST to probe), {S}{n}",
     "see whether the {P} restarted; else a middlebox's idle timeout is shorter than the keep-alive"},
    {"keepalive_timeout", Nobody, Lost::Span, "keep-alives unanswered: {P} down or cut off, {S}{n}",
     "is that host up? do other connections to it live? if so, look for a middlebox's idle timeout"},
    {"nagle_delay", Application, Lost::Nagle, "Nagle delays small writes of the {E}, {S}{n}",
     "write each message at once, or set TCP_NODELAY"},
    {"overlap_conflict", Nobody, Lost::Nothing, "retransmissions of the {E} carry other data, {S}{n}",
     "compare captures on both sides of the middlebox; look at the bytes with stream --overlap"},
    {"peer_restarted", Host, Lost::Nothing, "{E} restarted: connection unknown to it, {S}{n}",
     "see uptime and logs of that host, and failovers"},
    {"peer_unresponsive", Nobody, Lost::Recovery, "{P} stopped responding (down or cut off), {S}{n}",
     "is that host up? does the data arrive there (tcpdump)?"},
    {"pmtu_blackhole", Network, Lost::Recovery, "MTU black hole: {E}'s large segments lost, {S}{n}",
     "let ICMP \"fragmentation needed\" pass; clamp the MSS; net.ipv4.tcp_mtu_probing=1"},
    {"request_unanswered", PeerApplication, Lost::Span, "{P} application never answered a request, {S}{n}",
     "see that application's logs and thread dumps at that time"},
    {"retransmission_rate", Network, Lost::Recovery, "packet loss: high retransmission rate, {S}",
     "look for loss on the path: interface drops, duplex, congestion, Wi-Fi"},
    {"retransmission_timeout", Network, Lost::Recovery,
     "packet loss or delay: retransmission timeouts, {S}{n}",
     "look for loss on the path: interface drops, duplex, congestion, Wi-Fi"},
    {"sequence_rewritten", Middlebox, Lost::Nothing, "middlebox rewrites sequence numbers in part, {S}{n}",
     "turn off sequence number randomisation on the firewall, or let it rewrite SACK too"},
    {"silly_window", Application, Lost::Window, "{E} reads in tiny steps: silly window, {S}{n}",
     "read in larger pieces; enlarge the receive buffer"},
    {"slow_response", ServerApplication, Lost::Span, "{S} answered late{n}",
     "see that application's logs at that time; DNS look-ups and database waits are usual"},
    {"slow_server", ServerApplication, Lost::Nothing, "{S} answers slowly",
     "see that application's logs at that time, its load and what it waits for"},
    {"tiny_segments", Application, Lost::Nothing, "{E} sends many tiny segments, {S}{n}",
     "gather small writes into one (writev, a buffer, TCP_CORK)"},
    {"window_limited", Host, Lost::Window, "{E}'s receive window limits throughput, {S}{n}",
     "raise its receive buffer (tcp_rmem, SO_RCVBUF) to bandwidth times round trip"},
    {"window_scale_ignored", Middlebox, Lost::Window, "window scaling broken on the path, {S}{n}",
     "find the firewall that strips or ignores the window scale option"},
    {"zero_window", Application, Lost::Window, "{E} reads too slowly: zero window, {S}{n}",
     "see what that application waits for; enlarge its receive buffer"},
    {"zero_window_stuck", Application, Lost::Window, "{E} stopped reading: window stays closed, {S}{n}",
     "see where that application hangs (thread dump); ss -tm shows its full receive queue"},

    // Closing.
    {"close_wait_pileup", ServerApplication, Lost::Nothing,
     "sockets pile up in CLOSE-WAIT at {S}{n}: not closed",
     "close() the socket when read() returns 0; a restart only helps for a while"},
    {"close_wait_stuck", Application, Lost::Nothing, "{E} does not close its socket (CLOSE-WAIT), {S}{n}",
     "close() the socket when read() returns 0; ss -tp state close-wait names the process"},
    {"fin_retransmitted", Network, Lost::Nothing, "FIN of the {E} lost and retransmitted, {S}{n}",
     "look for loss on the path, if many connections have it"},
    {"fin_unanswered", Nobody, Lost::Nothing, "FIN unanswered: {P} gone or cut off, {S}{n}",
     "is the {P} up? does a middlebox forget the connection once it saw a FIN?"},
    {"fin_wait_2_timeout", PeerApplication, Lost::Nothing, "{P} did not close, FIN-WAIT-2 timed out, {S}{n}",
     "let the {P}'s application close() when read() returns 0"},
    {"lost_final_ack", Beside, Lost::Nothing, "last ACK of the close lost before the {E}, {S}{n}",
     "look for loss on the path, if many connections have it"},
    {"old_duplicate", Network, Lost::Nothing, "late duplicate of an old connection, {S}{n}",
     "look for a path that holds packets for long; use timestamps (RFC 7323)"},
    {"port_exhaustion", Blame::ClientHost, Lost::Nothing, "{H} runs out of client ports",
     "reuse connections (keep-alive, a pool); widen net.ipv4.ip_local_port_range"},
    {"rst_abort", Application, Lost::Nothing, "{E} aborted the connection by RST, {S}{n}",
     "see the {E}'s logs at that time: a crash, a timeout, or SO_LINGER 0"},
    {"rst_after_close", Application, Lost::Nothing, "{E} closed early: RST to late segments, {S}{n}",
     "let the {E} close later than its peer's last request (idle timeouts: server longer than client)"},
    {"rst_injected", Middlebox, Lost::Nothing, "probably injected RST in the {E}'s name, {S}{n}",
     "find the device by the RST's TTL: firewall, IPS, or NAT node (conntrack INVALID)"},
    {"rst_unread_data", Application, Lost::Nothing, "{E} reset: unread data or SO_LINGER 0, {S}{n}",
     "read until read() returns 0 before close(); do not set SO_LINGER to 0"},
    {"short_connections", Blame::ClientApplication, Lost::Nothing,
     "one connection per request: {C} to {S}{n}", "reuse connections: HTTP keep-alive, a connection pool"},
    {"time_wait_assassination", Nobody, Lost::Nothing, "TIME-WAIT of the {E} ended early by RST, {S}{n}",
     "nothing, if rare; net.ipv4.tcp_rfc1337=1 prevents it"},
    {"time_wait_excess", Blame::ClientApplication, Lost::Nothing, "very many sockets in TIME-WAIT at {H}",
     "reuse connections (keep-alive, a pool); let the clients close first"},
    {"time_wait_syn_dropped", Blame::ServerHost, Lost::Whole,
     "{S} drops SYNs: TIME-WAIT or timestamps (NAT){n}",
     "net.ipv4.tcp_tw_recycle=0 on the server; no timestamps behind a NAT that mixes hosts"},
};

// By what a finding's evidence calls the likely cause, or "was_up" (CauseBook::likely_of). Of one id all rows
// name an end, or none does.
struct Likelier {
  std::string_view likely;
  CauseWords words;
};

constexpr Likelier kByLikelyCause[]{
    {"other_numbers",
     {"stray_syn_ack", Middlebox, Lost::Whole, "SYN-ACKs of {S} acknowledge wrong numbers{n}",
      "capture on both sides of firewalls that randomise sequence numbers, and see which host answers"}},
    {"filtered",
     {"connection_refused", Middlebox, Lost::Nothing, "{a} to {S} rejected by a firewall (ICMP)",
      "findings --finding connection_refused names who sends the ICMP error: see its rules"}},
    {"rejected_by_host",
     {"connection_refused", Blame::ServerHost, Lost::Nothing,
      "{a} to {S} rejected by its host's firewall (ICMP)",
      "see that host's firewall (nft list ruleset), or stop the client asking there"}},
    {"unreachable",
     {"connection_refused", Network, Lost::Nothing, "{a} to {S} failed: unreachable (ICMP)",
      "findings --finding connection_refused names the router and its reason: see routes and that host"}},
    {"was_up",
     {"connection_refused", ServerApplication, Lost::Nothing,
      "{S} stopped or moved: resets, then refused {a}",
      "see the service's log and uptime at that time, and failovers"}},
    {"was_up",
     {"service_refusing", ServerApplication, Lost::Nothing,
      "{S} stopped or moved: resets, then refused all, {a}",
      "see the service's log and uptime at that time, and failovers"}},
    {"socket_waits",
     {"connect_aborted", Blame::ClientHost, Lost::Nothing,
      "SYN-ACK of {S} reset, SYN repeated{n}: filter or duplicate IP",
      "on the client: its firewall, a second host with its address (arping -D), a program with raw "
      "sockets"}},
    {"missing",
     {"mss_anomaly", Host, Lost::Nothing, "{E} offered no MSS, {S}{n}",
      "see what strips TCP options on the way, and that host's stack"}},
    {"tiny",
     {"mss_anomaly", Host, Lost::Nothing, "{E} offered a very small MSS, {S}{n}",
      "see MTU and MSS clamping at that end and on tunnels"}},
    {"ignored",
     {"mss_anomaly", Host, Lost::Nothing, "{E} sends more than its peer's MSS, {S}{n}",
      "see what changes the MSS option on the way (clamping), and that host's stack"}},
    {"client_side",
     {"retransmission_rate", Blame::ClientSide, Lost::Recovery,
      "packet loss, client side: high retransmission rate, {S}",
      "look for loss between clients and capture point: interface drops, duplex, congestion, Wi-Fi"}},
    {"server_side",
     {"retransmission_rate", Blame::ServerSide, Lost::Recovery,
      "packet loss, server side: high retransmission rate, {S}",
      "look for loss between capture point and server: interface drops, duplex, congestion, Wi-Fi"}},
    {"client_side",
     {"retransmission_timeout", Blame::ClientSide, Lost::Recovery,
      "packet loss, client side: retransmission timeouts, {S}{n}",
      "look for loss between client and capture point: interface drops, duplex, congestion, Wi-Fi"}},
    {"server_side",
     {"retransmission_timeout", Blame::ServerSide, Lost::Recovery,
      "packet loss, server side: retransmission timeouts, {S}{n}",
      "look for loss between capture point and server: interface drops, duplex, congestion, Wi-Fi"}},
    {"never_answered",
     {"retransmission_timeout", Nobody, Lost::Recovery,
      "data never acknowledged: peer down or cut off, {S}{n}",
      "is that host up? does the data arrive there (tcpdump)? or did the capture see one direction only?"}},
    {"probes_unanswered",
     {"zero_window_stuck", Nobody, Lost::Window, "{E} gone or cut off while its window was closed, {S}{n}",
      "a hung application's host still answers window probes: is the {E} up, and the path to it?"}},
    {"opening_lost",
     {"zero_window", BesidePeer, Lost::Window, "loss of what opened the {E}'s window again, {S}{n}",
      "look for loss between the capture point and the {P}: interface drops, duplex, congestion, Wi-Fi"}},
    {"filtered",
     {"peer_unresponsive", Middlebox, Lost::Recovery, "a firewall cut the connection off (ICMP), {S}{n}",
      "findings --finding peer_unresponsive names who sends the ICMP error: see its rules"}},
    {"unreachable",
     {"peer_unresponsive", Network, Lost::Recovery, "{P} became unreachable (ICMP), {S}{n}",
      "findings --finding peer_unresponsive names the router and its reason: see routes and that host"}},
    {"just_heard",
     {"peer_restarted", Host, Lost::Nothing, "RST of the {E}: no such connection there, {S}{n}",
      "it was alive a moment before: see failovers, firewalls, and programs with raw sockets at the {E}"}},
    {"closed_idle",
     {"rst_after_close", Application, Lost::Nothing, "{E} closed while idle as data came (race), {S}{n}",
      "let the {P}'s idle timeout be shorter than the {E}'s; repeat requests where that is safe"}},
    {"needless",
     {"retransmission_timeout", Network, Lost::Recovery, "data arrived, ACKs late or lost: timeouts, {S}{n}",
      "look for what holds packets up: Wi-Fi or mobile links, queues (round trips that grow), paused hosts"}},
    {"old_timestamps",
     {"retransmission_timeout", Nobody, Lost::Recovery, "old timestamps refused (PAWS), {S}{n}",
      "find what sets timestamps back: a middlebox, a moved or resumed host, a proxy that mixes hosts"}},
    {"data_missing",
     {"rst_abort", Network, Lost::Nothing, "{E} gave up waiting for lost data, {S}{n}",
      "look for loss on the way to the {E}, and why the {P} did not send again"}},
    {"idle",
     {"rst_abort", Nobody, Lost::Nothing, "idle connection reset by the {E} or a middlebox, {S}{n}",
      "compare the silence with idle timeouts of the {E}'s application and of middleboxes; keep-alives "
      "help"}},
    {"no_socket",
     {"rst_abort", Host, Lost::Nothing, "RST of the {E}: no such connection there, {S}{n}",
      "see whether the {E}'s process or host restarted, and failovers of what stands before it"}},
    {"no_socket_after_handshake",
     {"rst_abort", Nobody, Lost::Nothing, "RST of the {E} right after the handshake, {S}{n}",
      "full accept queue with tcp_abort_on_overflow (ss -ltn), a balancer without server, or a filter"}},
};

std::string_view word(End end) {
  if (end == End::None) return "either end";
  return end == End::Client ? "client" : "server";
}

// Behind an article: the client's, but either end's.
void add_end(std::string& to, End end) {
  constexpr std::string_view kArticle = "the ";
  if (end == End::None && to.ends_with(kArticle)) to.resize(to.size() - kArticle.size());
  to += word(end);
}

End other(End end) {
  if (end == End::None) return end;
  return end == End::Client ? End::Server : End::Client;
}

Actor at(End end, Actor client, Actor server) {
  if (end == End::None) return Actor::Unknown;
  return end == End::Client ? client : server;
}

}  // namespace

const CauseWords* cause_words(std::string_view id, std::string_view likely) {
  if (!likely.empty())
    for (const Likelier& row : kByLikelyCause)
      if (row.likely == likely && row.words.id == id) return &row.words;
  static const auto by_id = [] {
    std::map<std::string_view, const CauseWords*> all;
    for (const CauseWords& row : kRows) all.emplace(row.id, &row);
    return all;
  }();
  const auto found = by_id.find(id);
  return found == by_id.end() ? nullptr : found->second;
}

bool names_end(const CauseWords& words) {
  const auto tells = [&](std::string_view what) {
    return words.headline.find(what) != std::string_view::npos;
  };
  return tells("{E}") || tells("{P}") || words.blame <= Blame::BesidePeer;
}

Actor actor_of(Blame blame, End end) {
  switch (blame) {
    case Application: return at(end, Actor::ClientApplication, Actor::ServerApplication);
    case Host: return at(end, Actor::ClientHost, Actor::ServerHost);
    case PeerApplication: return at(other(end), Actor::ClientApplication, Actor::ServerApplication);
    case PeerHost: return at(other(end), Actor::ClientHost, Actor::ServerHost);
    case Beside: return at(end, Actor::NetworkClientSide, Actor::NetworkServerSide);
    case BesidePeer: return at(other(end), Actor::NetworkClientSide, Actor::NetworkServerSide);
    case Blame::ServerApplication: return Actor::ServerApplication;
    case Blame::ServerHost: return Actor::ServerHost;
    case Blame::ClientApplication: return Actor::ClientApplication;
    case Blame::ClientHost: return Actor::ClientHost;
    case Blame::ClientSide: return Actor::NetworkClientSide;
    case Blame::ServerSide: return Actor::NetworkServerSide;
    case Network: return Actor::Network;
    case Middlebox: return Actor::Middlebox;
    case Blame::Capture: return Actor::Capture;
    case Nobody: return Actor::Unknown;
  }
  return Actor::Unknown;
}

std::string fill_in(std::string_view words, const CauseNames& names) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != '{' || i + 2 >= words.size() || words[i + 2] != '}') {
      out += words[i];
      continue;
    }
    switch (words[i + 1]) {
      case 'S': out += names.service; break;
      case 'H': out += names.host; break;
      case 'C': out += names.client; break;
      case 'n': out += names.flows <= 1 ? "" : " (" + count_text(names.flows, "flow") + ")"; break;
      case 'a': out += count_text(names.attempts, "attempt"); break;
      case 'E': add_end(out, names.end); break;
      case 'P': add_end(out, other(names.end)); break;
      default: break;
    }
    i += 2;
  }
  return out;
}

std::string hedged(std::string headline, Certainty certainty) {
  if (certainty == Certainty::Possible && headline.find(" or ") == std::string::npos)
    headline += " (possible, not certain)";
  return headline;
}

}  // namespace tcpautopsy
