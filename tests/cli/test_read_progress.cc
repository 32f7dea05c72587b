#include <catch2/catch.hpp>

#include "cli/read_progress.h"

using tcpautopsy::cli::progress_text;

TEST_CASE("progress is told as percentage, rate and time left") {
  CHECK(progress_text({1000, 250'000'000, 1'000'000'000, 2}) == "25 % of 1.0 GB, 125 MB/s, 6 s left");
  CHECK(progress_text({1000, 250'000'000, 1'000'000'000, 200}) ==
        "25 % of 1.0 GB, 1.2 MB/s, 10 min 00 s left");
  CHECK(progress_text({1000, 1'000'000'000, 1'000'000'000, 4}) == "100 % of 1.0 GB, 250 MB/s");
}

TEST_CASE("a file that grew is never read beyond its whole") {
  CHECK(progress_text({1000, 2'000'000'000, 1'000'000'000, 4}) == "100 % of 1.0 GB, 500 MB/s");
}

TEST_CASE("where the size is not known, progress is told as packets and rate") {
  CHECK(progress_text({1'234'567, 12'000'000, 0, 4}) == "1,234,567 packets, 12.0 MB, 3.0 MB/s");
}

TEST_CASE("without time there is no rate to go by") {
  CHECK(progress_text({1, 0, 1'000'000, 0}) == "0 % of 1.0 MB, 0 B/s");
}
