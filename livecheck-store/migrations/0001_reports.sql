-- What the runners have reported, and what is counted of it.
--
-- One text for both databases. In braces stands what they write differently:
--   {key}        the type of a table's own running number
--   {bytewise}   texts are compared byte by byte
--   {clustered}  rows lie in the order of the primary key
--   {and_seq}    what an index ends with, so that rows of one moment have an order: SQLite's do by themselves
--   {time(X)}    microseconds since 1970 as the database's own instant
--   {postgres}   a line for PostgreSQL alone
-- All times are microseconds since 1970-01-01T00:00:00Z. All durations are seconds.

-- One row: what is known of the store as a whole.
CREATE TABLE lc_store (
    id           BIGINT PRIMARY KEY,
    next_seq     BIGINT NOT NULL,
    executions   BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    pruned_until BIGINT NOT NULL
);
INSERT INTO lc_store (id, next_seq, executions, bytes, pruned_until) VALUES (1, 1, 0, 0, -9223372036854775807);

-- How far each partition of the report topic has been read. Written in the transaction of what was read.
CREATE TABLE lc_positions (
    cluster     TEXT NOT NULL,
    topic       TEXT NOT NULL,
    part        BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    PRIMARY KEY (cluster, topic, part)
);

CREATE TABLE lc_cases (
    id   {key} PRIMARY KEY,
    name TEXT {bytewise} NOT NULL UNIQUE
);

CREATE TABLE lc_signals (
    id   {key} PRIMARY KEY,
    name TEXT {bytewise} NOT NULL UNIQUE
);

-- What failures have in common: the first line of their errors, with ids and numbers left out.
CREATE TABLE lc_causes (
    id      {key} PRIMARY KEY,
    case_id BIGINT NOT NULL,
    state   BIGINT NOT NULL,
    text    TEXT {bytewise} NOT NULL,
    UNIQUE (case_id, state, text)
);

-- A row for each report. A report on a case as a whole has whole_case 1, and no test_id.
CREATE TABLE lc_executions (
    seq        {key} PRIMARY KEY,
    case_id    BIGINT NOT NULL,
    state      BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    triggered  BIGINT NOT NULL,
    runtime    DOUBLE PRECISION,
    cause_id   BIGINT,
    whole_case BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    test_id    TEXT {bytewise} NOT NULL,
    signals    TEXT,
    error      TEXT,
    detail     TEXT
);
-- An execution is its case, its id, and the moment of its trigger. Nearly in the order of time, so that it grows at
-- its end.
CREATE UNIQUE INDEX lc_executions_identity ON lc_executions (case_id, triggered, test_id);
CREATE INDEX lc_executions_by_case ON lc_executions (case_id, state, at{and_seq});
CREATE INDEX lc_executions_by_state ON lc_executions (state, at{and_seq});
CREATE INDEX lc_executions_by_cause ON lc_executions (cause_id, at{and_seq}) WHERE cause_id IS NOT NULL;
-- Ids are in no order. So that what is written together lies together, each quarter of a million rows has a part of the
-- index of its own: who looks for an id looks into each of these parts.
CREATE INDEX lc_executions_by_test ON lc_executions ((seq >> 18), test_id);

-- What is counted of executions: by the minute, the hour and the day (resolution 60, 3600, 86400).
CREATE TABLE lc_rollups (
    resolution BIGINT NOT NULL,
    case_id    BIGINT NOT NULL,
    start      BIGINT NOT NULL,
    pass       BIGINT NOT NULL,
    fail       BIGINT NOT NULL,
    error      BIGINT NOT NULL,
    timeout    BIGINT NOT NULL,
    skip       BIGINT NOT NULL,
    latest     BIGINT NOT NULL,
    sum        DOUBLE PRECISION NOT NULL,
    p50        DOUBLE PRECISION,
    p90        DOUBLE PRECISION,
    p99        DOUBLE PRECISION,
    sketch     BYTEA NOT NULL,
    PRIMARY KEY (resolution, case_id, start)
) {clustered};

-- The same of the signals that executions have received.
CREATE TABLE lc_signal_rollups (
    resolution BIGINT NOT NULL,
    case_id    BIGINT NOT NULL,
    signal_id  BIGINT NOT NULL,
    start      BIGINT NOT NULL,
    received   BIGINT NOT NULL,
    sum        DOUBLE PRECISION NOT NULL,
    p50        DOUBLE PRECISION,
    p90        DOUBLE PRECISION,
    p99        DOUBLE PRECISION,
    sketch     BYTEA NOT NULL,
    PRIMARY KEY (resolution, case_id, start, signal_id)
) {clustered};

-- The same of the causes of failures.
CREATE TABLE lc_cause_rollups (
    resolution BIGINT NOT NULL,
    case_id    BIGINT NOT NULL,
    cause_id   BIGINT NOT NULL,
    start      BIGINT NOT NULL,
    failures   BIGINT NOT NULL,
    latest     BIGINT NOT NULL,
    PRIMARY KEY (resolution, case_id, start, cause_id)
) {clustered};

-- The views are asked for a time, by Grafana above all. What is written in the order of time needs a few bytes for that.
{postgres} CREATE INDEX lc_executions_by_time ON lc_executions USING brin ({time(at)});
{postgres} CREATE INDEX lc_rollups_by_time ON lc_rollups (resolution, {time(start)});
{postgres} CREATE INDEX lc_signal_rollups_by_time ON lc_signal_rollups (resolution, {time(start)});
{postgres} CREATE INDEX lc_cause_rollups_by_time ON lc_cause_rollups (resolution, {time(start)});

-- The views are what others may rely on; the tables above may change with any version.
CREATE VIEW livecheck_executions AS
SELECT {time(e.at)} AS "time", c.name AS case_name, e.test_id,
       CASE e.state WHEN 1 THEN 'PASS' WHEN 2 THEN 'FAIL' WHEN 3 THEN 'ERROR' WHEN 4 THEN 'TIMEOUT'
                    WHEN 5 THEN 'STALL' WHEN 6 THEN 'SKIP' ELSE 'INIT' END AS state,
       e.runtime AS runtime_seconds, {time(e.triggered)} AS triggered,
       e.whole_case, x.text AS cause, e.error
FROM lc_executions e JOIN lc_cases c ON c.id = e.case_id LEFT JOIN lc_causes x ON x.id = e.cause_id;

CREATE VIEW livecheck_rollups AS
SELECT r.resolution, {time(r.start)} AS "time", c.name AS case_name,
       r.pass, r.fail, r.error, r.timeout, r.skip, r.pass + r.fail + r.error + r.timeout + r.skip AS executions,
       r.fail + r.error + r.timeout AS failures,
       CAST(r.pass AS DOUBLE PRECISION) / NULLIF(r.pass + r.fail + r.error + r.timeout, 0) AS success_rate,
       r.sum AS runtime_seconds_sum, r.p50 AS runtime_p50_seconds, r.p90 AS runtime_p90_seconds,
       r.p99 AS runtime_p99_seconds
FROM lc_rollups r JOIN lc_cases c ON c.id = r.case_id;

CREATE VIEW livecheck_signal_rollups AS
SELECT r.resolution, {time(r.start)} AS "time", c.name AS case_name, s.name AS signal, r.received,
       r.sum AS latency_seconds_sum, r.p50 AS latency_p50_seconds, r.p90 AS latency_p90_seconds,
       r.p99 AS latency_p99_seconds
FROM lc_signal_rollups r JOIN lc_cases c ON c.id = r.case_id JOIN lc_signals s ON s.id = r.signal_id;

CREATE VIEW livecheck_cause_rollups AS
SELECT r.resolution, {time(r.start)} AS "time", c.name AS case_name, x.text AS cause,
       CASE x.state WHEN 2 THEN 'FAIL' WHEN 3 THEN 'ERROR' ELSE 'TIMEOUT' END AS state, r.failures
FROM lc_cause_rollups r JOIN lc_cases c ON c.id = r.case_id JOIN lc_causes x ON x.id = r.cause_id;

CREATE VIEW livecheck_minutes AS SELECT * FROM livecheck_rollups WHERE resolution = 60;
CREATE VIEW livecheck_hours AS SELECT * FROM livecheck_rollups WHERE resolution = 3600;
CREATE VIEW livecheck_days AS SELECT * FROM livecheck_rollups WHERE resolution = 86400;
CREATE VIEW livecheck_signal_minutes AS SELECT * FROM livecheck_signal_rollups WHERE resolution = 60;
CREATE VIEW livecheck_signal_hours AS SELECT * FROM livecheck_signal_rollups WHERE resolution = 3600;
CREATE VIEW livecheck_signal_days AS SELECT * FROM livecheck_signal_rollups WHERE resolution = 86400;
