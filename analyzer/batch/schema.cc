#include "analyzer/batch/schema.h"

namespace tcpautopsy::batch {

// Every key is made of what was read, so the rows are the same in whatever order units were done; no clock is
// asked for anything.
const char* const kTables = R"sql(
CREATE TABLE meta (         -- what the store was made with
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE units (        -- one capture each: a file, or a set of rotated files
  unit INTEGER PRIMARY KEY, -- made from the name
  name TEXT NOT NULL,       -- the path of its first file
  fingerprint TEXT NOT NULL, -- of its files' names, sizes, times of change, and of the settings
  merged INTEGER NOT NULL,  -- 1: files that overlap were read together, by time
  state TEXT NOT NULL,      -- done; damaged: read as far as it went; failed: nothing was read
  files INTEGER NOT NULL,
  packets INTEGER NOT NULL, -- records read, of any protocol
  filtered_out INTEGER NOT NULL,
  tcp_packets INTEGER NOT NULL,
  cut_packets INTEGER NOT NULL, -- shorter than on the wire
  malformed INTEGER NOT NULL,
  unknown_link_type INTEGER NOT NULL,
  duplicates INTEGER NOT NULL, -- captured twice and left out
  dropped INTEGER,          -- by the capture itself, where it tells
  flows INTEGER NOT NULL,
  first_ns INTEGER,         -- of records of any protocol
  last_ns INTEGER,
  end_ns INTEGER,           -- the capture's end
  limits TEXT               -- that were met, as `limits_met` of `report`: a name and a number each, with commas
);
CREATE TABLE files (
  unit INTEGER NOT NULL,
  file INTEGER NOT NULL,    -- rank in the unit
  path TEXT NOT NULL,       -- as it can be named to any command; ARCHIVE!MEMBER in an archive
  archive TEXT,             -- the tar or zip it lies in
  size INTEGER NOT NULL,    -- on disk; of the member, in an archive
  mtime_ns INTEGER NOT NULL, -- last change of the file, or of the archive
  format TEXT,
  link_types TEXT,          -- numbers of pcap-linktype, as DLT
  packets INTEGER NOT NULL,
  first_ns INTEGER,
  last_ns INTEGER,
  dropped INTEGER,
  state TEXT NOT NULL,      -- done, damaged, failed
  error TEXT,               -- with byte offset and packet number
  PRIMARY KEY (unit, file)
) WITHOUT ROWID;
CREATE TABLE flows (        -- one connection each
  unit INTEGER NOT NULL,
  flow INTEGER NOT NULL,    -- its number in the unit
  file INTEGER NOT NULL,    -- of its first packet
  first_frame INTEGER NOT NULL,
  first_ns INTEGER NOT NULL,
  last_ns INTEGER NOT NULL,
  client_ip TEXT NOT NULL,
  client_port INTEGER NOT NULL,
  server_ip TEXT NOT NULL,
  server_port INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  community_id TEXT NOT NULL,
  packets INTEGER NOT NULL, -- of both ends
  payload_client INTEGER NOT NULL, -- octets sent by the client
  payload_server INTEGER NOT NULL,
  resends INTEGER,          -- segments sent again, by both ends
  handshake TEXT NOT NULL,
  handshake_ns INTEGER,     -- round trips of the handshake, both sides of the capture point
  close TEXT NOT NULL,
  closed_first TEXT NOT NULL,
  final_client TEXT NOT NULL,
  final_server TEXT,        -- none for a connection with itself
  record TEXT NOT NULL,     -- the line of `tcpautopsy flows --format ndjson`
  PRIMARY KEY (unit, flow)
) WITHOUT ROWID;
CREATE TABLE findings (
  unit INTEGER NOT NULL,
  time_ns INTEGER NOT NULL,
  flow INTEGER NOT NULL,    -- -1: about a host or the capture
  id TEXT NOT NULL,
  endpoint TEXT NOT NULL,   -- client, server, or empty
  host TEXT NOT NULL,       -- of a finding about a host; else empty
  port INTEGER NOT NULL,    -- of a finding about a service; else 0
  nth INTEGER NOT NULL,     -- 0, unless several are alike in all of the above
  severity TEXT NOT NULL,
  level INTEGER NOT NULL,   -- 3 error, 2 warning, 1 note, 0 info
  scope TEXT NOT NULL,
  end_ns INTEGER NOT NULL,
  count INTEGER NOT NULL,
  file INTEGER,             -- of its first frame
  frame INTEGER,
  certainty TEXT NOT NULL,
  client_ip TEXT,           -- of its flow
  server_ip TEXT,           -- of its flow, or the host where that is one
  server_port INTEGER,
  part_of TEXT,             -- the host finding that explains it
  incident INTEGER,         -- the number of its incident in the unit; none for info that nothing explains
  summary TEXT NOT NULL,
  record TEXT NOT NULL,     -- the line of `tcpautopsy findings --format ndjson`
  PRIMARY KEY (unit, time_ns, flow, id, endpoint, host, port, nth)
) WITHOUT ROWID;
CREATE TABLE incidents (    -- one cause and what follows from it
  unit INTEGER NOT NULL,
  incident INTEGER NOT NULL, -- rank in the unit, worst first
  severity TEXT NOT NULL,   -- of the gravest of its findings
  level INTEGER NOT NULL,   -- 3 error, 2 warning, 1 note
  certainty TEXT NOT NULL,  -- of the cause
  cause TEXT NOT NULL,      -- id of the finding that explains the others
  verdict TEXT NOT NULL,    -- what is wrong, where, what it cost
  actor TEXT NOT NULL,      -- who has to act: `where` of the record
  server_ip TEXT,           -- of the service; none where it is about a host, or about several services
  server_port INTEGER,
  host TEXT,                -- of a cause that is about a host
  client_ip TEXT,           -- the only client that met it
  endpoint TEXT NOT NULL,   -- that the cause names: client, server, or empty
  place TEXT NOT NULL,      -- the service, else the host, else the client, else empty
  first_ns INTEGER NOT NULL,
  last_ns INTEGER NOT NULL,
  flows INTEGER NOT NULL,
  connections_failed INTEGER NOT NULL, -- tried, and never opened
  connections_reset INTEGER NOT NULL,
  time_lost_ns INTEGER NOT NULL, -- of all connections together
  remedy TEXT NOT NULL,
  see TEXT NOT NULL,        -- the command and its options
  flow INTEGER,             -- the most telling of its connections
  record TEXT NOT NULL,     -- as in `tcpautopsy report --format json`
  PRIMARY KEY (unit, incident)
) WITHOUT ROWID;
CREATE TABLE unread (       -- files that hold no capture
  path TEXT PRIMARY KEY,
  archive TEXT,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  broken INTEGER NOT NULL,  -- 1: it should have been one, or cannot be read
  reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE archives (     -- tar and zip files
  path TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  captures INTEGER NOT NULL, -- members that are captures
  others INTEGER NOT NULL,
  error TEXT
) WITHOUT ROWID;
CREATE INDEX files_by_path ON files(path);
CREATE INDEX findings_by_id ON findings(id, time_ns);
CREATE INDEX findings_by_service ON findings(server_ip, server_port);
CREATE INDEX incidents_by_place ON incidents(cause, endpoint, place);
)sql";

const char* const kViews = R"sql(
CREATE VIEW worst_incidents AS -- incidents of one cause at one place, over all units
  SELECT MAX(level) AS level, cause, endpoint, place, MIN(server_ip) AS server_ip,
         MIN(server_port) AS server_port, MIN(host) AS host,
         IIF(COUNT(client_ip) = COUNT(*) AND MIN(client_ip) = MAX(client_ip), MIN(client_ip), NULL) AS client_ip,
         COUNT(*) AS incidents, COUNT(DISTINCT unit) AS units, SUM(flows) AS flows,
         SUM(connections_failed) AS failed, SUM(connections_reset) AS reset, SUM(time_lost_ns) AS lost_ns,
         MIN(first_ns) AS since_ns, MAX(last_ns) AS until_ns
  FROM incidents GROUP BY cause, endpoint, place
  ORDER BY 1 DESC, failed DESC, reset DESC, lost_ns DESC, since_ns, cause, endpoint, place;
CREATE VIEW trouble AS      -- errors and warnings, with the file and frame each is seen in
  SELECT n.level, n.severity, n.id, n.time_ns, datetime(n.time_ns / 1000000000, 'unixepoch') AS time,
         n.server_ip, n.server_port, n.client_ip, f.path AS file, n.frame, NULLIF(n.flow, -1) AS flow,
         u.name AS unit, n.certainty, n.summary
  FROM findings n JOIN units u USING (unit) LEFT JOIN files f ON f.unit = n.unit AND f.file = n.file
  WHERE n.level >= 2;
CREATE VIEW worst_services AS
  SELECT w.server_ip, w.server_port, w.connections, w.not_opened,
         IFNULL(t.errors, 0) AS errors, IFNULL(t.warnings, 0) AS warnings, t.ids
  FROM (SELECT server_ip, server_port, COUNT(*) AS connections,
               SUM(handshake IN ('syn_only', 'refused', 'filtered', 'half_open', 'aborted')) AS not_opened
        FROM flows GROUP BY server_ip, server_port) w
  JOIN (SELECT server_ip, server_port, SUM(level = 3) AS errors, SUM(level = 2) AS warnings,
               GROUP_CONCAT(DISTINCT id) AS ids
        FROM (SELECT * FROM findings WHERE level >= 2 ORDER BY id) GROUP BY server_ip, server_port) t
  USING (server_ip, server_port)
  ORDER BY errors DESC, warnings DESC, connections DESC, w.server_ip, w.server_port;
CREATE VIEW findings_by_day AS
  SELECT date(time_ns / 1000000000, 'unixepoch') AS day, id, severity, COUNT(*) AS findings, SUM(count) AS events
  FROM findings GROUP BY day, id, severity ORDER BY day, MAX(level) DESC, findings DESC, id;
CREATE VIEW findings_by_hour AS
  SELECT strftime('%Y-%m-%d %H:00', time_ns / 1000000000, 'unixepoch') AS hour, SUM(level = 3) AS errors,
         SUM(level = 2) AS warnings, SUM(level = 1) AS notes
  FROM findings GROUP BY hour ORDER BY hour;
CREATE VIEW new_since_yesterday AS -- on the store's last day, at a service that had none of the kind before
  WITH last AS (SELECT MAX(date(time_ns / 1000000000, 'unixepoch')) AS day FROM findings WHERE level >= 2)
  SELECT n.id, n.severity, n.server_ip, n.server_port, COUNT(*) AS findings,
         datetime(MIN(n.time_ns) / 1000000000, 'unixepoch') AS first
  FROM findings n, last
  WHERE n.level >= 2 AND date(n.time_ns / 1000000000, 'unixepoch') = last.day
    AND NOT EXISTS (SELECT 1 FROM findings o WHERE o.id = n.id AND o.server_ip IS n.server_ip
                    AND o.server_port IS n.server_port AND o.level >= 2
                    AND date(o.time_ns / 1000000000, 'unixepoch') < last.day)
  GROUP BY n.id, n.severity, n.server_ip, n.server_port
  ORDER BY MAX(n.level) DESC, findings DESC, n.id, n.server_ip, n.server_port;
CREATE VIEW since_when AS   -- when each trouble of a service was first and last seen
  SELECT id, severity, server_ip, server_port, datetime(MIN(time_ns) / 1000000000, 'unixepoch') AS first,
         datetime(MAX(end_ns) / 1000000000, 'unixepoch') AS last, COUNT(*) AS findings
  FROM findings WHERE level >= 2 GROUP BY id, severity, server_ip, server_port
  ORDER BY MAX(level) DESC, findings DESC, id, server_ip, server_port;
CREATE VIEW closes_first AS -- who closes first, by service: who keeps the TIME-WAIT
  SELECT server_ip, server_port, COUNT(*) AS connections, SUM(closed_first = 'client') AS client,
         SUM(closed_first = 'server') AS server, SUM(closed_first = 'both') AS both_at_once,
         SUM(close IN ('client_rst', 'server_rst')) AS reset
  FROM flows WHERE closed_first <> 'none' GROUP BY server_ip, server_port
  ORDER BY connections DESC, server_ip, server_port;
CREATE VIEW slowest_handshakes AS
  SELECT f.handshake_ns / 1000000.0 AS ms, f.client_ip, f.client_port, f.server_ip, f.server_port,
         datetime(f.first_ns / 1000000000, 'unixepoch') AS time, p.path AS file, f.first_frame AS frame, f.flow
  FROM flows f JOIN files p ON p.unit = f.unit AND p.file = f.file
  WHERE f.handshake_ns IS NOT NULL ORDER BY f.handshake_ns DESC, p.path, f.flow;
CREATE VIEW never_opened AS -- services that refuse, filter or do not answer
  SELECT server_ip, server_port, COUNT(*) AS attempts, SUM(handshake = 'refused') AS refused,
         SUM(handshake = 'filtered') AS filtered, SUM(handshake = 'syn_only') AS unanswered,
         COUNT(DISTINCT client_ip) AS clients
  FROM flows WHERE handshake IN ('refused', 'filtered', 'syn_only') GROUP BY server_ip, server_port
  ORDER BY attempts DESC, server_ip, server_port;
CREATE VIEW resends_by_service AS
  SELECT server_ip, server_port, COUNT(*) AS connections, SUM(resends) AS resends, SUM(packets) AS packets,
         ROUND(100.0 * SUM(resends) / SUM(packets), 3) AS percent
  FROM flows GROUP BY server_ip, server_port HAVING SUM(resends) > 0
  ORDER BY resends DESC, server_ip, server_port;
CREATE VIEW busiest_hosts AS
  SELECT host, SUM(connections) AS connections, SUM(octets) AS octets
  FROM (SELECT client_ip AS host, COUNT(*) AS connections, SUM(payload_client + payload_server) AS octets
        FROM flows GROUP BY client_ip
        UNION ALL
        SELECT server_ip, COUNT(*), SUM(payload_client + payload_server) FROM flows GROUP BY server_ip)
  GROUP BY host ORDER BY octets DESC, host;
CREATE VIEW broken_files AS
  SELECT path, size, packets, error FROM files WHERE state <> 'done'
  UNION ALL SELECT path, size, 0, reason FROM unread WHERE broken ORDER BY path;
)sql";

}  // namespace tcpautopsy::batch
