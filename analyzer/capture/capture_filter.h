// A pcap-filter(7) expression, compiled for each link type that turns up.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/capture/frame.h"

struct bpf_program;

namespace tcpautopsy {

class CaptureFilter {
 public:
  // An empty expression passes all. Throws CaptureError (beginning with `file`) if the expression compiles
  // for none of the link types; Ethernet stands in where the file names none.
  CaptureFilter(std::string expression, const std::vector<int>& link_types, const std::string& file);

  // A link type the expression makes no sense for has no packet that passes.
  bool passes(const Frame& frame) { return expression_.empty() || runs(frame); }

 private:
  struct FreeProgram {
    void operator()(bpf_program* program) const;
  };
  struct Compiled {
    int link_type;
    std::unique_ptr<bpf_program, FreeProgram> program;  // null: does not compile
    std::string error;
  };

  const Compiled& compiled_for(int link_type);
  bool runs(const Frame& frame);

  std::string expression_;
  std::vector<Compiled> compiled_;
};

}  // namespace tcpautopsy
