// One capture file as Wireshark reads it: fed in its first pass, looked up after it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/analysis/analysis.h"
#include "analyzer/causes/cause_book.h"
#include "analyzer/report/ladder/packet_book.h"
#include "analyzer/report/summary/summary.h"
#include "analyzer/transfer/segment_meter.h"
#include "plugin/found_parts.h"
#include "plugin/preferences.h"

namespace tcpautopsy::plugin {

// What a segment measures, for graphs, kept of every packet.
struct Numbers {
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFFU;  // no window is so large

  TimeNs rtt_ns = -1;               // capture point to its sender and back; -1: it ends no round trip
  std::uint32_t window = kUnknown;  // octets that its sender offers
  std::uint32_t in_flight = 0;      // octets
  bool of_sender = false;           // in flight are those of its sender, else of its receiver
  bool any = false;

  static Numbers of(const SegmentMeasures& measures);
};

// Of one TCP header of one frame, or of an ICMP error that quotes one, for display.
struct Shown {
  PacketView view;
  std::vector<std::uint32_t> proves;  // packets whose receipt this one proves
  std::optional<Side> sender;         // of the segment
  std::optional<Side> told;           // the end that the ICMP error speaks to
  bool provisional = false;           // by what came before it only
  Numbers numbers;
};

class Session {
 public:
  struct Keep {
    bool ladders = false;  // whole flows, as many as there is room for
    bool summary = false;  // the report of the capture
    bool chosen = false;   // what a report of some flows needs
  };

  Session(const Preferences& preferences, Keep keep);

  // Nobody will ask for numbers: they are not kept.
  void measure_nothing() { measures_ = false; }

  // A frame in the order of the file, once. Returns whether it is of a connection, or tells of one.
  bool feed(std::uint32_t frame, TimeNs time_ns, const FoundParts& parts, bool someone_looks);
  // The first pass is over: all is concluded. Again: nothing.
  void finish();
  bool finished() const { return finished_; }
  std::uint32_t last_frame() const { return last_frame_; }
  // Wanted from now on.
  void keep_more(Keep keep);

  // All TCP headers of the frame, or the one it quotes; empty if it has none that is known.
  const std::vector<Shown>& look(std::uint32_t frame, TimeNs time_ns);
  // The same while packets are still being read, of one that was read before; `parts` are the frame's.
  const std::vector<Shown>& look_back(std::uint32_t frame, TimeNs time_ns, const FoundParts& parts);
  const PacketBook& book() const { return book_; }
  // False: no finding names the frame. Quick, for those who ask of every frame.
  bool may_have_findings(std::uint32_t frame) const;
  // By number; none before the capture is concluded.
  const std::vector<Incident>& incidents() const { return gathered_.causes.incidents(); }
  std::optional<std::uint64_t> incident_of(const Finding& finding) const;  // one of the book's
  // Of all flows, with what the capture itself is; of the chosen ones.
  Summary summary() const;
  Summary summary_of(const std::unordered_set<std::uint64_t>& flows) const;
  const FlowResult* whole(std::uint64_t flow) const;
  Origin origin(std::uint32_t encapsulation) const { return {files_, decoder_.encapsulation(encapsulation)}; }
  std::optional<std::uint64_t> flow_of(std::uint32_t frame);
  Decoder& decoder() { return decoder_; }

 private:
  // The flow's number plus one, which end sent the segment, and whether an ICMP error quotes it; 0 for no
  // flow.
  using Place = std::uint32_t;
  static constexpr Place kFromLow = 0x80000000U, kQuoted = 0x40000000U, kFlow = kQuoted - 1;

  // Many at once, so that the analysis finds its own memory in the cache, not all of Wireshark's.
  struct Waiting {
    TcpSegment segment;
    FrameRef frame;
    TimeNs latest_ns = 0;    // of all frames up to this one
    std::uint8_t layer = 0;  // of the frame's TCP headers, 0 the outermost
  };

  // A flow that has been looked at before it is concluded.
  struct Live {
    static constexpr unsigned kEager = 64;
    FlowCard card;
    bool told = false;          // whose its segments are
    std::size_t records = 0;    // that the card was made from
    std::size_t since = 0;      // segments since then
    std::uint64_t made_at = 0;  // of the packets read, how many there were then
    unsigned eager = kEager;    // so many are weighed at once after a SYN, FIN or RST
  };

  // A finding that may be part of one about a host.
  struct Candidate {
    FlowPlace flow;
    std::string_view id;
    Severity severity = Severity::Info;
    CauseTicket ticket;
  };

  // What a report is made of besides its sums.
  struct Gathered {
    std::vector<Candidate> candidates;
    CauseBook causes;
  };

  struct Ticketed {
    std::uint64_t flow = 0;
    std::vector<CauseTicket> tickets;  // of its findings
  };

  static std::vector<CauseTicket> note(const FlowResult& flow, Gathered& gathered);
  std::vector<CauseTicket> conclude(Gathered& gathered, const PartOf& parts, bool chosen) const;
  void number_findings(const std::vector<CauseTicket>& general);
  static void settle(Summary& summary, const Gathered& gathered, const PartOf& parts);
  void note_frame(std::uint32_t frame, TimeNs time_ns);
  void measure(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame);
  Numbers numbers_of(std::uint32_t frame) const;
  void analyse_waiting();
  void take(const FlowResult& flow);
  static Place place_for(std::uint64_t flow, bool from_low);
  void put(std::uint32_t frame, std::uint8_t layer, Place place);
  void put_again(const FlowResult& flow);
  bool take_error(const IcmpError& error, const FrameRef& frame);
  // `f` is told the place of each part whose flow is known, with its flow and the part: a segment or an
  // error.
  template <class F>
  void each_placed(std::uint32_t frame, const FoundParts& parts, F f);
  template <class Part>
  void show_live(const Live& live, std::uint32_t frame, TimeNs time_ns, const Part& part);
  Place place_of(std::uint32_t frame, std::size_t layer);
  template <class Part>
  void weigh(Live& live, const Part& part, std::uint64_t flow);
  CaptureOverview overview() const;
  void show(std::uint32_t frame, TimeNs time_ns, Place place);

  Keep keep_;
  Gathered gathered_;               // of all flows
  std::vector<Ticketed> ticketed_;  // until all is concluded
  std::unordered_map<const Finding*, std::uint64_t> incident_of_;
  Decoder decoder_;
  PacketBook book_;
  std::vector<Place> places_;  // by frame, of its outermost TCP header or its error
  std::unordered_map<std::uint64_t, Place> inner_places_;        // by frame and layer
  std::unordered_map<std::uint32_t, std::uint8_t> more_layers_;  // frames with more than one
  std::unordered_map<std::uint64_t, Live> live_;                 // flows looked at before they are concluded
  std::unordered_map<std::uint64_t, FlowResult> whole_;
  std::uint64_t whole_records_ = 0;
  Summary summary_;
  std::deque<FlowResult> chosen_;  // without their records
  std::vector<std::string> files_{"this capture"};
  std::vector<Shown> shown_;
  std::uint32_t shown_frame_ = 0, last_frame_ = 0;
  DecodeCounts counts_;
  TimeNs first_ns_ = 0, last_ns_ = 0;
  std::uint64_t packets_ = 0, packets_begun_ = 0;  // read; before the segment that is analysed
  std::vector<Waiting> waiting_;
  std::vector<Numbers> numbers_;                            // by frame
  std::unordered_map<std::uint64_t, SegmentMeter> meters_;  // by flow, while it lives
  bool any_ = false, finished_ = false, measures_ = true;
  std::unique_ptr<Analysis> analysis_;  // last: it hands flows to the others
};

}  // namespace tcpautopsy::plugin
