"""The tables of a store, as a list of migrations: version N is what the first N of them make."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE imports (
        import_id INTEGER PRIMARY KEY, read_from VARCHAR, read_at_us BIGINT, program VARCHAR, forms VARCHAR,
        n_read BIGINT, n_added BIGINT
    );
    CREATE TABLE notices (
        import_id INTEGER, form VARCHAR, kind VARCHAR, what VARCHAR, n BIGINT, example VARCHAR, "do" VARCHAR
    );
    CREATE TABLE relationships (relationship_id UBIGINT PRIMARY KEY, person_id VARCHAR, ai_id VARCHAR, key BLOB);
    CREATE TABLE messages (
        relationship_id UBIGINT NOT NULL, thread_id UBIGINT NOT NULL, message_id UBIGINT NOT NULL, parent_id UBIGINT,
        position INTEGER NOT NULL, role TINYINT NOT NULL, sent_us BIGINT, time_is TINYINT NOT NULL,
        on_path BOOLEAN NOT NULL, n_words INTEGER NOT NULL, rating DOUBLE, conversation_id VARCHAR NOT NULL,
        source_id VARCHAR NOT NULL, model VARCHAR, source VARCHAR NOT NULL, text VARCHAR, extra VARCHAR, sealed BLOB,
        import_id INTEGER NOT NULL
    );
    CREATE TABLE events (
        relationship_id UBIGINT NOT NULL, event_id UBIGINT NOT NULL, at_us BIGINT, kind VARCHAR NOT NULL,
        text VARCHAR, sealed BLOB, source VARCHAR NOT NULL, import_id INTEGER NOT NULL
    );
    CREATE TABLE annotations (
        message_id UBIGINT NOT NULL, construct VARCHAR NOT NULL, annotator VARCHAR NOT NULL,
        annotator_version VARCHAR NOT NULL, probability FLOAT, span_start INTEGER, span_end INTEGER, missing VARCHAR
    );
    """,
    """
    -- By the annotator and version that looked for each construct last: with earlier ones messages would count twice.
    CREATE VIEW current_annotations AS SELECT annotations.* FROM annotations JOIN (
        SELECT DISTINCT ON (construct) construct, annotator, annotator_version
        FROM (SELECT construct, annotator, annotator_version, max(rowid) AS latest FROM annotations GROUP BY ALL)
        ORDER BY construct, latest DESC
    ) USING (construct, annotator, annotator_version);
    -- Messages of the person and of the AI; the words of the product and of tools are only ever context.
    CREATE MACRO unread(who, which) AS TABLE SELECT message_id, thread_id FROM messages WHERE role < 2
        AND message_id NOT IN (SELECT message_id FROM annotations WHERE annotator = who AND annotator_version = which);
    """,
    """
    CREATE TABLE flags (
        message_id UBIGINT NOT NULL, gate VARCHAR NOT NULL, gate_version VARCHAR NOT NULL, flagged BOOLEAN,
        span_start INTEGER, span_end INTEGER, missing VARCHAR
    );
    -- By the version of each gate that looked last.
    CREATE VIEW current_flags AS SELECT flags.* FROM flags JOIN (
        SELECT DISTINCT ON (gate) gate, gate_version
        FROM (SELECT gate, gate_version, max(rowid) AS latest FROM flags GROUP BY ALL) ORDER BY gate, latest DESC
    ) USING (gate, gate_version);
    -- A gate reads the messages of the person alone.
    CREATE MACRO unflagged(who, which) AS TABLE SELECT message_id, thread_id FROM messages WHERE role = 0
        AND message_id NOT IN (SELECT message_id FROM flags WHERE gate = who AND gate_version = which);
    """,
    """
    CREATE TABLE styles (
        message_id UBIGINT NOT NULL, measure VARCHAR NOT NULL, "count" INTEGER, words INTEGER NOT NULL,
        missing VARCHAR, version VARCHAR NOT NULL
    );
    -- By the version that counted last: counts of different versions are not to be compared.
    CREATE VIEW current_styles AS SELECT * FROM styles WHERE version = (SELECT arg_max(version, rowid) FROM styles);
    -- Every message that was counted has one row of its whole, whose measure is given as `who`.
    CREATE MACRO unstyled(who, which) AS TABLE SELECT message_id, thread_id FROM messages WHERE role < 2
        AND message_id NOT IN (SELECT message_id FROM styles WHERE measure = who AND version = which);
    """,
)
"""Never edit one that was released: add the next. Each runs in the transaction that also raises the version."""

VERSION = len(MIGRATIONS)
"""The version that this program writes."""
