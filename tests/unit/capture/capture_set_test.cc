#include "analyzer/capture/capture_set.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "analyzer/capture/archive_reader.h"
#include "tests/unit/capture/capture_files.h"

using namespace tcpautopsy;
using namespace tcpautopsy::test;

namespace {

// One packet at each of these seconds.
std::string pcap_at(const std::vector<std::uint32_t>& seconds, std::uint32_t link_type = 1) {
  std::string file = pcap_header(false, 0xa1b2c3d4, link_type);
  for (const std::uint32_t second : seconds) file += pcap_record(false, second, 0, "abcd", 4);
  return file;
}

struct Files {
  explicit Files(const std::vector<std::string>& contents) {
    for (const std::string& content : contents) paths.push_back(files.emplace_back(content).path());
  }
  std::vector<TempFile> files;
  std::vector<std::string> paths;
};

CapturePlan planned(const std::vector<std::string>& paths, bool merge) {
  MemberShelf shelf;
  return plan_captures(paths, merge, shelf);
}

std::vector<std::vector<std::size_t>> groups_of(const std::vector<std::string>& paths, bool merge = false) {
  std::vector<std::vector<std::size_t>> found;
  for (const CaptureGroup& group : planned(paths, merge).groups) found.push_back(group.files);
  return found;
}

using Groups = std::vector<std::vector<std::size_t>>;

struct Given {
  std::uint32_t file;
  std::uint64_t number;
  std::int64_t second;
  bool operator==(const Given&) const = default;
};

std::vector<Given> drain(GroupReader& reader) {
  std::vector<Given> found;
  Frame frame;
  std::uint32_t file = 0;
  while (reader.next(frame, file)) {
    CHECK(frame.bytes.size() == 4);
    found.push_back({file, frame.number, frame.time_ns / 1'000'000'000});
  }
  CHECK_FALSE(reader.next(frame, file));
  return found;
}

}  // namespace

TEST_CASE("several files: a rotated capture is put in order of time") {
  const Files rotated({pcap_at({20, 29}), pcap_at({0, 10}), pcap_at({10, 19})});
  CHECK(groups_of(rotated.paths) == Groups{{1, 2, 0}});
  const CapturePlan plan = planned(rotated.paths, false);
  MemberShelf shelf;
  GroupReader reader(plan.groups[0], rotated.paths, "", shelf);
  CHECK(drain(reader) ==
        std::vector<Given>{{1, 1, 0}, {1, 2, 10}, {2, 1, 10}, {2, 2, 19}, {0, 1, 20}, {0, 2, 29}});
  CHECK(reader.infos().size() == 3);
  CHECK(reader.damages().empty());
}

TEST_CASE("several files: those that overlap stand on their own") {
  const Files overlapping({pcap_at({0, 10}), pcap_at({5, 15}), pcap_at({20, 30}), pcap_at({40})});
  CHECK(groups_of(overlapping.paths) == Groups{{0}, {1}, {2, 3}});
  const Files nested({pcap_at({0, 100}), pcap_at({10, 20}), pcap_at({30, 40}), pcap_at({99, 110})});
  CHECK(groups_of(nested.paths) == Groups{{0}, {1}, {2}, {3}});
  // Times inside a file need not be in order.
  const Files shuffled({pcap_at({9, 0, 5}), pcap_at({4, 20})});
  CHECK(groups_of(shuffled.paths) == Groups{{0}, {1}});
}

TEST_CASE("several files: link types are not mixed") {
  const Files mixed({pcap_at({0, 10}), pcap_at({20, 30}, 101), pcap_at({40, 50}), pcap_at({0, 60}, 113)});
  CHECK(groups_of(mixed.paths) == Groups{{0, 2}, {1}, {3}});
}

TEST_CASE("several files: one without packets is its own capture") {
  const Files files({pcap_at({0, 10}), pcap_at({}), pcap_at({20, 30}), pcap_at({})});
  CHECK(groups_of(files.paths) == Groups{{0, 2}, {1}, {3}});
}

TEST_CASE("several files: what cannot be read does not stop the others") {
  Files files({pcap_at({0, 10}), "no capture", pcap_at({20, 30})});
  files.paths.push_back("/nowhere/x.pcap");
  const bool merge = GENERATE(false, true);
  const CapturePlan plan = planned(files.paths, merge);
  REQUIRE(plan.errors.size() == 2);
  CHECK(plan.errors[0].file == 1);
  CHECK(plan.errors[0].message.find(files.paths[1] + ": not a capture file") == 0);
  CHECK(plan.errors[1].file == 3);
  REQUIRE(plan.groups.size() == 1);
  CHECK(plan.groups[0].files == std::vector<std::size_t>{0, 2});
  CHECK(plan.groups[0].merged == merge);
}

TEST_CASE("several files: merged by time, numbers and files kept") {
  const Files files({pcap_at({0, 10, 20, 20}), pcap_at({5, 10, 15}), pcap_at({}), pcap_at({1, 30}, 101)});
  CHECK(groups_of(files.paths, true) == Groups{{0, 1, 2, 3}});
  MemberShelf shelf;
  GroupReader reader(planned(files.paths, true).groups[0], files.paths, "", shelf);
  CHECK(drain(reader) == std::vector<Given>{{0, 1, 0},
                                            {3, 1, 1},
                                            {1, 1, 5},
                                            {0, 2, 10},
                                            {1, 2, 10},
                                            {1, 3, 15},
                                            {0, 3, 20},
                                            {0, 4, 20},
                                            {3, 2, 30}});
  CHECK(reader.infos().size() == 4);
}

TEST_CASE("several files: damage of each is told") {
  const std::string whole = pcap_at({0, 10}), later = pcap_at({20, 30});
  const Files files({whole.substr(0, whole.size() - 1), later.substr(0, later.size() - 3)});
  const bool merge = GENERATE(false, true);
  MemberShelf shelf;
  GroupReader reader(planned(files.paths, merge).groups.at(0), files.paths, "", shelf);
  CHECK(drain(reader).size() == 2);
  REQUIRE(reader.damages().size() == 2);
  CHECK(reader.damages()[0].file == files.paths[0]);
  CHECK(reader.damages()[1].file == files.paths[1]);
  CHECK(reader.damages()[1].offset == 44);
}

TEST_CASE("several files: what can be read only once is not read for the plan") {
  const Files files({pcap_at({0, 10}), pcap_at({20, 30})});
  const std::string pipe = files.paths[0] + ".pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  // Would wait for a writer for ever if it opened the pipe.
  const bool merge = GENERATE(false, true);
  const auto groups = groups_of({files.paths[0], "-", pipe, files.paths[1]}, merge);
  CHECK(groups == (merge ? Groups{{0, 1, 2, 3}} : Groups{{0, 3}, {1}, {2}}));
  CHECK(groups_of({pipe}, merge) == Groups{{0}});
  ::unlink(pipe.c_str());
}

TEST_CASE("one file: its errors come from the reader") {
  const Files bad({"no capture"});
  const CapturePlan plan = planned(bad.paths, false);
  CHECK(plan.errors.empty());
  REQUIRE(plan.groups.size() == 1);
  MemberShelf shelf;
  CHECK(error_of([&] {
          GroupReader reader(plan.groups[0], bad.paths, "", shelf);
        }).find("not a capture file") != std::string::npos);
}

TEST_CASE("a filter that does not compile is told before the first frame") {
  const Files files({pcap_at({0, 10}), pcap_at({20, 30})});
  const bool merge = GENERATE(false, true);
  const CapturePlan plan = planned(files.paths, merge);
  MemberShelf shelf;
  CHECK_FALSE(error_of([&] { GroupReader reader(plan.groups[0], files.paths, "tcp prot", shelf); }).empty());
  GroupReader none(plan.groups[0], files.paths, "tcp port 80", shelf);
  CHECK(drain(none).empty());
  CHECK(none.infos().at(0).filtered_out == 2);
}
