-- Schema 1. Tables belong to Gleaner; the views at the end are a contract with users.
-- Scores, cuts and margins are integers in steps of 1e-4, times are UTC milliseconds since 1970.

CREATE TABLE source (
    id           INTEGER PRIMARY KEY,
    key          TEXT    NOT NULL UNIQUE,       -- digest of name, origin and generation
    name         TEXT    NOT NULL,              -- `source` of the watch entry
    origin       TEXT    NOT NULL,              -- path below the watched directory where it began
    generation   INTEGER NOT NULL,              -- counts the generations that began at `origin`, from 1
    path         TEXT    NOT NULL,              -- where the file is now
    previous     INTEGER REFERENCES source (id), -- the generation of the same path before this one
    device       INTEGER NOT NULL,
    inode        INTEGER NOT NULL,
    born         INTEGER NOT NULL,
    packing      TEXT    NOT NULL,              -- '', ', gzip' or ', zstd'
    phase        TEXT    NOT NULL,              -- where framing stands at `offset`
    state        TEXT    NOT NULL CHECK (state IN ('reading', 'waiting', 'done', 'replaced', 'gone')),
    bytes        INTEGER NOT NULL,
    modified_ns  INTEGER NOT NULL,
    offset       INTEGER NOT NULL,              -- unpacked bytes that are decided
    next_ordinal INTEGER NOT NULL,
    chain        TEXT    NOT NULL,              -- digest over all framed records in order
    head_length  INTEGER NOT NULL,
    head_digest  TEXT    NOT NULL,
    tail_end     INTEGER NOT NULL,
    tail_length  INTEGER NOT NULL,
    tail_digest  TEXT    NOT NULL,
    unfinished   TEXT,                          -- occurrence id of a record that is still open at the end
    records      INTEGER NOT NULL DEFAULT 0,
    kept         INTEGER NOT NULL DEFAULT 0,
    rejected     INTEGER NOT NULL DEFAULT 0,
    duplicate    INTEGER NOT NULL DEFAULT 0,
    quarantined  INTEGER NOT NULL DEFAULT 0,
    pending      INTEGER NOT NULL DEFAULT 0,
    carried      INTEGER NOT NULL DEFAULT 0,
    opened_at    INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (name, origin, generation)
) STRICT;
CREATE INDEX source_file ON source (device, inode);
CREATE INDEX source_path ON source (path);

-- How often a record of the generation before was found again in this one.
CREATE TABLE carried (
    source INTEGER NOT NULL REFERENCES source (id),
    digest TEXT    NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (source, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy (
    id       INTEGER PRIMARY KEY,
    digest   TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL                      -- JSON
) STRICT;

CREATE TABLE model (
    id        INTEGER PRIMARY KEY,
    digest    TEXT NOT NULL UNIQUE,
    role      TEXT NOT NULL,
    name      TEXT NOT NULL,
    version   TEXT NOT NULL,
    quantiles TEXT NOT NULL                     -- JSON, reference quantiles
) STRICT;

-- The models that scored together, and how the arithmetic was done.
CREATE TABLE scorers (
    id       INTEGER PRIMARY KEY,
    question INTEGER NOT NULL REFERENCES model (id),
    answer   INTEGER NOT NULL REFERENCES model (id),
    style    INTEGER NOT NULL REFERENCES model (id),
    compute  TEXT    NOT NULL,
    UNIQUE (question, answer, style, compute)
) STRICT;

CREATE TABLE occurrence (
    row             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,    -- digest of source key and ordinal
    source          INTEGER NOT NULL REFERENCES source (id),
    ordinal         INTEGER NOT NULL,
    span_start      INTEGER NOT NULL,
    span_end        INTEGER NOT NULL,
    sample_id       TEXT,
    digest          TEXT    NOT NULL,
    kind            TEXT,
    images          TEXT,                       -- JSON list of names
    verdict         TEXT    NOT NULL
                    CHECK (verdict IN ('kept', 'rejected', 'duplicate', 'quarantined', 'pending')),
    reason          TEXT,
    detail          TEXT,
    duplicate_of    TEXT,
    seq             INTEGER UNIQUE,             -- order of the gates; null if none was reached
    question        INTEGER,
    answer          INTEGER,
    style           INTEGER,
    truncated       TEXT,                       -- roles whose input was cut
    chosen          TEXT,                       -- JSON list: chosen candidate of each turn
    passed_question INTEGER,
    question_cut    INTEGER,
    answer_cut      INTEGER,
    style_cut       INTEGER,
    margin          INTEGER,
    question_needed REAL,
    answer_needed   REAL,
    would           TEXT,
    policy          INTEGER REFERENCES policy (id),
    scorers         INTEGER REFERENCES scorers (id),
    seen_at         INTEGER NOT NULL,
    decided_at      INTEGER,
    wait_until      INTEGER,
    CHECK ((verdict = 'kept') = (reason IS NULL)),
    CHECK ((verdict = 'pending') = (decided_at IS NULL))
) STRICT;
CREATE INDEX occurrence_digest ON occurrence (digest, source);
CREATE INDEX occurrence_gated ON occurrence (digest) WHERE seq IS NOT NULL;
CREATE INDEX occurrence_group ON occurrence (kind, seq) WHERE seq IS NOT NULL;
CREATE INDEX occurrence_pending ON occurrence (row) WHERE verdict = 'pending';
CREATE INDEX occurrence_sample ON occurrence (sample_id) WHERE sample_id IS NOT NULL;
CREATE INDEX occurrence_kept ON occurrence (row) WHERE verdict = 'kept';

CREATE TABLE content (
    row           INTEGER PRIMARY KEY REFERENCES occurrence (row),
    conversations TEXT NOT NULL,                -- LLaVA JSON, candidates in lists
    resolved      TEXT,                         -- the same with the chosen candidates, where there are lists
    extra         TEXT                          -- the record's other fields, JSON object
) STRICT;

CREATE TABLE tally (
    day     TEXT    NOT NULL,                   -- UTC day first seen
    name    TEXT    NOT NULL,                   -- source
    kind    TEXT    NOT NULL,                   -- '' if unknown
    verdict TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (day, name, kind, verdict)
) STRICT, WITHOUT ROWID;

CREATE VIEW decisions AS
SELECT o.id, o.sample_id, o.digest, o.seq, s.name AS source, o.kind, o.images, o.verdict, o.reason,
       o.duplicate_of, NULL AS manual,
       o.question / 1e4 AS question, o.answer / 1e4 AS answer, o.style / 1e4 AS style,
       o.question_cut / 1e4 AS question_cut, o.answer_cut / 1e4 AS answer_cut, o.style_cut / 1e4 AS style_cut,
       o.margin / 1e4 AS margin, p.digest AS policy,
       q.name || ' ' || q.version || ' ' || q.digest AS question_model,
       a.name || ' ' || a.version || ' ' || a.digest AS answer_model,
       t.name || ' ' || t.version || ' ' || t.digest AS style_model,
       c.compute, strftime('%Y-%m-%dT%H:%M:%fZ', o.decided_at / 1e3, 'unixepoch') AS decided_at,
       s.path, o.span_start, o.span_end, o.detail, o.would, o.truncated,
       strftime('%Y-%m-%dT%H:%M:%fZ', o.seen_at / 1e3, 'unixepoch') AS seen_at
FROM occurrence o
JOIN source s ON s.id = o.source
LEFT JOIN policy p ON p.id = o.policy
LEFT JOIN scorers c ON c.id = o.scorers
LEFT JOIN model q ON q.id = c.question
LEFT JOIN model a ON a.id = c.answer
LEFT JOIN model t ON t.id = c.style;

CREATE VIEW kept AS
SELECT o.id, o.sample_id, o.digest, o.seq, s.name AS source, o.kind, o.images,
       coalesce(t.resolved, t.conversations) AS conversations,
       o.question / 1e4 AS question, o.answer / 1e4 AS answer, o.style / 1e4 AS style,
       o.chosen AS chosen_answers,
       strftime('%Y-%m-%dT%H:%M:%fZ', o.decided_at / 1e3, 'unixepoch') AS decided_at,
       s.path, o.span_start, o.span_end
FROM occurrence o
JOIN source s ON s.id = o.source
JOIN content t ON t.row = o.row
WHERE o.verdict = 'kept';

CREATE VIEW sources AS
SELECT path, name AS source,
       CASE phase WHEN 'start' THEN 'empty' WHEN 'lines' THEN 'jsonl' WHEN 'values' THEN 'json'
                  ELSE 'json array' END || packing AS format,
       generation, state, bytes, offset, records, kept, rejected, duplicate, quarantined, pending, carried,
       strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1e3, 'unixepoch') AS updated_at
FROM source;

CREATE VIEW daily AS
SELECT day, name AS source, nullif(kind, '') AS kind, sum(count) AS seen,
       coalesce(sum(count) FILTER (WHERE verdict = 'kept'), 0) AS kept,
       coalesce(sum(count) FILTER (WHERE verdict = 'rejected'), 0) AS rejected,
       coalesce(sum(count) FILTER (WHERE verdict = 'duplicate'), 0) AS duplicate,
       coalesce(sum(count) FILTER (WHERE verdict = 'quarantined'), 0) AS quarantined,
       coalesce(sum(count) FILTER (WHERE verdict = 'pending'), 0) AS pending
FROM tally
GROUP BY day, name, kind;
