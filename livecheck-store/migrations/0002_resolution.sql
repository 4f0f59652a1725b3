-- What a dashboard asks of any time: by the minute of a few hours, by the hour of two weeks, by the day of months. So it asks
-- for 360 spans of each case at most, or a year of days, however far it looks back.
{postgres} CREATE FUNCTION livecheck_resolution(seconds BIGINT) RETURNS BIGINT LANGUAGE SQL IMMUTABLE AS 'SELECT CASE WHEN seconds <= 21600 THEN 60 WHEN seconds <= 1296000 THEN 3600 ELSE 86400 END::BIGINT';

-- When a cause was seen last is known to the moment, and not to the span that it fell into.
DROP VIEW livecheck_cause_rollups;
CREATE VIEW livecheck_cause_rollups AS
SELECT r.resolution, {time(r.start)} AS "time", c.name AS case_name, x.text AS cause,
       CASE x.state WHEN 2 THEN 'FAIL' WHEN 3 THEN 'ERROR' ELSE 'TIMEOUT' END AS state, r.failures,
       {time(r.latest)} AS latest
FROM lc_cause_rollups r JOIN lc_cases c ON c.id = r.case_id JOIN lc_causes x ON x.id = r.cause_id;
