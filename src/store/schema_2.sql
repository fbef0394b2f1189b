-- Schema 2: near-duplicates and samples an image.

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
WHERE o.seq IS NOT NULL
GROUP BY name.value;
