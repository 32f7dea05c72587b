#include "analyzer/batch/store.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "analyzer/batch/row_spool.h"
#include "tests/unit/batch/made_units.h"

using namespace tcpautopsy;
using namespace tcpautopsy::batch;

namespace {

void put(Store& store, const UnitPlan& unit) { store.put(unit, fingerprint(unit, {}), result_of(unit)); }

std::int64_t count(Store& store, const std::string& what) {
  return store.database().number("SELECT COUNT(*) FROM " + what).value_or(-1);
}

}  // namespace

TEST_CASE("Rows come out of the spool as they went in, from memory and from disk") {
  for (const std::size_t memory : {std::size_t{1} << 20, std::size_t{64}}) {
    RowSpool spool(memory);
    const std::string text(100, 'x');
    for (std::int64_t i = 0; i < 50; ++i)
      spool.add({i, nullptr, std::string_view(text).substr(0, static_cast<std::size_t>(i))});
    for (int round = 0; round < 2; ++round) {
      std::int64_t expected = 0;
      spool.each([&](std::vector<Cell>& row) {
        REQUIRE(row.size() == 3);
        CHECK(std::get<std::int64_t>(row[0]) == expected);
        CHECK(std::holds_alternative<std::nullptr_t>(row[1]));
        CHECK(std::get<std::string_view>(row[2]).size() == static_cast<std::size_t>(expected));
        ++expected;
      });
      CHECK(expected == 50);
    }
    const std::uint64_t bytes = spool.bytes();
    CHECK(bytes > 50 * 49 / 2);
    const RowSpool moved = std::move(spool);
    CHECK(moved.bytes() == bytes);
    int rows = 0;
    moved.each([&](std::vector<Cell>&) { ++rows; });
    CHECK(rows == 50);
  }
}

TEST_CASE("A unit is known by its files and settings") {
  const UnitPlan unit = unit_of({"a", "b"});
  const std::string print = fingerprint(unit, {});
  UnitPlan changed = unit;
  changed.files[1].mtime_ns = 8;
  CHECK(fingerprint(changed, {}) != print);
  changed = unit;
  changed.files[0].size = 101;
  CHECK(fingerprint(changed, {}) != print);
  CHECK(fingerprint(unit_of({"a"}), {}) != print);
  Settings settings;
  settings.filter = "tcp";
  CHECK(fingerprint(unit, settings) != print);
  settings = {};
  settings.profile.time_wait = 1;
  CHECK(fingerprint(unit, settings) != print);
  settings = {};
  settings.thresholds.set("syn_flood", "min_half_open", 3);
  CHECK(fingerprint(unit, settings) != print);
  CHECK(fingerprint(unit, {}) == print);
  CHECK(unit_number("a") == unit_number("a"));
  CHECK(unit_number("a") != unit_number("b"));
}

TEST_CASE("A unit takes the place of those it shares files with") {
  const Folder folder;
  Store store(folder.path("s"));
  put(store, unit_of({"a", "b"}));
  put(store, unit_of({"c"}));
  put(store, unit_of({"b", "d"}));
  CHECK(count(store, "units") == 2);
  CHECK(count(store, "files") == 3);
  CHECK(store.has(unit_of({"b", "d"}), fingerprint(unit_of({"b", "d"}), {})));
  CHECK_FALSE(store.has(unit_of({"a", "b"}), fingerprint(unit_of({"a", "b"}), {})));
  put(store, unit_of({"c"}));
  CHECK(count(store, "units") == 2);
}

TEST_CASE("Many threads put into one store, and nothing is lost") {
  for (const bool beside : {false, true}) {
    const Folder folder;
    constexpr std::size_t kEach = 300;
    std::vector<UnitPlan> units;
    for (std::size_t i = 0; i < 4 * kEach; ++i) units.push_back(unit_of({std::to_string(i)}));
    {
      Store store(folder.path("s"));
      if (beside) store.write_beside();
      std::vector<std::thread> threads;
      for (std::size_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
          for (std::size_t i = t * kEach; i < (t + 1) * kEach; ++i) put(store, units[i]);
        });
      for (std::thread& thread : threads) thread.join();
      store.commit();
    }
    Store again(folder.path("s"));
    CHECK(count(again, "units") == 4 * kEach);
    for (const UnitPlan& unit : units) REQUIRE(again.has(unit, fingerprint(unit, {})));
  }
}

TEST_CASE("Once a unit could not be written, none after it is taken") {
  for (const bool beside : {false, true}) {
    const Folder folder;
    Store store(folder.path("s"));
    const UnitPlan first = unit_of({"a"}), second = unit_of({"b"}), third = unit_of({"c"});
    put(store, first);
    store.commit();
    store.database().execute("PRAGMA query_only = 1");
    if (beside) store.write_beside();
    const auto two_more = [&] {
      put(store, second);
      put(store, third);
      store.commit();
    };
    CHECK_THROWS_AS(two_more(), StoreError);
    store.database().execute("PRAGMA query_only = 0");
    CHECK_THROWS_AS(put(store, third), StoreError);
    CHECK(count(store, "units") == 1);
  }
}

TEST_CASE("Files that have not changed need not be looked at") {
  const Folder folder;
  Store store(folder.path("s"));
  put(store, unit_of({"a"}));
  CHECK(store.known({"a", 100, 7, false}));
  CHECK_FALSE(store.known({"a", 101, 7, false}));
  CHECK_FALSE(store.known({"a", 100, 8, false}));
  CHECK_FALSE(store.known({"b", 100, 7, false}));
}

TEST_CASE("An archive is known only when all its captures are stored") {
  const Folder folder;
  Store store(folder.path("s"));
  UnitPlan one = unit_of({"t.tar!a"}), two = unit_of({"t.tar!b"});
  one.files[0].archive = two.files[0].archive = "t.tar";
  Scanned readme;
  readme.path = "t.tar!readme";
  readme.archive = "t.tar";
  readme.mtime_ns = 7;
  readme.reason = "text";
  store.start({}, {readme}, {{"t.tar", "", 500, 7, 2, 1}});
  put(store, one);
  CHECK_FALSE(store.known({"t.tar", 500, 7, false}));
  put(store, two);
  const auto known = store.known({"t.tar", 500, 7, false});
  REQUIRE(known);
  CHECK(known->size() == 3);
  CHECK_FALSE(store.known({"t.tar", 500, 8, false}));
}

TEST_CASE("Nothing else is taken for a store") {
  const Folder folder;
  std::ofstream(folder.path("text")) << std::string(5000, 'x');
  CHECK_THROWS_AS(Store(folder.path("text")), StoreError);
  { Database(folder.path("other"), Database::Access::Write).execute("CREATE TABLE t(x)"); }
  CHECK_THROWS_AS(Store(folder.path("other")), StoreError);
  { Store(folder.path("earlier")).set_meta({{"schema", "1"}}); }
  CHECK_THROWS_WITH(Store(folder.path("earlier")), Catch::Matchers::Contains("version 1"));
  { Store(folder.path("later")).set_meta({{"schema", "99"}}); }
  CHECK_THROWS_WITH(Store(folder.path("later")), Catch::Matchers::Contains("version 99"));
  CHECK_THROWS_AS(Store(folder.path("no/such/folder")), StoreError);
}

TEST_CASE("A store in use is refused, and free again afterwards") {
  const Folder folder;
  {
    Store first(folder.path("s"));
    CHECK_THROWS_WITH(Store(folder.path("s")), Catch::Matchers::Contains("another run"));
  }
  CHECK_NOTHROW(Store(folder.path("s")));
}

TEST_CASE("What was rolled back is not there") {
  const Folder folder;
  Store store(folder.path("s"));
  {
    Transaction transaction(store.database());
    store.database().execute("INSERT INTO meta VALUES ('x', 'y')");
  }
  CHECK(count(store, "meta WHERE key = 'x'") == 0);
}
