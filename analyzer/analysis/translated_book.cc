#include "analyzer/analysis/translated_book.h"

#include <algorithm>
#include <string>
#include <utility>

#include "analyzer/detect/evidence.h"

namespace tcpautopsy {

const TranslatedBook::Original* TranslatedBook::find(const FlowFacts& flow) const {
  if (!flow.leg) return nullptr;
  const auto it = originals_.find(flow.leg->original);
  return it == originals_.end() ? nullptr : &it->second;
}

TranslatedBook::Told TranslatedBook::told_of(const FlowFacts& flow, const Finding& finding) {
  Told told{flow.number, finding.id, std::nullopt, finding.severity};
  if (finding.side) told.of_client = *finding.side == flow.client;
  return told;
}

bool TranslatedBook::counts(const FlowHistory& flow) const {
  // The side that has the server's answer tells what came of it.
  if (flow.trace.answered_elsewhere() && flow.handshake == Handshake::SynOnly) return false;
  const Original* original = find(flow.trace);
  return original == nullptr || std::find(original->handshakes.begin(), original->handshakes.end(),
                                          flow.handshake) == original->handshakes.end();
}

void TranslatedBook::tell(const FlowFacts& flow, Findings& findings) const {
  if (!flow.leg) return;
  if (const Original* original = find(flow)) {
    for (Finding& finding : findings) {
      const Told own = told_of(flow, finding);
      const auto same = std::find_if(original->told.begin(), original->told.end(), [&](const Told& before) {
        return before.id == own.id && before.of_client == own.of_client && before.severity >= own.severity;
      });
      if (same == original->told.end()) continue;
      finding.severity = Severity::Info;
      prove(finding, "told_of_flow", same->flow);
    }
  }
  if (flow.leg->original == flow.number) return;
  Finding f;
  f.id = "packet_duplicated";
  f.severity = Severity::Info;
  f.scope = Scope::Flow;
  f.flow = flow.number;
  cite(f, flow.first);
  f.summary = "The packets of connection " + std::to_string(flow.leg->original) +
              " again, on the other side of an address translation (NAT): what is told of both counts once.";
  prove(f, "copy_of_flow", flow.leg->original);
  findings.push_back(std::move(f));
}

void TranslatedBook::note(const FlowHistory& flow, const Findings& findings) {
  const auto& leg = flow.trace.leg;
  if (!leg) return;
  if (leg->last) {
    originals_.erase(leg->original);
    return;
  }
  Original& original = originals_[leg->original];
  original.handshakes.push_back(flow.handshake);
  for (const Finding& finding : findings)
    if (finding.severity > Severity::Info) original.told.push_back(told_of(flow.trace, finding));
}

}  // namespace tcpautopsy
