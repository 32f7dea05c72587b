#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "analyzer/report/text/catalogue.h"

using namespace tcpautopsy;

TEST_CASE("analyzer/docs/findings.md is what the detectors say") {
  std::ifstream file(TCPAUTOPSY_SOURCE_DIR "/analyzer/docs/findings.md");
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() == catalogue_markdown());
}
