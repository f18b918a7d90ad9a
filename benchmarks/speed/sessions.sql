CREATE TEMP TABLE marked AS
WITH spoken AS (
    SELECT *, epoch_us(sent_at) AS us, lag(epoch_us(sent_at)) OVER w AS earlier
    FROM '$SOURCE' WHERE role <> 2
    WINDOW w AS (PARTITION BY relationship_id ORDER BY sent_at, thread_id, message_id)
)
SELECT *, sum(CASE WHEN us - earlier > 1800000000 THEN 1 ELSE 0 END)
    OVER (PARTITION BY relationship_id ORDER BY sent_at, thread_id, message_id ROWS UNBOUNDED PRECEDING)::INTEGER AS session
FROM spoken;

CREATE TEMP TABLE again AS
SELECT relationship_id, session, count(*) AS n FROM (
    SELECT relationship_id, session, row_number() OVER (PARTITION BY parent_id ORDER BY sent_at) AS place
    FROM marked WHERE role = 1 AND parent_id IS NOT NULL
) WHERE place > 1 GROUP BY ALL;

CREATE TEMP TABLE open_ends AS
SELECT relationship_id, session, count(*) AS n FROM (
    SELECT relationship_id, arg_max(session, (sent_at, message_id)) AS session, arg_max(role, (sent_at, message_id)) AS role
    FROM marked WHERE on_path AND role < 2 GROUP BY relationship_id, thread_id
) WHERE role = 0 GROUP BY ALL;

CREATE TEMP TABLE sessions AS
SELECT m.relationship_id, m.session, make_timestamptz(min(us)) AS started_at, make_timestamptz(max(us)) AS ended_at,
    count(*)::INTEGER AS n_messages, (count(*) FILTER (role = 0))::INTEGER AS n_person,
    (count(*) FILTER (role = 1))::INTEGER AS n_ai,
    coalesce(sum(n_words) FILTER (role = 0), 0)::BIGINT AS words_person,
    coalesce(sum(n_words) FILTER (role = 1), 0)::BIGINT AS words_ai,
    count(DISTINCT thread_id)::INTEGER AS n_conversations, (count(*) FILTER (NOT on_path))::INTEGER AS n_off_path,
    coalesce(any_value(a.n), 0)::INTEGER AS n_regenerations, coalesce(any_value(o.n), 0)::INTEGER AS n_unanswered,
    count(rating)::INTEGER AS n_rated, coalesce(sum(rating), 0) AS sum_rating,
    CASE arg_min(role, (sent_at, thread_id, message_id)) WHEN 0 THEN 'person' ELSE 'ai' END AS started_by
FROM marked AS m
LEFT JOIN again AS a USING (relationship_id, session)
LEFT JOIN open_ends AS o USING (relationship_id, session)
GROUP BY m.relationship_id, m.session;

COPY (
    SELECT *, (epoch_us(started_at) - lag(epoch_us(ended_at)) OVER (PARTITION BY relationship_id ORDER BY session))
        / 60e6 AS gap_minutes
    FROM sessions ORDER BY relationship_id, session
) TO '$OUT/sessions.parquet';

CREATE TEMP TABLE totals AS
WITH s AS (
    SELECT *, (epoch_us(ended_at) - epoch_us(started_at)) / 60e6 AS minutes, started_at::DATE AS day,
        (epoch_us(started_at) - lag(epoch_us(ended_at)) OVER (PARTITION BY relationship_id ORDER BY session)) / 3600e6 AS gap
    FROM sessions
), dated AS (
    SELECT 'day' AS period, day::TIMESTAMPTZ AS period_start, * FROM s
    UNION ALL
    SELECT 'week' AS period, date_trunc('week', day)::TIMESTAMPTZ AS period_start, * FROM s
)
SELECT relationship_id, period, period_start, count(*)::DOUBLE AS sessions, count(DISTINCT day)::DOUBLE AS active_days,
    sum(n_person)::DOUBLE AS messages_person, sum(n_ai)::DOUBLE AS messages_ai, sum(words_person)::DOUBLE AS words_person,
    sum(words_ai)::DOUBLE AS words_ai, sum(minutes) AS minutes, sum(n_unanswered)::DOUBLE AS unanswered,
    sum(gap) AS gap_sum, count(gap) AS gaps, sum((started_by = 'person')::INTEGER)::DOUBLE AS by_person,
    sum(n_regenerations)::DOUBLE AS regenerations, sum(n_rated) AS rated, sum(sum_rating) AS rating_sum
FROM dated GROUP BY ALL;

INSERT INTO totals
SELECT relationship_id, 'week', week, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM (
    SELECT relationship_id, unnest(generate_series(min(period_start), max(period_start), INTERVAL 7 DAY)) AS week
    FROM totals WHERE period = 'week' GROUP BY relationship_id
) AS every WHERE NOT EXISTS (
    SELECT 1 FROM totals AS t WHERE t.period = 'week' AND t.relationship_id = every.relationship_id AND t.period_start = every.week
);

COPY (
    SELECT relationship_id, period_start, period, measure, value, NULL::DOUBLE AS se, n::INTEGER AS n, minutes AS exposure,
        NULL::VARCHAR AS missing
    FROM (
        SELECT relationship_id, period_start, period, minutes,
            unnest(['sessions', 'messages_person', 'messages_ai', 'words_person', 'words_ai', 'minutes', 'unanswered',
                'active_days', 'gap_hours', 'started_by_person', 'regenerations_per_reply', 'rating']) AS measure,
            unnest([sessions, messages_person, messages_ai, words_person, words_ai, minutes, unanswered,
                CASE period WHEN 'week' THEN active_days END, gap_sum / nullif(gaps, 0), by_person / nullif(sessions, 0),
                regenerations / nullif(messages_ai, 0), rating_sum / nullif(rated, 0)]) AS value,
            unnest([sessions, sessions, sessions, sessions, sessions, sessions, sessions, sessions, gaps, sessions,
                messages_ai, rated]) AS n
        FROM totals
    ) WHERE value IS NOT NULL ORDER BY relationship_id, period, period_start
) TO '$OUT/panel.parquet';
