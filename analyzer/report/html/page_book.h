// Gathers, while captures are read, what the HTML page of a report shows.
#pragma once

#include <span>

#include "analyzer/analysis/analysis.h"
#include "analyzer/causes/cause_book.h"
#include "analyzer/report/html/detail_shelf.h"
#include "analyzer/report/html/finding_rows.h"
#include "analyzer/report/html/flow_rows.h"
#include "analyzer/report/html/page_document.h"
#include "analyzer/report/html/series_shelf.h"
#include "analyzer/report/summary/summary.h"
#include "analyzer/report/summary/timeline.h"
#include "analyzer/report/text/names.h"

namespace tcpautopsy {

// Memory is bounded but for what lives: about a kilobyte a live connection, and its points (SeriesShelf).
class PageBook {
 public:
  void segment(std::uint64_t flow, Side sender, const TcpSegment& segment, const FrameRef& frame);
  // A connection is over that shall be told of; `tickets` as CauseBook::note's.
  void add(const FlowResult& flow, const Origin& origin, std::span<const CauseTicket> tickets,
           const Summary::Wanted& wanted);
  // It is over, and not asked for.
  void leave_out(std::uint64_t flow) { series_.take(flow); }
  // A capture was read: what was found of hosts.
  void add(const CaptureOverview& capture);

  // The whole page, in pieces; once.
  void write(const PageDocument::Put& put, const Summary& summary, const CauseBook& causes);

 private:
  static constexpr std::size_t kPoints = 800, kPointsTogether = 400'000, kLadderRows = 240;
  static constexpr std::size_t kMostFlows = 100'000, kMostFindings = 60'000, kSentences = 250;
  static constexpr std::size_t kDetailOctets = 4'000'000;

  SeriesShelf series_{kPoints, kPointsTogether};
  DetailShelf details_{kDetailOctets};
  Timeline timeline_;
  FlowRows flows_{kMostFlows};
  FindingRows findings_{kMostFindings, kSentences};
};

// The page of one connection; `series` may be null.
void write_history_page(const PageDocument::Put& put, const FlowResult& flow, const Origin& origin,
                        const SegmentSeries* series);

}  // namespace tcpautopsy
