"""When another language model began to write in a relationship, as the messages of the AI state it."""

from __future__ import annotations

CHANGES = """
    WITH written AS (
        SELECT relationship_id, sent_us, model,
            row_number() OVER (PARTITION BY relationship_id ORDER BY sent_us, thread_id, position) AS place
        FROM messages WHERE role = 1 AND on_path AND model IS NOT NULL AND sent_us IS NOT NULL AND time_is = 0
    ), counted AS (
        SELECT *, lag(model) OVER (PARTITION BY relationship_id ORDER BY place) AS before,
            count(*) OVER (PARTITION BY relationship_id, model ORDER BY place) AS n_so_far,
            count(*) OVER (PARTITION BY relationship_id, model) AS n_ever
        FROM written
    ), changed AS (SELECT * FROM counted WHERE model <> before)
    SELECT c.relationship_id, c.sent_us AS at, c.before AS model_before, c.model AS model_after,
        c.n_so_far = 1 AS is_new, b.n_so_far = b.n_ever AS is_final, b.n_so_far AS n_before,
        c.n_ever - c.n_so_far + 1 AS n_after
    FROM changed AS c JOIN counted AS b ON b.relationship_id = c.relationship_id AND b.place = c.place - 1
    ORDER BY c.relationship_id, c.place
"""
"""A query for MODEL_CHANGES of all relationships, sorted by relationship and time."""
