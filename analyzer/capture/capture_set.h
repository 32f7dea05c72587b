// Which input files make one capture, and reading such a capture from its files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/capture/capture_source.h"

namespace tcpautopsy {

struct CaptureGroup {
  std::vector<std::size_t> files;  // ranks among the inputs, in the order to read them
  bool merged = false;             // records of all files in order of time; else one file after the other
};

struct InputError {
  std::size_t file = 0;  // rank among the inputs
  std::string message;   // begins with the file's name
};

struct CapturePlan {
  std::vector<CaptureGroup> groups;  // in the order of their first inputs
  std::vector<InputError> errors;    // inputs that belong to no group because they cannot be read
};

// Standard input, a pipe, a terminal: what was read is gone.
bool reads_once(const std::string& path);

// Files of the same link types that do not overlap in time are one capture (a rotated one); any other file is
// its own, or all are one if `merge`. What can be read once only (standard input, a pipe) is never read here,
// so it stands on its own; so is a single input, whose errors then come from GroupReader. Worth nothing once
// reading was stopped. Files are opened through `shelf`.
CapturePlan plan_captures(const std::vector<std::string>& paths, bool merge, MemberShelf& shelf);

// The frames of one capture.
class GroupReader {
 public:
  // Files are opened through `shelf`, which outlives the reader; those of a merged capture, which are read
  // side by side, each through one of its own like it. Throws CaptureError if none of them can be read with
  // this filter.
  GroupReader(const CaptureGroup& group, const std::vector<std::string>& paths, const std::string& filter,
              MemberShelf& shelf);
  ~GroupReader();

  // `file` is the rank among the inputs. The frame lives until the next call.
  bool next(Frame& frame, std::uint32_t& file);

  // Octets taken so far of the files on disk, those read to their ends included.
  std::uint64_t taken() const;

  // Complete once next() has returned false; in the group's order of files.
  std::vector<Damage> damages() const;
  std::vector<CaptureInfo> infos() const;
  const std::vector<InputError>& errors() const { return errors_; }

 private:
  struct Input;

  bool open(Input& input);
  bool next_in_sequence(Frame& frame, std::uint32_t& file);
  bool next_by_time(Frame& frame, std::uint32_t& file);
  void enqueue(std::size_t index);
  bool comes_later(std::size_t a, std::size_t b) const;

  bool merged_;
  std::string filter_;
  MemberShelf& shelf_;
  std::vector<Input> inputs_;
  std::size_t current_ = 0;           // in sequence
  CaptureSource* reading_ = nullptr;  // of the input at `current_`, while it is read
  std::uint32_t reading_rank_ = 0;
  std::vector<std::size_t> queue_;    // merged: a heap of inputs by the time of their next frame
  std::optional<std::size_t> given_;  // merged: the input whose frame was handed out last
  std::vector<InputError> errors_;
};

}  // namespace tcpautopsy
