// An HTML page as it is written: the asset, and within it one JSON object, member by member.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "analyzer/report/json/json_writer.h"

namespace tcpautopsy {

class PageDocument {
 public:
  // Takes each piece of the page in turn.
  using Put = std::function<void(std::string_view)>;

  // `put` must outlive the document. `kind` tells the page's script what it shows: "report", "history",
  // "batch".
  PageDocument(const Put& put, std::string_view kind);

  // `value`: JSON, whatever it holds.
  void member(std::string_view name, std::string_view value);
  // `write(JsonWriter&)` writes the value.
  template <class F>
  void written(std::string_view name, F write) {
    std::string text;
    {
      JsonWriter w(text);
      write(w);
    }
    member(name, text);
  }
  void end();

 private:
  void json(std::string_view text);

  const Put& put_;
  std::string scratch_;
};

}  // namespace tcpautopsy
