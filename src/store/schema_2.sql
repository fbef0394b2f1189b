-- Schema 2: near-duplicates, samples an image, and pictures that stand in the record itself.

-- MinHash signatures of samples that reached a gate.
CREATE TABLE signature (
    row   INTEGER PRIMARY KEY REFERENCES occurrence (row),
    bytes BLOB    NOT NULL
) STRICT;

-- How many samples of an image reached a gate.
CREATE TABLE image (
    name  TEXT    PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO image (name, count)
SELECT name.value, count(DISTINCT o.row)
FROM occurrence o, json_each(o.images) name
WHERE o.seq IS NOT NULL AND octet_length(name.value) <= 1024
GROUP BY name.value;

-- JSON list of the images where one of them is a picture itself; `occurrence` has a reference to it then.
ALTER TABLE content ADD COLUMN images TEXT;

DROP VIEW kept;
CREATE VIEW kept AS
SELECT o.id, o.sample_id, o.digest, o.seq, s.name AS source, o.kind, coalesce(t.images, o.images) AS images,
       coalesce(t.resolved, t.conversations) AS conversations,
       o.question / 1e4 AS question, o.answer / 1e4 AS answer, o.style / 1e4 AS style,
       o.chosen AS chosen_answers,
       strftime('%Y-%m-%dT%H:%M:%fZ', o.decided_at / 1e3, 'unixepoch') AS decided_at,
       s.path, o.span_start, o.span_end
FROM occurrence o
JOIN source s ON s.id = o.source
JOIN content t ON t.row = o.row
WHERE o.verdict = 'kept';
