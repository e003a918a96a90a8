"""The catalog's schema, one script a step. A step that was released is never edited: add another."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE collection (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE source (
      id INTEGER PRIMARY KEY, collection INTEGER NOT NULL REFERENCES collection,
      kind TEXT NOT NULL, place TEXT NOT NULL, UNIQUE (collection, kind, place)
    ) STRICT;
    CREATE TABLE resource (
      id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, stored INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sighting (
      id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source, locator TEXT NOT NULL,
      state TEXT NOT NULL, resource INTEGER REFERENCES resource, stamp TEXT NOT NULL, basis TEXT NOT NULL,
      reason BLOB, trouble BLOB, said BLOB NOT NULL, links BLOB, UNIQUE (source, locator)
    ) STRICT;
    CREATE INDEX sighting_resource ON sighting (resource);
    CREATE INDEX sighting_rejected ON sighting (resource) WHERE state = 'rejected';
    CREATE TABLE former (
      sighting INTEGER NOT NULL REFERENCES sighting, resource INTEGER NOT NULL REFERENCES resource,
      said BLOB NOT NULL, PRIMARY KEY (sighting, resource)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX former_resource ON former (resource);
    CREATE TABLE fact (
      resource INTEGER PRIMARY KEY REFERENCES resource, versions TEXT NOT NULL,
      extracted BLOB NOT NULL, profile BLOB NOT NULL, error BLOB, partial INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE text (resource INTEGER PRIMARY KEY REFERENCES resource, body BLOB NOT NULL) STRICT;
    CREATE TABLE thumbnail (resource INTEGER PRIMARY KEY REFERENCES resource, jpeg BLOB NOT NULL) STRICT;
    CREATE TABLE print (
      resource INTEGER PRIMARY KEY REFERENCES resource, text BLOB, tokens INTEGER NOT NULL, bands BLOB,
      image BLOB, page BLOB, matched INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX print_text ON print (text) WHERE text IS NOT NULL;
    CREATE INDEX print_unmatched ON print (resource) WHERE NOT matched;
    CREATE INDEX print_image ON print (resource) WHERE image IS NOT NULL;
    CREATE TABLE band (key INTEGER NOT NULL, resource INTEGER NOT NULL, PRIMARY KEY (key, resource)) STRICT, WITHOUT ROWID;
    CREATE TABLE duplicate (
      a INTEGER NOT NULL, b INTEGER NOT NULL, kind TEXT NOT NULL, score REAL NOT NULL, evidence TEXT NOT NULL,
      PRIMARY KEY (a, b, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX duplicate_b ON duplicate (b);
    CREATE TABLE member (
      collection INTEGER NOT NULL REFERENCES collection, resource INTEGER NOT NULL REFERENCES resource,
      present INTEGER NOT NULL, dirty INTEGER NOT NULL, title TEXT NOT NULL DEFAULT '', source TEXT NOT NULL DEFAULT '',
      label BLOB, decision BLOB, basis TEXT NOT NULL DEFAULT '', revision INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (collection, resource)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX member_resource ON member (resource);
    CREATE INDEX member_dirty ON member (collection) WHERE dirty;
    CREATE INDEX member_revision ON member (revision)
    """,
    """
    ALTER TABLE sighting ADD COLUMN noted TEXT NOT NULL DEFAULT '';
    CREATE TABLE restated (
      sighting INTEGER NOT NULL REFERENCES sighting, resource INTEGER NOT NULL REFERENCES resource,
      noted TEXT NOT NULL, said BLOB NOT NULL, PRIMARY KEY (sighting, resource, noted)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX restated_resource ON restated (resource)
    """,
    """
    ALTER TABLE source ADD COLUMN toured TEXT NOT NULL DEFAULT '';
    ALTER TABLE source ADD COLUMN trouble BLOB
    """,
    """
    ALTER TABLE print ADD COLUMN pieces BLOB;
    ALTER TABLE print ADD COLUMN sound BLOB;
    ALTER TABLE print ADD COLUMN film BLOB;
    CREATE INDEX print_sound ON print (resource) WHERE sound IS NOT NULL;
    CREATE INDEX print_film ON print (resource) WHERE film IS NOT NULL;
    CREATE TABLE piece (key INTEGER NOT NULL, resource INTEGER NOT NULL, PRIMARY KEY (key, resource)) STRICT, WITHOUT ROWID;
    ALTER TABLE duplicate ADD COLUMN part TEXT NOT NULL DEFAULT '';
    ALTER TABLE member ADD COLUMN category TEXT NOT NULL DEFAULT '';
    ALTER TABLE member ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
    UPDATE member SET basis = ''
    """,
    """
    CREATE TABLE speaker (
      collection INTEGER NOT NULL REFERENCES collection, resource INTEGER NOT NULL REFERENCES resource,
      digest INTEGER NOT NULL, PRIMARY KEY (collection, resource)
    ) STRICT, WITHOUT ROWID
    """,
)
