#include "plugin/session.h"

#include <algorithm>
#include <utility>

namespace tcpautopsy::plugin {
namespace {

// Of connections that begin later, packets that only carry on are left out of the reconstruction, as the
// command line leaves them out of all but `history`: what remains possible is then told less finely.
constexpr std::uint64_t kWholePackets = 100'000;
// So much is kept for the ladders of the window.
constexpr std::uint64_t kWholeRecords = 1'000'000;
// A flow with so many kept segments is not gone through again for each one that only carries on.
constexpr std::size_t kLongStory = 256, kPartOfStory = 16;
constexpr std::size_t kAtOnce = 256;
constexpr std::size_t kMostLayers = 256;

std::uint64_t inner_key(std::uint32_t frame, std::size_t layer) { return std::uint64_t{frame} << 8U | layer; }

bool from_low(const EndpointAddress& source, const EndpointAddress& destination) {
  return source < destination;
}

// What may change the states of an end, more than data and acknowledgments do.
bool stirs(const TcpSegment& segment) { return (segment.flags & (kSyn | kFin | kRst)) != 0; }
bool stirs(const IcmpError&) { return true; }

std::optional<Side>& end_of(Shown& shown, const TcpSegment&) { return shown.sender; }
std::optional<Side>& end_of(Shown& shown, const IcmpError&) { return shown.told; }

}  // namespace

Numbers Numbers::of(const SegmentMeasures& measures) {
  Numbers n;
  n.any = true;
  n.rtt_ns = measures.rtt_ns;
  if (measures.window_known && (measures.flags & kRst) == 0) n.window = measures.window;
  n.in_flight = static_cast<std::uint32_t>(std::min<std::uint64_t>(measures.in_flight, kUnknown));
  n.of_sender = measures.in_flight_of() == measures.side;
  return n;
}

Session::Session(const Preferences& preferences, Keep keep) : keep_(keep) {
  AnalysisOptions options;
  options.profile = preferences.profile;
  options.thresholds = preferences.thresholds;
  options.peer_words = false;
  options.keep_all = [this](std::uint64_t) { return packets_begun_ < kWholePackets; };
  options.on_segment = [this](std::uint64_t flow, Side sender, const TcpSegment& segment,
                              const FrameRef& frame) {
    if (measures_) measure(flow, sender, segment, frame);
  };
  analysis_ = std::make_unique<Analysis>(options, [this](const FlowResult& flow) { take(flow); });
}

void Session::note_frame(std::uint32_t frame, TimeNs time_ns) {
  if (!any_) first_ns_ = last_ns_ = time_ns;
  if (!any_) analysis_->note_time(time_ns);
  any_ = true;
  first_ns_ = std::min(first_ns_, time_ns);
  last_ns_ = std::max(last_ns_, time_ns);
  ++packets_;
  shown_.clear();
  shown_frame_ = 0;
  last_frame_ = frame;
}

bool Session::feed(std::uint32_t frame, TimeNs time_ns, const FoundParts& parts, bool someone_looks) {
  note_frame(frame, time_ns);
  const FrameRef ref{0, frame, time_ns};
  bool ours = !parts.segments.empty();
  if (parts.error) ours = take_error(*parts.error, ref);
  for (std::size_t layer = 0; layer < std::min(parts.segments.size(), kMostLayers); ++layer) {
    Waiting& waiting = waiting_.emplace_back(
        Waiting{parts.segments[layer], ref, last_ns_, static_cast<std::uint8_t>(layer)});
    waiting.segment.payload = {};  // Wireshark's, and soon gone; its length is all that counts
  }
  if (waiting_.size() >= kAtOnce || someone_looks) analyse_waiting();
  if (someone_looks) {
    // All before the first is shown: two segments of a frame may be of one flow, whose card is made anew.
    each_placed(frame, parts,
                [&](Place, std::uint64_t flow, const auto& part) { weigh(live_[flow], part, flow); });
    each_placed(frame, parts, [&](Place, std::uint64_t flow, const auto& part) {
      show_live(live_[flow], frame, time_ns, part);
    });
  }
  if (!parts.segments.empty())
    ++counts_.tcp;
  else if (parts.error)
    ++counts_.icmp_errors;
  else
    ++counts_.other;
  return ours;
}

bool Session::take_error(const IcmpError& error, const FrameRef& frame) {
  analyse_waiting();
  const std::optional<std::uint64_t> flow = analysis_->add(error, frame);
  if (!flow) return false;
  const Place place = place_for(*flow, from_low(error.source, error.destination));
  if (place != 0) put(static_cast<std::uint32_t>(frame.number), 0, place | kQuoted);
  return place != 0;
}

void Session::analyse_waiting() {
  for (const Waiting& w : waiting_) {
    packets_begun_ = w.frame.number;
    analysis_->note_time(w.latest_ns);
    const std::uint64_t flow = analysis_->add(w.segment, w.frame);
    put(static_cast<std::uint32_t>(w.frame.number), w.layer,
        place_for(flow, from_low(w.segment.source, w.segment.destination)));
  }
  waiting_.clear();
  if (any_) analysis_->note_time(last_ns_);
}

// A capture with more flows than a place can number shows none for those beyond.
Session::Place Session::place_for(std::uint64_t flow, bool low) {
  return flow + 1 < kFlow ? static_cast<Place>(flow + 1) | (low ? kFromLow : Place{0}) : Place{0};
}

void Session::measure(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame) {
  if (segment.source == segment.destination) return;  // which end of it measured what is not known
  if (numbers_.size() <= frame.number) numbers_.resize(frame.number + 1);
  numbers_[frame.number] = Numbers::of(meters_[flow].add(sender, segment, frame));
}

// Of TCP within TCP none: a frame has one place for them.
Numbers Session::numbers_of(std::uint32_t frame) const {
  return frame < numbers_.size() && !more_layers_.contains(frame) ? numbers_[frame] : Numbers();
}

void Session::put(std::uint32_t frame, std::uint8_t layer, Place place) {
  if (layer > 0) {
    inner_places_[inner_key(frame, layer)] = place;
    more_layers_[frame] = layer;
    return;
  }
  if (places_.size() <= frame) places_.resize(std::max<std::size_t>(frame + 1, places_.size()));
  places_[frame] = place;
}

// Whose a segment was may have been told only later.
void Session::put_again(const FlowResult& flow) {
  const FlowTrace& trace = flow.history.trace;
  for (const SegmentRecord& r : trace.records) {
    const auto frame = static_cast<std::uint32_t>(r.frame.number);
    if (frame >= places_.size() || (places_[frame] & kFlow) == trace.number + 1) continue;
    if (more_layers_.contains(frame)) continue;
    const Side peer = trace.self_connection ? r.side : other(r.side);
    put(frame, 0, place_for(trace.number, from_low(trace.facts(r.side).address, trace.facts(peer).address)));
  }
}

void Session::take(const FlowResult& flow) {
  put_again(flow);
  book_.add(flow);
  const std::uint64_t number = flow.history.trace.number;
  live_.erase(number);
  meters_.erase(number);
  const Origin from = origin(flow.history.trace.encapsulation);
  if (keep_.summary) summary_.add(flow, from);
  if (std::vector<CauseTicket> tickets = note(flow, gathered_); !tickets.empty())
    ticketed_.push_back({number, std::move(tickets)});
  if (keep_.ladders && whole_records_ < kWholeRecords) {
    whole_records_ += flow.history.records().size() + 8;
    whole_.emplace(number, flow);
  } else if (keep_.chosen) {
    FlowResult& kept = chosen_.emplace_back(flow);
    std::vector<SegmentRecord>().swap(kept.history.trace.records);
    std::vector<Belief>().swap(kept.history.beliefs);
    std::vector<Delivery>().swap(kept.history.deliveries);
  }
}

void Session::finish() {
  if (finished_) return;
  finished_ = true;
  shown_.clear();
  shown_frame_ = 0;
  analyse_waiting();
  waiting_ = {};
  analysis_->finish();
  book_.add(analysis_->capture_findings());
  live_.clear();
  number_findings(conclude(gathered_, PartOf(book_.general()), true));
}

void Session::number_findings(const std::vector<CauseTicket>& general) {
  const auto number = [this](const Finding& finding, const CauseTicket& ticket) {
    if (const auto incident = gathered_.causes.number_of(ticket)) incident_of_.emplace(&finding, *incident);
  };
  for (const Ticketed& of : ticketed_) {
    const Findings& findings = book_.flow(of.flow)->findings;
    for (std::size_t i = 0; i < findings.size(); ++i) number(findings[i], of.tickets[i]);
  }
  for (std::size_t i = 0; i < general.size(); ++i) number(book_.general()[i], general[i]);
  ticketed_ = {};
}

std::optional<std::uint64_t> Session::incident_of(const Finding& finding) const {
  const auto found = incident_of_.find(&finding);
  return found == incident_of_.end() ? std::nullopt : std::optional(found->second);
}

void Session::keep_more(Keep keep) {
  keep_.ladders = keep_.ladders || keep.ladders;
  keep_.summary = keep_.summary || keep.summary;
  keep_.chosen = keep_.chosen || keep.chosen;
}

Session::Place Session::place_of(std::uint32_t frame, std::size_t layer) {
  if (layer > 0) return inner_places_[inner_key(frame, layer)];
  return frame < places_.size() ? places_[frame] : Place{0};
}

template <class F>
void Session::each_placed(std::uint32_t frame, const FoundParts& parts, F f) {
  const auto if_placed = [&](std::size_t layer, const auto& part) {
    if (const Place place = place_of(frame, layer); place != 0) f(place, (place & kFlow) - 1, part);
  };
  for (std::size_t layer = 0; layer < std::min(parts.segments.size(), kMostLayers); ++layer)
    if_placed(layer, parts.segments[layer]);
  if (parts.error) if_placed(0, *parts.error);
}

// All of a flow is weighed anew each time: a long one only after a part of its length, unless something
// happens.
template <class Part>
void Session::weigh(Live& live, const Part& part, std::uint64_t flow) {
  if (stirs(part)) live.eager = Live::kEager;
  const bool due = ++live.since >= live.records / kPartOfStory;
  if (live.records >= kLongStory && live.eager == 0 && !due) return;
  if (live.eager > 0) --live.eager;
  auto so_far = analysis_->so_far(part, flow);
  if (!so_far) return;
  live.records = so_far->history.records().size();
  live.since = 0;
  live.made_at = packets_;
  live.card = book_.card_of(*so_far);
  live.told = true;
}

template <class Part>
void Session::show_live(const Live& live, std::uint32_t frame, TimeNs time_ns, const Part& part) {
  const FlowCard& c = live.card;
  if (!live.told || frame < c.first_frame) return;
  Shown& shown = shown_.emplace_back();
  shown.view = book_.look(c, frame, time_ns);
  shown.provisional = true;
  shown.numbers = numbers_of(frame);
  end_of(shown, part) = c.self_connection || c.ends[0] == part.source ? Side::A : Side::B;
}

// A segment may stand beside a connection that began after it: it was held, and given to the one before,
// whose records do not have it.
void Session::show(std::uint32_t frame, TimeNs time_ns, Place place) {
  const std::uint64_t number = place & kFlow;
  const FlowCard* card = number == 0 ? nullptr : book_.flow(number - 1);
  if (card == nullptr || frame < card->first_frame) return;
  Shown& shown = shown_.emplace_back();
  shown.view = book_.look(*card, frame, time_ns);
  shown.numbers = numbers_of(frame);
  const bool a_is_low = from_low(card->ends[0], card->ends[1]);
  const bool a_sent = card->self_connection || a_is_low == ((place & kFromLow) != 0);
  ((place & kQuoted) != 0 ? shown.told : shown.sender) = a_sent ? Side::A : Side::B;
  for (const PacketChange& change : card->changes)
    if (change.proved_by == frame && (shown.proves.empty() || shown.proves.back() != change.frame))
      shown.proves.push_back(change.frame);
}

const std::vector<Shown>& Session::look(std::uint32_t frame, TimeNs time_ns) {
  if (!finished_ || frame == shown_frame_) return shown_;
  shown_.clear();
  shown_frame_ = frame;
  const auto more = more_layers_.find(frame);
  const unsigned last = more == more_layers_.end() ? 0 : more->second;
  for (unsigned layer = 0; layer <= last; ++layer) show(frame, time_ns, place_of(frame, layer));
  return shown_;
}

const std::vector<Shown>& Session::look_back(std::uint32_t frame, TimeNs time_ns, const FoundParts& parts) {
  if (frame == shown_frame_) return shown_;
  shown_.clear();
  shown_frame_ = frame;
  analyse_waiting();
  each_placed(frame, parts, [&](Place place, std::uint64_t flow, const auto& part) {
    if (book_.flow(flow) != nullptr) return show(frame, time_ns, place);
    Live& live = live_[flow];
    if (!live.told || live.made_at != packets_) weigh(live, part, flow);
    show_live(live, frame, time_ns, part);
  });
  return shown_;
}

bool Session::may_have_findings(std::uint32_t frame) const {
  if (more_layers_.contains(frame) || !book_.findings_of(frame).empty()) return true;
  const Place place = frame < places_.size() ? places_[frame] & kFlow : Place{0};
  const FlowCard* card = place == 0 ? nullptr : book_.flow(place - 1);
  return card != nullptr && !card->findings.empty();
}

std::optional<std::uint64_t> Session::flow_of(std::uint32_t frame) {
  if (!waiting_.empty()) analyse_waiting();
  const std::uint64_t number = frame < places_.size() ? places_[frame] & kFlow : 0;
  return number == 0 ? std::nullopt : std::optional(number - 1);
}

const FlowResult* Session::whole(std::uint64_t flow) const {
  const auto found = whole_.find(flow);
  return found == whole_.end() ? nullptr : &found->second;
}

std::vector<CauseTicket> Session::note(const FlowResult& flow, Gathered& gathered) {
  const auto noted = gathered.causes.note(flow);
  std::vector<CauseTicket> tickets(noted.begin(), noted.end());
  for (std::size_t i = 0; i < flow.findings.size(); ++i) {
    const Finding& finding = flow.findings[i];
    const CauseTicket ticket = tickets.empty() ? CauseTicket{} : tickets[i];
    gathered.causes.choose(ticket);
    if (PartOf::possible(finding.id))
      gathered.candidates.push_back(
          {FlowPlace::of(flow.history.trace), finding.id, finding.severity, ticket});
  }
  return tickets;
}

// The tickets of the findings about hosts and the capture; `chosen`: these are told of too.
std::vector<CauseTicket> Session::conclude(Gathered& gathered, const PartOf& parts, bool chosen) const {
  for (const Candidate& c : gathered.candidates)
    if (!parts.of(c.id, c.flow).empty()) gathered.causes.demote(c.ticket, c.severity);
  std::vector<CauseTicket> general;
  for (const Finding& finding : book_.general()) {
    general.push_back(gathered.causes.note(finding));
    if (chosen) gathered.causes.choose(general.back());
  }
  gathered.causes.conclude();
  return general;
}

void Session::settle(Summary& summary, const Gathered& gathered, const PartOf& parts) {
  for (const Candidate& c : gathered.candidates)
    if (!parts.of(c.id, c.flow).empty()) summary.demote(c.id, c.severity, c.flow, true);
  summary.set_incidents(gathered.causes);
}

CaptureOverview Session::overview() const {
  CaptureOverview capture;
  CaptureInfo& info = capture.files.emplace_back();
  info.file = "this capture";
  info.format = "read by Wireshark";
  info.packets = packets_;
  if (any_) info.first_ns = first_ns_;
  if (any_) info.last_ns = last_ns_;
  capture.decoded = counts_;
  capture.facts = analysis_->facts();
  capture.limits = analysis_->limits();
  capture.findings = book_.general();
  capture.parts = PartOf(book_.general());
  capture.hosts = analysis_->hosts();
  capture.end_ns = analysis_->capture_end_ns();
  return capture;
}

Summary Session::summary() const {
  Summary all = summary_;
  CaptureOverview capture = overview();
  settle(all, gathered_, capture.parts);
  all.add(std::move(capture), files_);
  return all;
}

Summary Session::summary_of(const std::unordered_set<std::uint64_t>& flows) const {
  constexpr std::size_t kToldInFull = 10;
  Summary some(kToldInFull, true);
  Gathered gathered;
  for (const FlowResult& flow : chosen_) {
    if (!flows.contains(flow.history.trace.number)) continue;
    some.add(flow, origin(flow.history.trace.encapsulation));
    note(flow, gathered);
  }
  CaptureOverview capture = overview();
  conclude(gathered, capture.parts, false);
  settle(some, gathered, capture.parts);
  capture.findings.clear();
  some.add(std::move(capture), files_);
  return some;
}

}  // namespace tcpautopsy::plugin
