#include <fmt/format.h>

#include "analyzer/report/ladder/picture.h"
#include "analyzer/report/text/text.h"

namespace tcpautopsy {
namespace {

// Pixels.
constexpr int kWidth = 1100, kClient = 330, kServer = 900, kRow = 24, kMargin = 16, kLine = 18;
constexpr int kHeading = 26, kTitle = 26, kTop = 22;  // what is first, the ends' names, and the rows below it
constexpr int kLetter = 8;                            // what a letter takes at most

// Colours for light and dark pages; each keeps a contrast of 4.5 to its background.
constexpr std::string_view kStyle = R"(<style>
  svg { background: #fff; color: #1b1f24; font: 13px ui-monospace, "DejaVu Sans Mono", monospace; }
  text { fill: currentColor; } .title { font-weight: bold; font-size: 15px; } .dim { fill: #57606a; }
  .line { stroke: #57606a; } .arrow { stroke: currentColor; fill: none; } .unproved { stroke-dasharray: 2 3; }
  .lost { stroke: #b42318; } .tip { fill: currentColor; }
  .inferred { fill: #8a5a00; } .timer { fill: #0b6e8a; } .observed { font-weight: bold; }
  .error { fill: #b42318; } .warning { fill: #8a5a00; } .note, .info { fill: #0b5cad; }
  @media (prefers-color-scheme: dark) {
    svg { background: #14181d; color: #e6e9ec; } .dim { fill: #a3adb8; } .line { stroke: #a3adb8; }
    .lost { stroke: #ff8a7a; } .inferred, .warning { fill: #f0b849; } .timer { fill: #6fd0e8; }
    .error { fill: #ff8a7a; } .note, .info { fill: #8ec1ff; }
  }
</style>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

class Drawing {
 public:
  explicit Drawing(const FlowResult& flow) : flow_(flow), one_(flow.history.trace.self_connection) {}

  std::string draw(const Origin& origin) {
    heading(origin);
    for (const PictureRow& row : picture_rows(flow_)) draw(row);
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" "
               "role=\"img\" aria-labelledby=\"title\">\n<title id=\"title\">{}</title>\n{}",
               kWidth, y_ + 2 * kMargin, kWidth, y_ + 2 * kMargin, escaped(picture_title(flow_)), kStyle) +
           poles() + out_ + "</svg>\n";
  }

 private:
  int x(Side side) const { return one_ || side == flow_.history.client() ? kClient : kServer; }

  void text(int x, int y, std::string_view anchor, std::string_view kind, std::string_view what) {
    out_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", x, y, anchor,
                        kind, escaped(what));
  }
  // Beside the end's line, on the outside.
  void state(Side side, std::string_view kind, std::string_view what) {
    if (x(side) == kClient)
      text(kClient - 8, y_ + 4, "end", kind, what);
    else
      text(kServer + 8, y_ + 4, "start", kind, what);
  }

  void heading(const Origin& origin) {
    text(kMargin, 24, "start", "title", picture_title(flow_));
    for (const std::string& line : wrapped_within(picture_subtitle(flow_, origin), kWidth / kLetter - 4)) {
      y_ += kLine;
      text(kMargin, y_, "start", "dim", line);
    }
    const int title = y_ + kTitle;
    top_ = title + kMargin / 2;
    y_ = title + kTop;
    for (const Side side : {flow_.history.client(), flow_.history.server()}) {
      if (one_ && side != flow_.history.client()) continue;
      const bool client = side == flow_.history.client();
      text(x(side), title, "middle", "title", client ? "client" : "server");
      state(side, "dim", name(flow_.history.before(0, side)));
    }
  }

  std::string poles() const {
    std::string out;
    for (const int x : {kClient, kServer})
      if (!one_ || x == kClient)
        out += fmt::format("<line class=\"line\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n", x, top_, x,
                           y_ + kMargin);
    return out;
  }

  void draw(const PictureRow& row) {
    y_ += kRow;
    if (row.frame != 0) text(90, y_ + 4, "end", "dim", std::to_string(row.frame));
    text(185, y_ + 4, "end", "dim", elapsed_text(row.since_ns));
    for (const Side side : {Side::A, Side::B})
      if (const Transition* entered = row.entered[index(side)])
        state(side, name(entered->basis), entered_text(*entered));
    if (row.from && !one_)
      arrow(row);
    else
      text((kClient + kServer) / 2, y_ + 4, "middle", "dim", row.label);
    for (const Finding* finding : row.findings) {
      y_ += kRow;
      text((kClient + kServer) / 2, y_, "middle", name(finding->severity),
           fmt::format("\u25b2 {}: {}", name(finding->severity), finding->id));
    }
  }

  void arrow(const PictureRow& row) {
    const int from = x(*row.from), to = x(other(*row.from)), way = to > from ? 1 : -1;
    const bool lost = row.fate == Fate::LostAfterTap;
    const int end = lost ? to - way * 60 : to - way;
    text((kClient + kServer) / 2, y_ - 4, "middle", "", row.label);
    out_ += fmt::format("<line class=\"arrow{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n",
                        lost                         ? " lost"
                        : row.fate == Fate::Received ? ""
                                                     : " unproved",
                        from + way, y_ + 3, end, y_ + 3);
    if (lost) return text(end + way * 6, y_ + 8, way > 0 ? "start" : "end", "error", "\u2715 lost");
    out_ += fmt::format("<path class=\"tip\" d=\"M{} {}l{} -4v8z\"/>\n", end, y_ + 3, -way * 9);
  }

  const FlowResult& flow_;
  bool one_;
  int y_ = kHeading;
  int top_ = 0;  // of the ends' lines
  std::string out_;
};

}  // namespace

std::string ladder_svg(const FlowResult& flow, const Origin& origin) { return Drawing(flow).draw(origin); }

}  // namespace tcpautopsy
