#include "analyzer/report/html/page_document.h"

#include <fmt/format.h>

#include "analyzer/report/html/page_asset.h"
#include "analyzer/report/html/script_safe.h"

namespace tcpautopsy {

PageDocument::PageDocument(const Put& put, std::string_view kind) : put_(put) {
  put_(page_before_data());
  json(fmt::format("{{\"schema\":1,\"kind\":\"{}\"", kind));
}

void PageDocument::json(std::string_view text) {
  scratch_.clear();
  append_script_safe(scratch_, text);
  put_(scratch_);
}

void PageDocument::member(std::string_view name, std::string_view value) {
  json(fmt::format(",\"{}\":", name));
  json(value);
}

void PageDocument::end() {
  json("}");
  put_(page_after_data());
}

}  // namespace tcpautopsy
