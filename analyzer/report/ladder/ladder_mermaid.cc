#include <fmt/format.h>

#include "analyzer/report/ladder/picture.h"

namespace tcpautopsy {
namespace {

// In Mermaid a semicolon ends a statement, and a number sign begins the name of a character.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ';' || c == '#' || c == '<' || c == '>')
      out += fmt::format("#{};", static_cast<int>(c));
    else
      out += c;
  }
  return out;
}

std::string_view arrow(Fate fate) {
  switch (fate) {
    case Fate::Received: return "->>";
    case Fate::LostAfterTap: return "-x";
    case Fate::Unknown: break;
  }
  return "-->>";
}

class Drawing {
 public:
  explicit Drawing(const FlowResult& flow) : flow_(flow), one_(flow.history.trace.self_connection) {}

  std::string draw(const Origin& origin) {
    line("sequenceDiagram");
    line(fmt::format("  accTitle: {}", escaped(picture_title(flow_))));
    participant(flow_.history.client(), "client");
    if (!one_) participant(flow_.history.server(), "server");
    over(picture_subtitle(flow_, origin));
    for (const Side side : {flow_.history.client(), flow_.history.server()})
      if (!one_ || side == flow_.history.client())
        state(side, std::string(name(flow_.history.before(0, side))));
    for (const PictureRow& row : picture_rows(flow_)) draw(row);
    return std::move(out_);
  }

 private:
  void line(std::string_view text) { out_.append(text) += '\n'; }
  std::string_view letter(Side side) const { return one_ || side == flow_.history.client() ? "C" : "S"; }

  void participant(Side side, std::string_view role) {
    line(fmt::format("  participant {} as {} {}", letter(side), role,
                     escaped(to_string(flow_.history.trace.facts(side).address))));
  }
  void over(std::string_view text) {
    line(fmt::format("  Note over C{}: {}", one_ ? "" : ",S", escaped(text)));
  }
  void state(Side side, std::string_view text) {
    line(fmt::format("  Note {} of {}: {}", letter(side) == "C" ? "left" : "right", letter(side),
                     escaped(text)));
  }

  void draw(const PictureRow& row) {
    const std::string when = elapsed_text(row.since_ns);
    if (row.from) {
      const Side to = one_ ? *row.from : other(*row.from);
      line(fmt::format("  {}{}{}: {} at {}: {}", letter(*row.from), arrow(row.fate), letter(to), row.frame,
                       when, escaped(row.label)));
    } else {
      over(fmt::format("{}: {}", when, row.label));
    }
    for (const Side side : {Side::A, Side::B})
      if (const Transition* entered = row.entered[index(side)]) state(side, entered_text(*entered));
    for (const Finding* finding : row.findings)
      over(fmt::format("{}: {}", name(finding->severity), finding->id));
  }

  const FlowResult& flow_;
  bool one_;
  std::string out_;
};

}  // namespace

std::string ladder_mermaid(const FlowResult& flow, const Origin& origin) {
  return Drawing(flow).draw(origin);
}

}  // namespace tcpautopsy
